import Columns
import Runtime

/// What a stage has done since the run began. Counted once a batch, never a row.
struct StageMeter: Sendable, Hashable {
    private(set) var rowsIn: Int64 = 0
    private(set) var rowsOut: Int64 = 0
    /// Memory of the batches that came.
    private(set) var bytesIn: Int64 = 0
    /// Without the time of the stages behind.
    private(set) var busyNanoseconds: Int64 = 0
    /// The last that came; `min` before.
    private(set) var watermark = Int64.min

    private static let clock = SystemClock()

    /// A batch comes, and work on it begins.
    ///
    /// - Parameter rows: that the batch's were made of; `nil` for its own.
    /// - Returns: for `pause`.
    mutating func begin(_ batch: Batch, rows: Int64? = nil) -> Int64 {
        rowsIn += rows ?? Int64(batch.rowCount)
        bytesIn += Int64(batch.memoryBytes)
        return Self.clock.monotonicNanoseconds()
    }

    /// A watermark comes, and work on it begins.
    mutating func begin(watermark: Int64) -> Int64 {
        self.watermark = watermark
        return Self.clock.monotonicNanoseconds()
    }

    /// Work begins, or goes on after the stages behind had their turn.
    func resume() -> Int64 { Self.clock.monotonicNanoseconds() }

    /// The work that began then is done, or the stages behind have their turn.
    mutating func pause(since began: Int64) {
        busyNanoseconds += Self.clock.monotonicNanoseconds() - began
    }

    mutating func count(out batch: Batch) { rowsOut += Int64(batch.rowCount) }
}
