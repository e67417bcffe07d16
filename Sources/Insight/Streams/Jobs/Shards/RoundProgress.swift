import SQL

/// What the shards know of a round together: how far event time has come before each of its pieces, whose times become
/// known in any order, and whether somebody failed or waits.
struct RoundProgress {
    /// What has come of all pieces.
    struct Result: Sendable {
        let trackers: [WatermarkTracker]
        let rows: Int64
        /// Memory of the batches.
        let bytes: Int64
    }

    /// By piece: the greatest event time of each scan, once it is known.
    private var latest: [[Int64?]?]
    /// Before each piece, as far as it is known, and at last behind all: the watermark of each scan.
    private(set) var watermarks: [[Int64]] = []
    private var trackers: [WatermarkTracker]
    private let hasWatermarks: Bool
    /// Wall time of the round, microseconds: what came in it was seen then.
    private let now: Int64
    private var rows: Int64 = 0
    private var bytes: Int64 = 0
    private(set) var failure: SQLError?
    /// Somebody waits for what the others do.
    private var isAwaited = false

    /// - Parameters:
    ///   - trackers: of each scan, as of before the first piece.
    ///   - hasWatermarks: event time goes on with the rows, not at the input's end alone.
    init(pieces: Int, trackers: [WatermarkTracker], now: Int64, hasWatermarks: Bool = true) {
        latest = Array(repeating: nil, count: pieces)
        self.trackers = trackers
        self.now = now
        self.hasWatermarks = hasWatermarks
        follow()
    }

    /// The times of a piece have become known.
    ///
    /// - Parameter latest: the greatest event time of each scan.
    /// - Returns: whether the watermark before a further piece is known now.
    mutating func know(_ piece: Int, latest: [Int64?], rows: Int, bytes: Int) -> Bool {
        self.latest[piece] = latest
        self.rows += Int64(rows)
        self.bytes += Int64(bytes)
        let known = watermarks.count
        follow()
        return watermarks.count > known
    }

    /// The watermark of each scan before a piece; `nil` where pieces before it are not known yet.
    func watermarks(before piece: Int) -> [Int64]? { piece < watermarks.count ? watermarks[piece] : nil }

    mutating func fail(_ error: SQLError) {
        failure = failure ?? error
        isAwaited = false
    }

    /// Somebody has to wait.
    mutating func willWait() { isAwaited = true }

    /// Something changed that others may wait for.
    ///
    /// - Returns: whether somebody waits, who is to be woken.
    mutating func goOn() -> Bool {
        defer { isAwaited = false }
        return isAwaited
    }

    /// What the round has come to; `nil` while shards are at it.
    ///
    /// - Throws: what one of them failed on.
    mutating func result(isOver: Bool) throws(SQLError) -> Result? {
        if let failure { throw failure }
        guard isOver else {
            isAwaited = true
            return nil
        }
        return Result(trackers: trackers, rows: rows, bytes: bytes)
    }

    /// Brings the trackers up to the last piece before which all times are known.
    private mutating func follow() {
        while watermarks.count <= latest.count {
            if let last = watermarks.indices.last {
                guard let times = latest[last] else { return }
                for (index, time) in times.enumerated() {
                    if let time { trackers[index].observe(maximumTime: time, now: now) }
                }
            }
            watermarks.append(trackers.map { hasWatermarks ? $0.watermark : .min })
        }
    }
}
