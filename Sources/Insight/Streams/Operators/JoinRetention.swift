import Columns

/// How long a join holds a row.
enum JoinRetention: CustomStringConvertible {
    /// Until the inputs end.
    case bounded
    /// The event times of a pair differ by `lower ... upper`: left minus right, microseconds. A row goes when the other
    /// side's watermark has passed all that could meet it.
    case interval(leftTime: Int, rightTime: Int, lower: Int64, upper: Int64)
    /// Both rows are of the same window, whose end is a key: they go with it.
    case window(leftEnd: WindowEnd, rightEnd: WindowEnd)
    /// A row of a side goes when event time has come so far past its coming, microseconds; `nil` for ever.
    case timeToLive(left: Int64?, right: Int64?)

    /// The column that tells a row's window, and what to add to it to have the window's end.
    struct WindowEnd {
        let column: Int
        let shift: Int64
    }

    /// Sides that have ended are held whatever their age: tables beside a stream.
    var keepsEndedSides: Bool {
        switch self {
        case .timeToLive, .bounded: true
        case .interval, .window: false
        }
    }

    /// Whether a checkpoint says of each row that its time has passed: of some sides rows stay whatever their time.
    var tellsExpired: Bool { keepsEndedSides }

    /// When each row of a batch goes, as a time of the side's clock.
    func expiries(of batch: Batch, port: Int, watermark: Int64) -> [Int64] {
        switch self {
        case .bounded: return Array(repeating: .max, count: batch.rowCount)
        case .timeToLive(let left, let right):
            let time = port == 0 ? left : right
            return Array(
                repeating: watermark == .min ? .max : time.map { Self.add(watermark, $0) } ?? .max,
                count: batch.rowCount)
        case .interval(let leftTime, let rightTime, let lower, let upper):
            // A left row at t meets right rows from t - upper to t - lower.
            return port == 0
                ? Self.times(batch.columns[leftTime], plus: -lower)
                : Self.times(batch.columns[rightTime], plus: upper)
        case .window(let left, let right):
            let end = port == 0 ? left : right
            return Self.times(batch.columns[end.column], plus: end.shift - 1)
        }
    }

    /// When the rows of a side go that came before there was a watermark; `nil` where they know, or there is none yet.
    func firstExpiry(_ watermarks: [Int64], side: Int) -> Int64? {
        let watermark = min(watermarks[0], watermarks[1])
        guard case .timeToLive(let left, let right) = self, watermark != .min else { return nil }
        return (side == 0 ? left : right).map { Self.add(watermark, $0) }
    }

    /// The watermark that the rows of a side go by.
    func clock(_ watermarks: [Int64], side: Int) -> Int64 {
        switch self {
        case .interval: watermarks[1 - side]
        case .bounded, .timeToLive, .window: min(watermarks[0], watermarks[1])
        }
    }

    /// How far event time has come behind the join: no row of an earlier time comes any more.
    func outputWatermark(_ watermarks: [Int64]) -> Int64 {
        let least = min(watermarks[0], watermarks[1])
        guard case .interval(_, _, let lower, let upper) = self, least != .min, least != .max else { return least }
        return min(least, Self.add(watermarks[1], min(lower, 0)), Self.add(watermarks[0], -max(upper, 0)))
    }

    var description: String {
        switch self {
        case .bounded: "until the inputs end"
        case .interval(_, _, let lower, let upper):
            "as long as one may come from \(lower) to \(upper) µs away"
        case .window: "until their window closes"
        case .timeToLive(let left, let right):
            [(left, ""), (right, left == right ? "" : ", those of the right ")].prefix(left == right ? 1 : 2)
                .map { time, side in side + (time.map { "for \($0 / 1_000_000) s of event time" } ?? "for good") }
                .joined()
        }
    }

    /// Rows without a time meet none: they go at once.
    private static func times(_ column: Column, plus shift: Int64) -> [Int64] {
        guard let values = column.int64s else { return Array(repeating: .min, count: column.count) }
        return values.indices.map { column.isNull($0) ? .min : add(values[$0], shift) }
    }

    private static func add(_ time: Int64, _ shift: Int64) -> Int64 {
        let (sum, overflow) = time.addingReportingOverflow(shift)
        return overflow ? (shift < 0 ? .min : .max) : sum
    }
}
