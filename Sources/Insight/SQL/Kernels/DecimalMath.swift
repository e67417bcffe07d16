import Bytes

/// Exact arithmetic of decimals as whole numbers of units. What has more than 38 digits is `nil`; what must be rounded
/// is rounded half up, away from zero.
public enum DecimalMath {
    /// 10^38, which the magnitude of a decimal is below.
    public static let limit: Int128 = 100_000_000_000_000_000_000_000_000_000_000_000_000

    @inline(__always)
    static func fitsWord(_ value: Int128) -> Bool { value == Int128(Int64(truncatingIfNeeded: value)) }

    /// `value` where it is a decimal of less than `limit` units.
    @inline(__always)
    public static func within(_ value: Int128, _ limit: Int128 = DecimalMath.limit) -> Int128? {
        value < limit && value > -limit ? value : nil
    }

    /// `value / power`, rounded. Both are below 2^126 in magnitude.
    /// - Parameter power: more than 0.
    @inline(__always)
    static func rounded(_ value: Int128, by power: Int128) -> Int128 {
        if power == 1 { return value }
        if fitsWord(value), fitsWord(power) {
            let (value, power) = (Int64(truncatingIfNeeded: value), Int64(truncatingIfNeeded: power))
            let (quotient, rest) = value.quotientAndRemainder(dividingBy: power)
            let isUp = rest.magnitude >= power.magnitude - rest.magnitude
            return Int128(isUp ? quotient + (value < 0 ? -1 : 1) : quotient)
        }
        let (quotient, rest) = value.quotientAndRemainder(dividingBy: power)
        let isUp = rest.magnitude >= power.magnitude - rest.magnitude
        return isUp ? quotient + (value < 0 ? -1 : 1) : quotient
    }

    /// `value / power` without its fraction.
    @inline(__always)
    static func whole(_ value: Int128, by power: Int128, _ rule: Fraction) -> Int128 {
        let (quotient, rest) = value.quotientAndRemainder(dividingBy: power)
        switch rule {
        case .cut: return quotient
        case .down: return rest < 0 ? quotient - 1 : quotient
        case .up: return rest > 0 ? quotient + 1 : quotient
        }
    }

    /// What becomes of a fraction.
    enum Fraction {
        /// Towards zero.
        case cut
        case down
        case up
    }

    /// `left * leftPower + right * rightPower`, divided by `power`.
    @inline(__always)
    static func sum(
        _ left: Int128, _ leftPower: Int128, _ right: Int128, _ rightPower: Int128, by power: Int128
    ) -> Int128? {
        if leftPower == 1, rightPower == 1 {
            let (sum, overflow) = left.addingReportingOverflow(right)
            if !overflow { return within(rounded(sum, by: power)) }
        }
        return scaledSum(left, leftPower, right, rightPower, by: power)
    }

    @inline(never)
    private static func scaledSum(
        _ left: Int128, _ leftPower: Int128, _ right: Int128, _ rightPower: Int128, by power: Int128
    ) -> Int128? {
        let first = WideNumber(left, times: leftPower.magnitude)
        return first.adding(WideNumber(right, times: rightPower.magnitude)).rounded(by: power.magnitude)
    }

    /// `left * right / power`
    @inline(__always)
    static func product(_ left: Int128, _ right: Int128, by power: Int128) -> Int128? {
        // Of two 64-bit numbers it is below 10^38.
        if fitsWord(left), fitsWord(right) { return rounded(left &* right, by: power) }
        return wideProduct(left, right).rounded(by: power.magnitude)
    }

    /// `left * right / 10^39`, which is a digit more than 128 bits hold: the last digit of what is left of 10^38 decides.
    static func smallProduct(_ left: Int128, _ right: Int128) -> Int128? {
        var wide = wideProduct(left, right)
        let isNegative = wide.isNegative
        wide.isNegative = false
        let quotient = (wide.quotient(by: limit.magnitude) + 5) / 10
        return isNegative ? -Int128(quotient) : Int128(quotient)
    }

    @inline(never)
    private static func wideProduct(_ left: Int128, _ right: Int128) -> WideNumber {
        var wide = WideNumber(left, times: right.magnitude)
        if right < 0 { wide.isNegative.toggle() }
        return wide
    }

    /// `left * 10^shift / right`
    /// - Parameters:
    ///   - right: not 0.
    ///   - shift: -38 to 76.
    @inline(__always)
    public static func quotient(_ left: Int128, _ right: Int128, shift: Int) -> Int128? {
        if shift >= 0, shift <= 18, fitsWord(left) {
            // 2^63 * 10^18 is below 2^123.
            let scaled = left &* PowersOfTen.int128[shift]
            return within(right > 0 ? rounded(scaled, by: right) : rounded(-scaled, by: -right))
        }
        return wideQuotient(left, right, shift: shift)
    }

