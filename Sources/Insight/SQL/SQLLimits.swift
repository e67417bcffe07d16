/// Bounds on what a statement may ask of the parser and the binder. A statement beyond one is refused with
/// `SQLError.Code.limitExceeded`.
public struct SQLLimits: Hashable, Sendable {
    /// Length of the text, bytes of UTF-8.
    public var maximumTextBytes = 262_144
    /// Nesting of expressions and of sub-queries, levels. Chains of `AND` and `OR` count as one level.
    public var maximumDepth = 64
    /// Items of one list: a `SELECT` list, `IN (…)`, `VALUES`, a `WITH` clause, arguments.
    public var maximumListLength = 10_000
    /// Nodes of a bound expression, after operands that are needed twice were counted twice.
    public var maximumExpressionNodes = 100_000
    /// Nodes of a query's plan; common table expressions count as often as they are read.
    public var maximumPlanNodes = 1_000
    /// Steps of a query behind each other, from a table to the answer.
    public var maximumPlanDepth = 150
    /// Windows that one row belongs to under `HOP`: its size over its slide.
    public var maximumWindowsPerRow = 1_000
    /// Sets of keys in one `GROUP BY`: `CUBE` of `n` keys makes 2ⁿ of them, and each row is counted in each.
    public var maximumGroupingSets = 128
    /// Variables of a `MATCH_RECOGNIZE` pattern with its repetitions written out.
    public var maximumPatternLength = 1_000
    /// Queries that the comparisons with `ALL` and `ANY` of a statement are written out as; one comes to up to five.
    public var maximumQuantifiedQueries = 100
    /// Rows that `FIRST(variable.column, n)` and `LAST` may skip.
    public var maximumMatchOffset = 100

    public init() {}

    public static let standard = SQLLimits()
}
