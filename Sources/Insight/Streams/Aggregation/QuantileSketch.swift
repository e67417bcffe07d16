import Bytes

/// Approximate quantiles with a bounded relative error, mergeable (the idea of DDSketch, Masson et al. 2019, with
/// log-linear buckets as in HdrHistogram: 64 to each power of two).
///
/// A quantile is off by at most 0.8 % of the value at its rank. 0 is exact, and so are the least and the greatest value
/// as long as they are not taken back. A store covers 64 powers of two; what lies lower than that below the greatest value is counted in the lowest bucket.
struct QuantileSketch {
    /// Buckets of one sign, around those that were hit.
    private struct Store {
        /// Bucket number of `counts[0]`.
        var base = 0
        var counts: [UInt32] = []
        static let maximumCount = 64 * 64

        init() {}

        init?(decoding bytes: Span<UInt8>, at index: inout Int) {
            guard let first = Varint.read(bytes, at: &index), let length = Varint.read(bytes, at: &index),
                first <= UInt64(1) << 18, length <= UInt64(Self.maximumCount)
            else { return nil }
            base = Int(first)
            for _ in 0..<length {
                guard let count = Varint.read(bytes, at: &index), count <= UInt64(UInt32.max) else { return nil }
                counts.append(UInt32(count))
            }
        }

        var total: UInt64 { counts.reduce(0) { $0 + UInt64($1) } }

        mutating func add(_ bucket: Int, _ amount: UInt32) {
            var index = bucket - base
            if index < 0 || index >= counts.count {
                index = makeRoom(for: bucket)
            }
            let (sum, overflow) = counts[index].addingReportingOverflow(amount)
            counts[index] = overflow ? .max : sum
        }

        /// A bucket that was folded into another takes from the lowest.
        mutating func remove(_ bucket: Int) -> Bool {
            let index = max(bucket - base, 0)
            guard index < counts.count, counts[index] > 0 else { return false }
            counts[index] -= 1
            return true
        }

        /// Grows towards `bucket`, folds the lowest buckets together at the limit, and gives the place to count at.
        @inline(never)
        private mutating func makeRoom(for bucket: Int) -> Int {
            if counts.isEmpty {
                base = bucket - 8
                counts = Array(repeating: 0, count: 32)
                return 8
            }
            let low = min(bucket, base)
            let high = max(bucket, base + counts.count - 1)
            // Twice the needed growth, so that a wandering value doesn't pay each time.
            var newBase = bucket < base ? low - min(counts.count, 128) : base
            let newEnd = bucket >= base + counts.count ? high + 1 + min(counts.count, 128) : base + counts.count
            if newEnd - newBase > Self.maximumCount { newBase = max(newBase, high + 1 - Self.maximumCount) }
            var grown = [UInt32](repeating: 0, count: max(newEnd - newBase, 1))
            for (offset, count) in counts.enumerated() where count > 0 {
                let place = max(base + offset - newBase, 0)
                let (sum, overflow) = grown[place].addingReportingOverflow(count)
                grown[place] = overflow ? .max : sum
            }
            base = newBase
            counts = grown
            return max(bucket - base, 0)
        }
    }

    private var positive = Store()
    private var negative = Store()
    private var zeroCount: UInt64 = 0
    private(set) var count: UInt64 = 0
    /// Infinite the other way round where the least value has gone, and nobody knows the next.
    private var minimum = Double.infinity
    private var maximum = -Double.infinity

    init() {}

    /// Not-a-numbers are left out.
    mutating func insert(_ value: Double) {
        if value > 0 {
            positive.add(Self.bucket(value), 1)
        } else if value < 0 {
            negative.add(Self.bucket(-value), 1)
        } else if value == 0 {
            zeroCount += 1
        } else {
            return
        }
        count += 1
        if value < minimum { minimum = value }
        if value > maximum { maximum = value }
    }

