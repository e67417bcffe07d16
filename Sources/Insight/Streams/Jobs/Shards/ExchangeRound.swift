import Columns
import EventLog
import SQL
import Synchronization

/// What a shard is to take of a piece.
struct ShardShare: Sendable {
    var batches: [Batch] = []
    /// They are groups of rows, of `PartialGroups`.
    var isAggregated = false
}

/// Pieces of an input whose rows go to shards by their keys. Any shard decodes a piece and sorts its rows out; each takes
/// what is its own of every piece, in the order of the input. What is sorted out and not yet taken by all is bounded: a shard
/// that is behind holds the others up, so that what they can't take stays where it was read from.
final class ExchangeRound: Sendable {
    /// Something to be decoded and sorted out.
    enum Piece: Sendable {
        case stored(LogPiece)
        /// Rows that are decoded already.
        case rows(Batch, DeadLetters.Place)
    }

    /// What a shard is to do next.
    enum Step {
        case sortOut(piece: Int)
        /// The rows of each scan, of which some have none, and the watermarks before them.
        case take(rows: [ShardShare], watermarks: [Int64], place: DeadLetters.Place)
        /// All pieces are taken: the watermarks behind them.
        case finish(watermarks: [Int64])
        /// Others have to go on first.
        case wait
        case done
    }

    private struct Sorted: Sendable {
        /// By scan, then by shard.
        let rows: [[ShardShare]]
        let place: DeadLetters.Place
    }

    private struct State {
        /// Pieces that somebody sorts out, or has.
        var begun = 0
        /// By piece, until all shards have taken their part.
        var sorted: [Sorted?]
        /// By shard: the next piece to take; one more than there are once it is finished.
        var next: [Int]
        var progress: RoundProgress
    }

    let pieces: [Piece]
    /// The input ends behind the last piece.
    let closes: Bool
    private let shardCount: Int
    private let capacity: Int
    private let state: Mutex<State>
    private let wake: @Sendable () -> Void

    /// - Parameters:
    ///   - capacity: pieces that may be sorted out ahead of the shard that is the farthest behind.
    ///   - trackers: of each scan, as of before the first piece.
    ///   - now: wall time of the round, microseconds.
    ///   - hasWatermarks: event time goes on with the rows, not at the input's end alone.
    ///   - wake: called when somebody waited and can go on.
    init(
        _ pieces: [Piece], shards: Int, capacity: Int, trackers: [WatermarkTracker], now: Int64, hasWatermarks: Bool,
        closes: Bool, wake: @escaping @Sendable () -> Void
    ) {
        self.pieces = pieces
        self.closes = closes
        self.shardCount = shards
        self.capacity = capacity
        self.wake = wake
        state = Mutex(
            State(
                sorted: Array(repeating: nil, count: pieces.count), next: Array(repeating: 0, count: shards),
                progress: RoundProgress(
                    pieces: pieces.count, trackers: trackers, now: now, hasWatermarks: hasWatermarks)))
    }

    func step(of shard: Int) -> Step {
        state.withLock { state in
            guard state.progress.failure == nil else { return .done }
            let next = state.next[shard]
            if next > pieces.count { return .done }
            if next == pieces.count { return .finish(watermarks: state.progress.watermarks[next]) }
            if let sorted = state.sorted[next] {
                return .take(
                    rows: sorted.rows.map { $0[shard] }, watermarks: state.progress.watermarks[next],
                    place: sorted.place)
            }
            if state.begun < pieces.count, state.begun - (state.next.min() ?? 0) < capacity {
                state.begun += 1
                return .sortOut(piece: state.begun - 1)
            }
            state.progress.willWait()
            return .wait
        }
    }

    /// A piece is sorted out.
    ///
    /// - Parameters:
    ///   - rows: by scan, then by shard.
    ///   - latest: the greatest event time of each scan.
    func sortedOut(
        _ piece: Int, rows: [[ShardShare]], latest: [Int64?], place: DeadLetters.Place, rowCount: Int, bytes: Int
    ) {
        goOn { state in
            state.sorted[piece] = Sorted(rows: rows, place: place)
            _ = state.progress.know(piece, latest: latest, rows: rowCount, bytes: bytes)
            return true
        }
    }

    /// A shard has done what `step` told it.
    func took(_ shard: Int) {
        goOn { state in
            let piece = state.next[shard]
            state.next[shard] += 1
            guard piece < pieces.count else { return state.next.allSatisfy { $0 > pieces.count } }
            guard state.next.allSatisfy({ $0 > piece }) else { return false }
            state.sorted[piece] = nil
            return true
        }
    }

    func fail(_ error: SQLError) {
        state.withLock { $0.progress.fail(error) }
        wake()
    }

    /// What the round has come to; `nil` while shards are at it.
    ///
    /// - Throws: what one of them failed on.
    func result() throws(SQLError) -> RoundProgress.Result? {
        try state.withLock { state throws(SQLError) in
            try state.progress.result(isOver: state.next.allSatisfy { $0 > pieces.count })
        }
    }

    /// - Parameter change: tells whether who waits may go on now.
    private func goOn(_ change: (inout State) -> Bool) {
        let isAwaited = state.withLock { state in change(&state) && state.progress.goOn() }
        if isAwaited { wake() }
    }
}
