/// What `MATCH_RECOGNIZE` seeks in its input and gives of each match. The node's output: the partition's columns, then
/// the measures.
public struct MatchSpecification: Hashable, Sendable {
    /// A value out of a match, as far as it goes when it is read. `argument` is over the input's columns.
    public struct Read: Hashable, Sendable {
        public enum Kind: Hashable, Sendable {
            /// Of the row that is tried.
            case current
            /// Of the row `offset` rows behind the first, or before the last, of those that the variable took.
            case first(offset: Int)
            case last(offset: Int)
            case aggregate(AggregateCall.Function)
            /// `MATCH_ROWTIME()`: the event time of the match's last row.
            case rowtime
        }

        public var kind: Kind
        /// `nil` for the rows of all variables.
        public var variable: Int?
        public var argument: BoundExpression?
        public var type: SQLType
    }

    public struct Variable: Hashable, Sendable {
        public var name: String
        /// What of the condition looks at the row alone, over the input's columns.
        public var rowCondition: BoundExpression?
        /// The rest of the condition, over `conditionReads`.
        public var matchCondition: BoundExpression?
    }

    /// Where the search goes on behind a match.
    public enum Skip: Hashable, Sendable {
        case pastLastRow
        case toNextRow
        case toFirst(variable: Int)
        case toLast(variable: Int)
    }

    public var partitionKeys: [Int]
    /// The first key is `timeColumn`, ascending.
    public var order: [SortKey]
    public var timeColumn: Int
    public var variables: [Variable]
    public var pattern: RowPattern
    public var conditionReads: [Read]
    public var measureReads: [Read]
    /// Over `measureReads`.
    public var measures: [BoundExpression]
    public var skip: Skip
    /// A match's last row comes at most this after its first, microseconds.
    public var within: Int64?
}

/// A pattern over variables, which are numbered.
public indirect enum RowPattern: Hashable, Sendable {
    case variable(Int)
    case sequence([RowPattern])
    /// The earlier ones are preferred.
    case alternatives([RowPattern])
    /// Greedy: as often as it can; reluctant: as seldom as it can.
    case repeated(RowPattern, minimum: Int, maximum: Int?, isReluctant: Bool)
}

extension MatchSpecification {
    /// With all columns of the input mapped.
    func remappingColumns(_ map: (Int) -> Int) -> MatchSpecification {
        func moved(_ read: Read) -> Read {
            var read = read
            read.argument = read.argument?.remappingColumns(map)
            return read
        }
        var result = self
        result.partitionKeys = partitionKeys.map(map)
        result.timeColumn = map(timeColumn)
        result.order = order.map {
            SortKey(
                expression: $0.expression.remappingColumns(map), isDescending: $0.isDescending,
                nullsFirst: $0.nullsFirst)
        }
        result.variables = variables.map { variable in
            var variable = variable
            variable.rowCondition = variable.rowCondition?.remappingColumns(map)
            return variable
        }
        result.conditionReads = conditionReads.map(moved)
        result.measureReads = measureReads.map(moved)
        return result
    }

    /// The columns of the input that it reads.
    var inputColumns: Set<Int> {
        var columns = Set(partitionKeys + [timeColumn])
        for key in order { key.expression.forEachColumn { columns.insert($0) } }
        for variable in variables { variable.rowCondition?.forEachColumn { columns.insert($0) } }
        for read in conditionReads + measureReads { read.argument?.forEachColumn { columns.insert($0) } }
        return columns
    }
}

extension RowPattern {
    /// Whether it can take no row at all.
    var matchesEmpty: Bool {
        switch self {
        case .variable: false
        case .sequence(let parts): parts.allSatisfy(\.matchesEmpty)
        case .alternatives(let parts): parts.contains(where: \.matchesEmpty)
        case .repeated(let part, let minimum, _, _): minimum == 0 || part.matchesEmpty
        }
    }

    /// The variables that can take a match's first row.
    var firstVariables: Set<Int> {
        switch self {
        case .variable(let variable): return [variable]
        case .sequence(let parts):
            var variables: Set<Int> = []
            for part in parts {
                variables.formUnion(part.firstVariables)
                if !part.matchesEmpty { break }
            }
            return variables
        case .alternatives(let parts): return parts.reduce(into: []) { $0.formUnion($1.firstVariables) }
        case .repeated(let part, _, _, _): return part.firstVariables
        }
    }

    /// Variables with each repetition written out, which is what the pattern costs to run.
    var writtenOutLength: Int {
        switch self {
        case .variable: return 1
        case .sequence(let parts), .alternatives(let parts):
            return parts.reduce(0) { Self.sum($0, $1.writtenOutLength) }
        case .repeated(let part, let minimum, let maximum, _):
            let (length, overflow) = part.writtenOutLength.multipliedReportingOverflow(by: maximum ?? max(minimum, 1))
            return overflow ? .max : length
        }
    }

    private static func sum(_ left: Int, _ right: Int) -> Int {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max : sum
    }
}
