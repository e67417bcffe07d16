import Columns
import Runtime

/// The thread between the loops and the log: takes blocks of rows, makes batches of them, hands them on. Bounded; what
/// finds no room is counted as dropped.
final class EventPump: Sendable {
    /// Rows of a block at most; a loop hands over when it is full or after `EdgeSettings.eventHandOverMilliseconds`.
    static let blockRows = 4096

    private struct State {
        var queue: [EventBlock] = []
        var spare: [EventBlock] = []
        var pendingAppends = 0
        var isStopping = false
        var hasEnded = false
        var droppedRows = 0
        var handedRows = 0
    }

    private let state: Monitor<State>
    private let maximumBlocks: Int

    /// - Parameter maximumBlocks: blocks that may wait for the thread, and batches that may wait for the log.
    init(edgeName: String, sink: EventSink, maximumBlocks: Int) {
        let state = Monitor(State())
        self.state = state
        self.maximumBlocks = maximumBlocks
        // What was handed over can wait; a request that a whole block of events keeps from its core can't.
        Thread.start(name: "events", isBackground: true) {
            EventPump.run(state, edgeName: edgeName, sink: sink, limit: maximumBlocks)
        }
    }

    func takeBlock() -> EventBlock {
        state.withLock { $0.spare.popLast() } ?? EventBlock(capacity: EventPump.blockRows)
    }

    /// Takes over the block; drops and counts its rows when too many wait.
    func hand(_ block: EventBlock) {
        state.update { state in
            guard state.queue.count < maximumBlocks, !state.hasEnded else {
                state.droppedRows += block.rowCount
                block.reset()
                state.spare.append(block)
                return
            }
            state.queue.append(block)
        }
    }

    var droppedRows: Int { state.withLock { $0.droppedRows } }
    var handedRows: Int { state.withLock { $0.handedRows } }

    /// Hands on all that is queued and waits for the log's answers, `timeoutMilliseconds` at most.
    func stop(timeoutMilliseconds: Int) {
        state.update { $0.isStopping = true }
        _ = state.wait(timeoutNanoseconds: Int64(timeoutMilliseconds) * 1_000_000) { state in
            state.hasEnded && state.pendingAppends == 0 ? true : nil
        }
    }

    private static func run(_ state: Monitor<State>, edgeName: String, sink: EventSink, limit: Int) {
        var columns = EventColumns(edgeName: edgeName)
        while let block = nextBlock(state, limit: limit) {
            let rows = block.rowCount
            let batch = columns.batch(block)
            block.reset()
            state.update { state in
                if state.spare.count < 8 { state.spare.append(block) }
                state.pendingAppends += 1
            }
            sink.append(batch) { taken in
                state.update { state in
                    state.pendingAppends -= 1
                    if taken { state.handedRows += rows } else { state.droppedRows += rows }
                }
            }
        }
        state.update { $0.hasEnded = true }
    }

    /// Waits for a block while the log keeps up; `nil` when stopping and all is handed on.
    private static func nextBlock(_ state: Monitor<State>, limit: Int) -> EventBlock? {
        let next: EventBlock?? = state.wait { state in
            if !state.queue.isEmpty, state.pendingAppends < limit { return state.queue.removeFirst() }
            return state.isStopping && state.queue.isEmpty ? .some(nil) : nil
        }
        return next ?? nil
    }
}
