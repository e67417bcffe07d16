import Runtime
public import SQL

/// What queries may take, each and together.
public struct QueryLimits: Sendable {
    /// State of one query.
    public var memoryBytes = 256 << 20
    /// A folder where stored queries put aside what their memory doesn't hold; `nil` where they are refused then.
    public var spillFolder: String?
    /// What one query may put aside.
    public var spillBytes = 8 << 30
    /// Wall time of a stored query; live ones have no limit.
    public var timeLimitMilliseconds = 600_000
    /// Queries that run at a time, live ones included.
    public var concurrentQueries = 64
    /// Threads that take turns at all queries and jobs.
    public var workerThreads = max(2, Thread.coreCount)
    /// Stored aggregates over topics of at least so many rows, or files of so many bytes, are computed by all worker
    /// threads together.
    public var sharedScanRows = 262_144
    public var sharedScanBytes = 16 << 20
    /// Batches from the log that may wait for a live query. What comes when it is full is dropped and counted.
    public var liveQueueBatches = 256
    public var liveQueueBytes = 64 << 20
    /// How far the watermark of a topic runs behind the latest event time.
    public var watermarkDelayMilliseconds = 1_000
    /// How long live joins without a bound on time hold their rows, of event time.
    public var stateTimeToLiveMilliseconds = 3_600_000
    /// How often live queries look at the clock.
    public var tickMilliseconds = 100
    /// Rows of a table that a query makes up with `'connector' = 'datagen'` or `'nexmark'`.
    public var generatedRows = 1_000_000_000
    /// What one materialised view may hold: rows, and bytes of them.
    public var viewRows = 1_000_000
    public var viewBytes = 256 << 20
    /// A look-up in a view goes through so many layers of changes at most. Fewer make it faster and changes slower.
    public var viewLayers = 16
    /// Of the text and its plan.
    public var sql = SQLLimits.standard

    public init() {}
}
