/// What names mean inside of `MATCH_RECOGNIZE`: columns of rows that pattern variables took.
struct MatchScope {
    /// The pattern's variables.
    let variables: [String]
    /// The variable whose condition is bound; `nil` among the measures.
    let defined: Int?
    /// What was read of the match so far; columns of what is bound are indices into it.
    var reads: [MatchSpecification.Read] = []
    /// Inside of `FIRST`, `LAST` or an aggregate: names are plain columns, all of one variable.
    var isArgument = false
    /// The variable of the argument, once a column was named.
    var argumentVariable: ArgumentVariable = .unknown

    enum ArgumentVariable: Equatable {
        case unknown
        /// Columns without a variable: those of any row.
        case any
        case variable(Int)

        var index: Int? { if case .variable(let index) = self { index } else { nil } }
    }

    init(variables: [String], defined: Int?) {
        self.variables = variables
        self.defined = defined
    }

    /// The column for a read; equal ones are read once.
    mutating func column(for read: MatchSpecification.Read) -> BoundExpression {
        if let known = reads.firstIndex(of: read) { return .column(index: known, type: read.type) }
        reads.append(read)
        return .column(index: reads.count - 1, type: read.type)
    }
}
