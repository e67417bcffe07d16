import Columns
import Runtime

/// The thread between the loops and the log: takes blocks of rows, makes batches of them, hands them on.
///
/// Events can wait and requests can't, so the thread gets next to nothing of a core that a loop wants. Where it falls behind
/// for that, the loops make the batches, and then they wait for room: the core is free meanwhile. A log that stands still
/// holds them up once; what finds no room then is dropped and counted.
final class EventPump: Sendable {
    /// Rows of a block at most; a loop hands over when it is full or after `EdgeSettings.eventHandOverMilliseconds`.
    static let blockRows = 4096

    private enum Work {
        case block(EventBlock)
        case batch(Batch)

        var rowCount: Int {
            switch self {
            case .block(let block): block.rowCount
            case .batch(let batch): batch.rowCount
            }
        }
    }

    private struct State {
        var queue: [Work] = []
        var spare: [EventBlock] = []
        var pendingAppends = 0
        var isStopping = false
        var hasEnded = false
        /// Somebody waited for room in vain, and nothing was taken since.
        var isStalled = false
        var droppedRows = 0
        var handedRows = 0
    }

    private let state: Monitor<State>
    private let edgeName: String
    private let sink: EventSink
    private let maximumBlocks: Int
    private let waitMilliseconds: Int

    /// - Parameters:
    ///   - maximumBlocks: blocks that may wait for the thread; a quarter as many batches may wait for the log.
    ///   - waitMilliseconds: how long `hand` waits for room.
    init(edgeName: String, sink: EventSink, maximumBlocks: Int, waitMilliseconds: Int) {
        let state = Monitor(State())
        self.state = state
        self.edgeName = edgeName
        self.sink = sink
        self.maximumBlocks = maximumBlocks
        self.waitMilliseconds = waitMilliseconds
        // The tail of requests' latency is where a block of events had their core.
        Thread.start(name: "events", niceness: 15) {
            EventPump.run(state, edgeName: edgeName, sink: sink, limit: max(1, maximumBlocks / 4))
        }
    }

    func takeBlock() -> EventBlock {
        state.withLock { $0.spare.popLast() } ?? EventBlock(capacity: EventPump.blockRows)
    }

    /// Takes over the block; waits where too many wait already, and drops and counts its rows where that doesn't help.
    func hand(_ block: EventBlock) {
        let waiting = awaitRoom()
        guard ((maximumBlocks + 1) / 2..<maximumBlocks).contains(waiting) else {
            return queue(.block(block), of: block)
        }
        var columns = EventColumns(edgeName: edgeName)
        queue(.batch(columns.batch(block)), of: block)
    }

    /// - Returns: what is queued.
    private func awaitRoom() -> Int {
        let (waiting, isStalled) = state.withLock { ($0.queue.count, $0.isStalled) }
        guard waiting >= maximumBlocks, !isStalled, waitMilliseconds > 0 else { return waiting }
        let left = state.wait(timeoutNanoseconds: Int64(waitMilliseconds) * 1_000_000) { state in
            state.queue.count < maximumBlocks || state.hasEnded ? state.queue.count : nil
        }
        if left == nil { state.withLock { $0.isStalled = true } }
        return left ?? waiting
    }

    private func queue(_ work: Work, of block: EventBlock) {
        let rows = block.rowCount
        let isQueued = state.update { state in
            let isQueued = state.queue.count < maximumBlocks && !state.hasEnded
            if isQueued {
                state.queue.append(work)
                if case .block = work { return true }
            } else {
                state.droppedRows += rows
            }
            Self.giveBack(block, &state)
            return isQueued
        }
        if !isQueued { sink.lost(rows) }
    }

    private static func giveBack(_ block: EventBlock, _ state: inout State) {
        block.reset()
        if state.spare.count < 8 { state.spare.append(block) }
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
        while let work = next(state, limit: limit) {
            let rows = work.rowCount
            let batch: Batch
            switch work {
            case .batch(let made): batch = made
            case .block(let block):
                batch = columns.batch(block)
                state.update { giveBack(block, &$0) }
            }
            state.update { $0.pendingAppends += 1 }
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
    private static func next(_ state: Monitor<State>, limit: Int) -> Work? {
        let next: Work?? = state.wait { state in
            if !state.queue.isEmpty, state.pendingAppends < limit {
                state.isStalled = false
                return state.queue.removeFirst()
            }
            return state.isStopping && state.queue.isEmpty ? .some(nil) : nil
        }
        return next ?? nil
    }
}
