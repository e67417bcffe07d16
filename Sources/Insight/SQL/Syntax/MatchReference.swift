/// `input MATCH_RECOGNIZE (…)`
struct MatchReference: Hashable, Sendable {
    struct Measure: Hashable, Sendable {
        var expression: Expression
        var name: Identifier
    }

    /// `variable AS condition`
    struct Definition: Hashable, Sendable {
        var variable: Identifier
        var condition: Expression
    }

    /// Where the search goes on behind a match.
    enum Skip: Hashable, Sendable {
        case pastLastRow
        case toNextRow
        case toFirst(Identifier)
        case toLast(Identifier)
    }

    var input: TableReference
    var partitionBy: [Name] = []
    var orderBy: [OrderItem] = []
    var measures: [Measure] = []
    var skip = Skip.pastLastRow
    var pattern = PatternSyntax.sequence([])
    var within: Expression?
    var definitions: [Definition] = []
    var position: SourcePosition
}

/// What stands in `PATTERN (…)`.
indirect enum PatternSyntax: Hashable, Sendable {
    case variable(Identifier)
    case sequence([PatternSyntax])
    /// The first one that matches is preferred.
    case alternatives([PatternSyntax])
    /// `maximum` is `nil` where there is none.
    case repeated(PatternSyntax, minimum: Int, maximum: Int?, isReluctant: Bool, SourcePosition)
}
