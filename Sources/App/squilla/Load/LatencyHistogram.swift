/// Durations in buckets whose width is 1/64 of their value: percentiles to 1.6 %, in 30 KB, whatever the number.
struct LatencyHistogram: Sendable {
    private static let subBuckets = 64
    private static let subBits = 6
    private var counts = [Int](repeating: 0, count: (64 - subBits + 1) * subBuckets)
    private(set) var total = 0

    mutating func add(_ nanoseconds: Int64) {
        counts[Self.index(UInt64(max(0, nanoseconds)))] += 1
        total += 1
    }

    mutating func add(_ other: LatencyHistogram) {
        for index in counts.indices { counts[index] += other.counts[index] }
        total += other.total
    }

    /// The duration that a share (0 to 1) of all stays at or below, in nanoseconds; nil without any.
    func percentile(_ share: Double) -> Int64? {
        guard total > 0 else { return nil }
        var left = Int((Double(total) * share).rounded(.up))
        for (index, count) in counts.enumerated() where count > 0 {
            left -= count
            if left <= 0 { return Self.upperBound(index) }
        }
        return nil
    }

    private static func index(_ value: UInt64) -> Int {
        guard value >= subBuckets else { return Int(value) }
        let shift = 63 - value.leadingZeroBitCount - subBits
        return (shift + 1) * subBuckets + Int(value >> UInt64(shift)) - subBuckets
    }

    private static func upperBound(_ index: Int) -> Int64 {
        guard index >= subBuckets else { return Int64(index) }
        let shift = index / subBuckets - 1
        let low = UInt64(index % subBuckets + subBuckets) << UInt64(shift)
        return Int64(clamping: low + (1 << UInt64(shift)) - 1)
    }
}
