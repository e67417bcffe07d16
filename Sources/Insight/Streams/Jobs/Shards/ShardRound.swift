import EventLog
import SQL
import Synchronization

/// Pieces of a topic that the shards of a job work off together. A shard takes a few that follow each other, so that most
/// of a short window's rows come to one of them and little is to be merged; what event time had come to before a piece is
/// known once the pieces before it are decoded, so that a row is late where it would be with one shard.
final class ShardRound: Sendable {
    private struct State {
        var taken = 0
        /// By shard: what it has taken and not yet begun.
        var runs: [Range<Int>]
        var finished = 0
        var progress: RoundProgress
    }

    /// Pieces that a shard takes at once, at most.
    static let longestRun = 4

    let pieces: [LogPiece]
    private let run: Int
    private let state: Mutex<State>
    private let wake: @Sendable () -> Void

    /// - Parameters:
    ///   - trackers: of each scan, as of before the first piece.
    ///   - now: wall time of the round, microseconds.
    ///   - wake: called when somebody waited and can go on.
    init(
        _ pieces: [LogPiece], shards: Int, trackers: [WatermarkTracker], now: Int64,
        wake: @escaping @Sendable () -> Void
    ) {
        self.pieces = pieces
        self.wake = wake
        run = min(max(pieces.count / shards, 1), Self.longestRun)
        state = Mutex(
            State(
                runs: Array(repeating: 0..<0, count: shards),
                progress: RoundProgress(pieces: pieces.count, trackers: trackers, now: now)))
    }

    /// The next piece for a shard; `nil` when none is left, or the round has failed.
    func take(by shard: Int) -> Int? {
        state.withLock { state in
            guard state.progress.failure == nil else { return nil }
            if state.runs[shard].isEmpty {
                state.runs[shard] = state.taken..<min(state.taken + run, pieces.count)
                state.taken = state.runs[shard].upperBound
            }
            return state.runs[shard].popFirst()
        }
    }

    /// Whether a shard has pieces of its own left, which it is to decode before it counts: others wait for their times.
    func hasTaken(_ shard: Int) -> Bool { state.withLock { !$0.runs[shard].isEmpty } }

    /// A piece is decoded.
    ///
    /// - Parameter latest: the greatest event time of each scan.
    func decoded(_ piece: Int, latest: [Int64?], rows: Int, bytes: Int) {
        goOn { $0.progress.know(piece, latest: latest, rows: rows, bytes: bytes) }
    }

    /// The watermark of each scan before a piece; `nil` where pieces before it are not decoded yet.
    func watermarks(before piece: Int) -> [Int64]? {
        state.withLock { state in
            let known = state.progress.watermarks(before: piece)
            if known == nil { state.progress.willWait() }
            return known
        }
    }

    func finished() {
        goOn { state in
            state.finished += 1
            return state.finished == pieces.count
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
            try state.progress.result(isOver: state.finished == pieces.count)
        }
    }

    /// - Parameter change: tells whether who waits may go on now.
    private func goOn(_ change: (inout State) -> Bool) {
        let isAwaited = state.withLock { state in change(&state) && state.progress.goOn() }
        if isAwaited { wake() }
    }
}

extension Range<Int> {
    /// Takes the first number away, if there is one.
    fileprivate mutating func popFirst() -> Int? {
        guard !isEmpty else { return nil }
        defer { self = lowerBound + 1..<upperBound }
        return lowerBound
    }
}
