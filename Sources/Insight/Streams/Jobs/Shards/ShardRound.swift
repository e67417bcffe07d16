import EventLog
import SQL
import Synchronization

/// Pieces of a topic that the shards of a job work off together. Each piece is taken by the shard that is free first; what
/// event time had come to before it is known once the pieces before it are decoded, so that a row is late where it
/// would be with one shard.
final class ShardRound: Sendable {
    /// What has come of all pieces.
    struct Result: Sendable {
        let trackers: [WatermarkTracker]
        let rows: Int64
        /// Memory of the batches.
        let bytes: Int64
    }

    private struct State {
        var taken = 0
        /// By piece: the greatest event time of each scan, once it is decoded.
        var latest: [[Int64?]?]
        /// By piece, of those whose turn it is: the watermark of each scan before it.
        var watermarks: [[Int64]] = []
        var trackers: [WatermarkTracker]
        var finished = 0
        var rows: Int64 = 0
        var bytes: Int64 = 0
        var failure: SQLError?
        /// Somebody waits for what the others do.
        var isAwaited = false

        /// Brings the trackers up to the last piece before which all are decoded.
        mutating func follow(now: Int64) {
            while watermarks.count < latest.count {
                if let last = watermarks.indices.last {
                    guard let times = latest[last] else { return }
                    for (index, time) in times.enumerated() {
                        if let time { trackers[index].observe(maximumTime: time, now: now) }
                    }
                }
                watermarks.append(trackers.map(\.watermark))
            }
        }
    }

    let pieces: [LogPiece]
    /// Wall time of the round, microseconds: what came in it was seen then.
    let now: Int64
    private let state: Mutex<State>
    private let wake: @Sendable () -> Void

    /// - Parameters:
    ///   - trackers: of each scan, as of before the first piece.
    ///   - wake: called when somebody waited and can go on.
    init(_ pieces: [LogPiece], trackers: [WatermarkTracker], now: Int64, wake: @escaping @Sendable () -> Void) {
        self.pieces = pieces
        self.now = now
        self.wake = wake
        var state = State(latest: Array(repeating: nil, count: pieces.count), trackers: trackers)
        state.follow(now: now)
        self.state = Mutex(state)
    }

    /// A piece for the one who asks; `nil` when none is left, or the round has failed.
    func take() -> Int? {
        state.withLock { state in
            guard state.taken < pieces.count, state.failure == nil else { return nil }
            state.taken += 1
            return state.taken - 1
        }
    }

    /// A piece is decoded.
    ///
    /// - Parameter latest: the greatest event time of each scan.
    func decoded(_ piece: Int, latest: [Int64?], rows: Int, bytes: Int) {
        let isAwaited = state.withLock { state in
            state.latest[piece] = latest
            state.rows += Int64(rows)
            state.bytes += Int64(bytes)
            let known = state.watermarks.count
            state.follow(now: now)
            return state.watermarks.count > known && Self.stopWaiting(&state)
        }
        if isAwaited { wake() }
    }

    /// The watermark of each scan before a piece; `nil` where pieces before it are not decoded yet.
    func watermarks(before piece: Int) -> [Int64]? {
        state.withLock { state in
            guard piece >= state.watermarks.count else { return state.watermarks[piece] }
            state.isAwaited = true
            return nil
        }
    }

    func finished() {
        let isAwaited = state.withLock { state in
            state.finished += 1
            return state.finished == pieces.count && Self.stopWaiting(&state)
        }
        if isAwaited { wake() }
    }

    func fail(_ error: SQLError) {
        state.withLock { state in
            state.failure = state.failure ?? error
            state.isAwaited = false
        }
        wake()
    }

    /// What the round has come to; `nil` while shards are at it.
    ///
    /// - Throws: what one of them failed on.
    func result() throws(SQLError) -> Result? {
        let (failure, result) = state.withLock { state -> (SQLError?, Result?) in
            if state.failure == nil, state.finished < pieces.count {
                state.isAwaited = true
                return (nil, nil)
            }
            // The last piece is before nobody.
            if let last = state.latest.last, let times = last {
                for (index, time) in times.enumerated() {
                    if let time { state.trackers[index].observe(maximumTime: time, now: now) }
                }
            }
            return (state.failure, Result(trackers: state.trackers, rows: state.rows, bytes: state.bytes))
        }
        if let failure { throw failure }
        return result
    }

    private static func stopWaiting(_ state: inout State) -> Bool {
        defer { state.isAwaited = false }
        return state.isAwaited
    }
}
