/// `CREATE [TEMPORARY] VIEW [IF NOT EXISTS] name [(columns)] AS query`: a query under a name.
public struct ViewDeclaration: Hashable, Sendable {
    public var name: ObjectName
    /// Names of the query's columns; `nil` where they keep their own.
    public var columns: [ObjectName]?
    public var query: Query
    public var ifNotExists: Bool
    /// As it was written.
    public var text: String
}

/// `CREATE MATERIALIZED VIEW [IF NOT EXISTS] name [WITH (…)] AS query`: a query whose answer is kept up to date.
public struct MaterializedViewDeclaration: Hashable, Sendable {
    public var name: ObjectName
    /// The `WITH` list.
    public var options: [String: String]
    public var query: Query
    public var ifNotExists: Bool
    /// As it was written.
    public var text: String
}
