public import SQL

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
        self.maximumRows = nil
        self.memoryBytes = nil
        self.timeLimitMilliseconds = nil
    }
}

/// What queries may take, each and together.
public struct QueryLimits: Sendable {
    /// State of one query.
    public var memoryBytes = 256 << 20
    /// Wall time of a stored query; live ones have no limit.
    public var timeLimitMilliseconds = 600_000
    /// Queries that run at a time, live ones included.
    public var concurrentQueries = 64
    public var workerThreads = 2
    /// Stored aggregates over topics of at least so many rows, or files of so many bytes, are computed by all worker
    /// threads together.
    public var sharedScanRows = 262_144
    public var sharedScanBytes = 16 << 20
    /// Batches from the log that may wait for a live query. What comes when it is full is dropped and counted.
    public var liveQueueBatches = 256
    public var liveQueueBytes = 64 << 20
    /// How far the watermark of a topic runs behind the latest event time.
    public var watermarkDelayMilliseconds = 1_000
    /// How often live queries look at the clock.
    public var tickMilliseconds = 100
    /// Of the text and its plan.
    public var sql = SQLLimits.standard

    public init() {}
}

/// What a query has read and done so far.
public struct QueryStatistics: Hashable, Sendable {
    public var rowsRead = 0
    /// Of files: as they lie on disk. Of topics: of the columns read, in memory.
    public var bytesRead = 0
    public var rowsReturned = 0
    /// Rows that came after their window had closed, or without a time.
    public var lateRows = 0
    /// Rows that a live query lost because it, or its reader, was too slow.
    public var droppedRows = 0
    /// Lines of files that were no rows.
    public var badRows = 0
    /// The answer was cut at `QueryRequest.maximumRows`.
    public var isCut = false
    public var peakMemoryBytes = 0
    public var elapsedMicroseconds: Int64 = 0

    public init() {}
}