    @inline(never)
    private static func wideQuotient(_ left: Int128, _ right: Int128, shift: Int) -> Int128? {
        let powers = PowersOfTen.int128
        let isNegative = (left < 0) != (right < 0)
        if shift < 0 {
            // Divided twice: by `right`, then by the power. Half of the whole divisor decides.
            let power = powers[-shift].magnitude
            let (first, firstRest) = left.magnitude.quotientAndRemainder(dividingBy: right.magnitude)
            let (second, secondRest) = first.quotientAndRemainder(dividingBy: power)
            let isUp = 2 * secondRest + (2 * firstRest >= right.magnitude ? 1 : 0) >= power
            let value = Int128(second) + (isUp ? 1 : 0)
            return within(isNegative ? -value : value)
        }
        var wide = WideNumber(left, times: powers[min(shift, 38)].magnitude)
        // What is beyond 256 bits is beyond 38 digits whatever it is divided by.
        if shift > 38, !wide.multiply(by: powers[shift - 38].magnitude) { return nil }
        wide.isNegative = isNegative
        return wide.rounded(by: right.magnitude)
    }

    /// The remainder of `left * leftPower / (right * rightPower)`, with the sign of `left`.
    /// - Parameter right: not 0.
    static func remainder(_ left: Int128, _ leftPower: Int128, _ right: Int128, _ rightPower: Int128) -> Int128 {
        if leftPower == 1, rightPower == 1 { return left % right }
        let (divisor, overflow) = right.magnitude.multipliedReportingOverflow(by: rightPower.magnitude)
        // One of the powers is 1: a divisor beyond 128 bits is greater than any `left`.
        if overflow { return left }
        let rest = Int128(truncatingIfNeeded: WideNumber(left, times: leftPower.magnitude).remainder(by: divisor))
        return left < 0 ? 0 &- rest : rest
    }

    /// Less than 0, 0 or more than 0: decimals of different scales.
    /// - Parameter leftPower: what brings `left` to the scale of `right`; 1 where `rightPower` does the reverse.
    static func compare(_ left: Int128, _ leftPower: Int128, _ right: Int128, _ rightPower: Int128) -> Int {
        let (first, firstOverflow) = left.multipliedReportingOverflow(by: leftPower)
        let (second, secondOverflow) = right.multipliedReportingOverflow(by: rightPower)
        // What overflows is farther from zero than any decimal.
        if firstOverflow { return left < 0 ? -1 : 1 }
        if secondOverflow { return right < 0 ? 1 : -1 }
        return first < second ? -1 : first == second ? 0 : 1
    }
}

/// A sign and 256 bits: what decimals come to on the way to a result.
struct WideNumber {
    var isNegative: Bool
    private var high: UInt128
    private var low: UInt128

    init(_ value: Int128, times factor: UInt128) {
        isNegative = value < 0
        (high, low) = value.magnitude.multipliedFullWidth(by: factor)
    }

    /// False where 256 bits are too few.
    mutating func multiply(by factor: UInt128) -> Bool {
        let (carry, lower) = low.multipliedFullWidth(by: factor)
        let (product, overflow) = high.multipliedReportingOverflow(by: factor)
        let (sum, carried) = product.addingReportingOverflow(carry)
        (high, low) = (sum, lower)
        return !overflow && !carried
    }

    /// - Precondition: both are below 2^255.
    func adding(_ other: WideNumber) -> WideNumber {
        var result = self
        if isNegative == other.isNegative {
            let (sum, carry) = low.addingReportingOverflow(other.low)
            result.low = sum
            result.high = high &+ other.high &+ (carry ? 1 : 0)
            return result
        }
        let isLess = high < other.high || (high == other.high && low < other.low)
        let (larger, smaller) = isLess ? (other, self) : (self, other)
        let (difference, borrow) = larger.low.subtractingReportingOverflow(smaller.low)
        result.isNegative = larger.isNegative
        result.low = difference
        result.high = larger.high &- smaller.high &- (borrow ? 1 : 0)
        return result
    }

    /// Divided by `divisor`, half up; `nil` for more than 38 digits.
    func rounded(by divisor: UInt128) -> Int128? {
        guard high < divisor else { return nil }
        var (quotient, rest) =
            high == 0
            ? low.quotientAndRemainder(dividingBy: divisor) : divisor.dividingFullWidth((high, low))
        if rest >= divisor - rest {
            let (next, overflow) = quotient.addingReportingOverflow(1)
            if overflow { return nil }
            (quotient, rest) = (next, 0)
        }
        guard quotient < DecimalMath.limit.magnitude else { return nil }
        return isNegative ? -Int128(quotient) : Int128(quotient)
    }

    /// - Precondition: the number is less than 2^128 times `divisor`.
    func quotient(by divisor: UInt128) -> UInt128 {
        high == 0 ? low / divisor : divisor.dividingFullWidth((high, low)).quotient
    }

    func remainder(by divisor: UInt128) -> UInt128 {
        high == 0 ? low % divisor : divisor.dividingFullWidth((high % divisor, low)).remainder
    }
}
