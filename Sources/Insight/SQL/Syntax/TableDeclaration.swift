/// `CREATE TABLE name (columns, WATERMARK FOR c AS …) [WITH (…)]`, as far as a source needs it: names, types and the
/// watermark.
public struct TableDeclaration: Hashable, Sendable {
    public var name: String
    /// Columns as declared, in order; none when the statement leaves them to the source.
    public var fields: [PlanField]
    /// The column of event time.
    public var timeColumn: String?
    /// How far behind the largest event time the watermark runs, microseconds.
    public var watermarkDelay: Int64
    /// The `WITH` list.
    public var options: [String: String]
}