    /// As if a value that was inserted had not been.
    mutating func remove(_ value: Double) {
        let isThere: Bool
        if value > 0 {
            isThere = positive.remove(Self.bucket(value))
        } else if value < 0 {
            isThere = negative.remove(Self.bucket(-value))
        } else {
            isThere = value == 0 && zeroCount > 0
            if isThere { zeroCount -= 1 }
        }
        guard isThere else { return }
        count -= 1
        if count == 0 {
            self = QuantileSketch()
        } else {
            if value <= minimum { minimum = -.infinity }
            if value >= maximum { maximum = .infinity }
        }
    }

    mutating func merge(_ other: QuantileSketch) {
        for (offset, amount) in other.positive.counts.enumerated() where amount > 0 {
            positive.add(other.positive.base + offset, amount)
        }
        for (offset, amount) in other.negative.counts.enumerated() where amount > 0 {
            negative.add(other.negative.base + offset, amount)
        }
        zeroCount += other.zeroCount
        count += other.count
        minimum = min(minimum, other.minimum)
        maximum = max(maximum, other.maximum)
    }

    /// The value at rank `fraction` of 0…1, or `nil` of nothing.
    func quantile(_ fraction: Double) -> Double? {
        guard count > 0 else { return nil }
        if fraction <= 0, minimum.isFinite { return minimum }
        if fraction >= 1, maximum.isFinite { return maximum }
        let rank = UInt64((fraction * Double(count - 1)).rounded(.down))
        return min(max(value(atRank: rank), minimum), maximum)
    }

    /// The extremes, the zeros, then each store: its first bucket and its counts, as varints.
    func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        Varint.append(minimum.bitPattern, to: &bytes)
        Varint.append(maximum.bitPattern, to: &bytes)
        Varint.append(zeroCount, to: &bytes)
        for store in [positive, negative] {
            let hit = store.counts.indices.filter { store.counts[$0] > 0 }
            let range = hit.isEmpty ? 0..<0 : hit[0]..<hit[hit.count - 1] + 1
            Varint.append(UInt64(store.base + range.lowerBound), to: &bytes)
            Varint.append(UInt64(range.count), to: &bytes)
            for index in range { Varint.append(UInt64(store.counts[index]), to: &bytes) }
        }
        return bytes
    }

    /// `nil` of bytes that `encoded` did not give.
    init?(decoding bytes: Span<UInt8>) {
        var index = 0
        guard let low = Varint.read(bytes, at: &index), let high = Varint.read(bytes, at: &index),
            let zeros = Varint.read(bytes, at: &index), let positive = Store(decoding: bytes, at: &index),
            let negative = Store(decoding: bytes, at: &index), index == bytes.count
        else { return nil }
        self.minimum = Double(bitPattern: low)
        self.maximum = Double(bitPattern: high)
        self.positive = positive
        self.negative = negative
        self.zeroCount = zeros
        self.count = zeros &+ positive.total &+ negative.total
    }

    var byteCount: Int { 120 + (positive.counts.capacity + negative.counts.capacity) * 4 }

    private func value(atRank rank: UInt64) -> Double {
        var seen: UInt64 = 0
        for (offset, amount) in negative.counts.enumerated().reversed() where amount > 0 {
            seen += UInt64(amount)
            if seen > rank { return -Self.middle(negative.base + offset) }
        }
        seen += zeroCount
        if seen > rank { return 0 }
        for (offset, amount) in positive.counts.enumerated() where amount > 0 {
            seen += UInt64(amount)
            if seen > rank { return Self.middle(positive.base + offset) }
        }
        return maximum
    }

    /// Exponent and the six leading bits of the mantissa.
    @inline(__always)
    private static func bucket(_ value: Double) -> Int { Int(value.bitPattern >> 46) }

    private static func middle(_ bucket: Int) -> Double {
        let low = Double(bitPattern: UInt64(bucket) << 46)
        let high = Double(bitPattern: UInt64(bucket + 1) << 46)
        return high.isFinite ? low + (high - low) / 2 : low
    }
}
