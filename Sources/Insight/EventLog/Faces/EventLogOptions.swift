/// How a log is opened. Every limit has a default.
public struct EventLogOptions: Sendable {
    /// The folder of the log; made when missing. It belongs to the log alone.
    public var folder: String
    /// Opens without the lock and without a change to any file: for looking at a log that another process writes or
    /// that lies on a read-only file system. Appends fail with `readOnly`.
    public var isReadOnly = false
    /// Bytes of batches that may wait for the log's thread.
    public var queueBytes = 64 << 20
    /// Bytes of batches that are written by one group commit at most.
    public var groupBytes = 8 << 20
    /// Bytes of the latest batches that each partition keeps in memory, so that readers at the end read no disk.
    public var tailBytes = 8 << 20
    /// The bytes of one encoded batch at most.
    public var frameBytes = 64 << 20
    /// How long appended events of durability `interval` may stay unsynced.
    public var syncIntervalMilliseconds = 500
    /// Topics that may be made.
    public var topicsMaximum = 1000
    /// Columns that a topic's schema may grow to.
    public var columnsMaximum = 2000
    /// So that a topic's description stays a small file.
    public var columnNameBytesMaximum = 512

    public init(folder: String) {
        self.folder = folder
    }
}
