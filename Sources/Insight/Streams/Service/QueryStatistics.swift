/// What a query has read and done so far.
public struct QueryStatistics: Hashable, Sendable {
    public var rowsRead = 0
    /// Of files: as they lie on disk. Of topics: of the columns read, in memory.
    public var bytesRead = 0
    public var rowsReturned = 0
    /// Rows that came after their window had closed, or without a time.
    public var lateRows = 0
    /// Rows that `SAMPLE` left out.
    public var sampledOutRows = 0
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
