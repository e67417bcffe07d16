/// One statement of a script.
public enum Statement: Hashable, Sendable {
    case query(Query)
    case createTable(TableDeclaration)
    /// A table that the statements behind it read under the hint's own name.
    case hint(TableHint)
    case createView(ViewDeclaration)
    case createMaterializedView(MaterializedViewDeclaration)
    case createFunction(FunctionDeclaration)
    case drop(DropStatement)
    case insert(Insert)
    /// Insertions that run as one, over one scan of what they read.
    case statementSet([Insert])
    case set(Setting)
    /// Back to the defaults: of one setting, or of all.
    case reset(ObjectName?)
    case show(ShowStatement)
    /// With `EXTENDED`, what the table is made of too.
    case describe(ObjectName, isExtended: Bool)
    case explain(Explained)
}

/// The name of a table, view, function or setting in a statement.
public struct ObjectName: Hashable, Sendable {
    public var text: String
    public var position: SourcePosition
}

/// `INSERT INTO name [(columns)] query`
public struct Insert: Hashable, Sendable {
    public var target: ObjectName
    /// The target's columns that the query's stand for, in this order; `nil` for all.
    public var columns: [ObjectName]?
    public var query: Query
    /// As it was written.
    public var text: String
    public var position: SourcePosition
}

/// `SET 'key' = 'value'`
public struct Setting: Hashable, Sendable {
    public var key: ObjectName
    public var value: String
}

/// `DROP TABLE | VIEW | MATERIALIZED VIEW | FUNCTION [IF EXISTS] name`
public struct DropStatement: Hashable, Sendable {
    public var kind: ObjectKind
    public var name: ObjectName
    public var ifExists: Bool
}

/// What a catalog holds.
public enum ObjectKind: String, Hashable, Sendable {
    case table = "TABLE"
    case view = "VIEW"
    case materializedView = "MATERIALIZED VIEW"
    case function = "FUNCTION"
}

/// `SHOW TABLES | VIEWS | MATERIALIZED VIEWS | FUNCTIONS | JOBS | COLUMNS FROM table [[NOT] LIKE | ILIKE 'pattern']`, and
/// `SHOW CREATE TABLE | VIEW | MATERIALIZED VIEW name`.
public struct ShowStatement: Hashable, Sendable {
    public enum Subject: String, Hashable, Sendable, CaseIterable {
        case tables = "TABLES"
        case views = "VIEWS"
        case materializedViews = "MATERIALIZED VIEWS"
        case functions = "FUNCTIONS"
        case jobs = "JOBS"
        /// Of a table.
        case columns = "COLUMNS"
        /// The statement that a table could be declared with.
        case createTable = "CREATE TABLE"
        /// The statement that a view was declared with.
        case createView = "CREATE VIEW"
        case createMaterializedView = "CREATE MATERIALIZED VIEW"
    }

    /// Which names are wanted.
    public struct Pattern: Hashable, Sendable {
        /// With `%` and `_`.
        public var text: String
        public var isNegated: Bool
        /// `ILIKE`: upper and lower case are the same.
        public var ignoresCase: Bool
    }

    public var subject: Subject
    /// Of `columns`, and of what begins with CREATE.
    public var table: ObjectName?
    public var pattern: Pattern?
    public var position: SourcePosition
}

/// `EXPLAIN query | insert`
public struct Explained: Hashable, Sendable {
    /// The query, or the insertion's.
    public var query: Query
    /// Where the rows would go.
    public var target: ObjectName?
    public var position: SourcePosition
}
