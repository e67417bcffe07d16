import Synchronization

/// What the log has done since it was opened.
public struct LogCounters: Sendable, Equatable {
    public var appendedRows = 0
    /// Bytes of frames.
    public var appendedBytes = 0
    public var frames = 0
    /// Rows that a caller chose to lose when the queue was full.
    public var droppedRows = 0
    /// Rows whose append was refused because the queue was full; the caller knows.
    public var refusedRows = 0
    /// Rows whose append failed; the caller knows if it asked to.
    public var failedRows = 0
    public var groups = 0
    public var syncs = 0
    public var syncFailures = 0
    public var writeFailures = 0
    /// Bytes of batches that wait for the log's thread now.
    public var queuedBytes = 0
    public var removedSegments = 0
    /// Segments of small frames that were written again with large ones.
    public var compactedSegments = 0
    /// The latest failure of storage; stays after recovery.
    public var latestFailure: LogError?
}

/// The counters behind a lock; touched once a group, never per row.
final class SharedCounters: Sendable {
    private let counters = Mutex(LogCounters())

    func update(_ body: (inout LogCounters) -> Void) {
        counters.withLock { body(&$0) }
    }

    var snapshot: LogCounters { counters.withLock { $0 } }
}
