import SQL

/// A sum of decimals that nothing overflows: 128 bits and what stands above them. Differences of sums are exact.
struct DecimalSum {
    private(set) var low: Int128 = 0
    private(set) var high: Int64 = 0

    init() {}

    /// As it was saved: the two halves of the lower bits, and the upper ones.
    init(lower: Int64, upper: Int64, high: Int64) {
        low = Int128(upper) << 64 | Int128(UInt64(bitPattern: lower))
        self.high = high
    }

    var lower: Int64 { Int64(truncatingIfNeeded: low) }
    var upper: Int64 { Int64(truncatingIfNeeded: low >> 64) }

    /// `nil` for more than 38 digits.
    var units: Int128? { high == 0 ? DecimalMath.within(low) : nil }

    mutating func add(_ value: Int128) {
        let (sum, overflow) = low.addingReportingOverflow(value)
        low = sum
        if overflow { high &+= value < 0 ? -1 : 1 }
    }

    static func - (left: DecimalSum, right: DecimalSum) -> DecimalSum {
        var result = DecimalSum()
        let (difference, overflow) = left.low.subtractingReportingOverflow(right.low)
        result.low = difference
        result.high = left.high &- right.high &+ (overflow ? (right.low < 0 ? 1 : -1) : 0)
        return result
    }
}
