import Columns
import EventLog
import Synchronization

/// The batches of a topic on their way from the log's thread to a live query: a bounded queue that drops, and counts,
/// rather than make the log wait.
final class LiveFeed: Sendable {
    private struct State {
        var batches: [LogBatch] = []
        var bytes = 0
        var droppedRows = 0
    }

    private let state = Mutex(State())
    private let maximumBatches: Int
    private let maximumBytes: Int

    init(maximumBatches: Int, maximumBytes: Int) {
        self.maximumBatches = maximumBatches
        self.maximumBytes = maximumBytes
    }

    /// From the log's thread; cheap.
    func push(_ batch: LogBatch) {
        let bytes = batch.batch.memoryBytes
        state.withLock { state in
            guard state.batches.count < maximumBatches, state.bytes + bytes <= maximumBytes || state.batches.isEmpty
            else {
                state.droppedRows += batch.batch.rowCount
                return
            }
            state.batches.append(batch)
            state.bytes += bytes
        }
    }

    /// Takes all that waits.
    func take() -> [LogBatch] {
        state.withLock { state in
            guard !state.batches.isEmpty else { return [] }
            let taken = state.batches
            state.batches = []
            state.bytes = 0
            return taken
        }
    }

    var droppedRows: Int { state.withLock { $0.droppedRows } }
}
