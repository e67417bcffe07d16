/// `CREATE TABLE name (columns, WATERMARK FOR c AS …, PRIMARY KEY (…) NOT ENFORCED) [WITH (…)] [LIKE table (…)]`
public struct TableDeclaration: Hashable, Sendable {
    public var name: String
    /// Columns of the source as declared, in order; none when the statement leaves them to the source.
    public var fields: [PlanField]
    /// Those of the fields that tell where a row lies, and what the source calls it.
    public var metadata: [MetadataColumn] = []
    /// Columns that are computed from the source's.
    public var computed: [ComputedColumn] = []
    /// The columns that together tell a row from the others.
    public var primaryKey: [ObjectName] = []
    /// The column of event time.
    public var timeColumn: String?
    /// How far behind the largest event time the watermark runs, microseconds.
    public var watermarkDelay: Int64
    /// The `WITH` list.
    public var options: [String: String]
    /// As it was written.
    public var text = ""
}

/// `name type METADATA [FROM 'key'] [VIRTUAL]` among the columns of a table.
public struct MetadataColumn: Hashable, Sendable {
    public var name: ObjectName
    /// The column's own name where FROM doesn't give another.
    public var key: String
}

/// `name AS expression` among the columns of a table.
public struct ComputedColumn: Hashable, Sendable {
    public var name: ObjectName
    /// Its place among all columns of the table, from 0.
    public var place: Int
    var expression: Expression
}
