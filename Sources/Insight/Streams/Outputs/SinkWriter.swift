import Columns
import Runtime
import SQL

/// Which rows of a job go out: those of one of its checkpoints.
struct SinkEpoch: Hashable, Sendable {
    /// Tells a job from an earlier one of its name, and its way on from a savepoint from the way it had gone before.
    var incarnation: Int64
    var epoch: Int64
}

/// A place outside of the log that takes a job's rows. Its calls may block: a `SinkThread` makes them.
protocol SinkWriter: Sendable {
    /// Where the place stands: goes into the next checkpoint, and comes back with `resume`.
    var position: Int64 { get }
    /// Goes on after a stop or a crash, before anything is written.
    ///
    /// - Parameters:
    ///   - epoch: of the last checkpoint; its rows may be there in whole, in part or not at all.
    ///   - position: as it was before these rows.
    /// - Returns: whether the rows of `epoch` are all there.
    mutating func resume(_ epoch: SinkEpoch, position: Int64) throws(SinkRefusal) -> Bool
    /// Writes all rows of an epoch. Called again with the same after a refusal.
    mutating func write(_ batches: [Batch], _ epoch: SinkEpoch) throws(SinkRefusal)
    /// Time has passed; only when nothing is being written.
    mutating func tick() throws(SinkRefusal)
    /// The run ends, and all was written.
    mutating func finish() throws(SinkRefusal)
}

extension SinkWriter {
    var position: Int64 { 0 }
    mutating func resume(_ epoch: SinkEpoch, position: Int64) throws(SinkRefusal) -> Bool { false }
    mutating func tick() throws(SinkRefusal) {}
    mutating func finish() throws(SinkRefusal) {}
}

/// A sink takes no rows now, or never.
struct SinkRefusal: Error, Sendable {
    var message: String
    /// Trying again may help.
    var isRetryable: Bool
    /// What the other side asks for, microseconds.
    var pause: Int64?
    /// Something was taken since the refusal before.
    var hasProgressed = false

    init(_ message: String, isRetryable: Bool, pause: Int64? = nil) {
        self.message = message
        self.isRetryable = isRetryable
        self.pause = pause
    }

    init(_ error: StorageError) {
        // A full disk is emptied, a folder made: whatever the cause, somebody can take it away.
        self.init("\(error)", isRetryable: true)
    }
}

/// What a sink needs to know of the job that it serves.
struct SinkContext: Sendable {
    var job: String
    /// The place of the statement in the job, from 0.
    var statement: Int
    var storage: any Storage
    var clock: any Clock
    var http: (any HTTPSender)?
}

/// How a sink outside of the log stands.
public struct JobSinkState: Sendable, Hashable {
    /// The table that stands behind `INSERT INTO`.
    public var target: String
    /// `filesystem`, `http` or `print`.
    public var connector: String
    /// Rows taken since the run began.
    public var rows: Int64 = 0
    public var bytes: Int64 = 0
    /// While it refuses: why, since when (microseconds since 1970), and how often it was tried.
    public var refusal: String?
    public var refusingSince: Int64?
    public var attempts = 0
}
