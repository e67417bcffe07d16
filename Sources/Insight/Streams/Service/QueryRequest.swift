/// A question to the `QueryService`.
public struct QueryRequest: Sendable {
    public enum Mode: Hashable, Sendable {
        /// Over what is stored; ends.
        case stored
        /// Over what comes from now on; goes on until it is cancelled (or its `LIMIT` is reached).
        case live
        /// What is stored, then what comes, without a gap and without an event twice.
        case storedThenLive
    }

    public enum Language: Hashable, Sendable {
        case sql
        /// Mantis' (`docs/from-mantis.md`).
        case mql
    }

    /// Of the text.
    public var language = Language.sql
    /// One `SELECT`; `CREATE TABLE` statements may stand before it.
    public var text: String
    public var mode: Mode
    /// Only events from this time on, and up to (not with) the other; microseconds since 1970. For tables with a time
    /// column; a live query ignores `to`.
    public var from: Int64?
    public var to: Int64?
    /// Tables of this query alone, by name. They hide topics of the same name.
    public var tables: [String: TableDefinition]
    /// Whether the text itself may name files (`CREATE TABLE … WITH ('path' = …)`). Never for a text that came over the
    /// network: it would read any file that this process can.
    public var allowsFiles: Bool
    /// Whether the text may make and drop materialised views. Never for what a link can ask.
    public var allowsStatements: Bool
    /// Rows of the answer, at most; the query is cut there and `QueryStatistics.isCut` says so.
    public var maximumRows: Int?
    /// Overrides the service's limits, downwards only.
    public var memoryBytes: Int?
    public var timeLimitMilliseconds: Int?

    public init(_ text: String, mode: Mode = .stored) {
        self.text = text
        self.mode = mode
        self.from = nil
        self.to = nil
        self.tables = [:]
        self.allowsFiles = false
        self.allowsStatements = false
        self.maximumRows = nil
        self.memoryBytes = nil
        self.timeLimitMilliseconds = nil
    }
}
