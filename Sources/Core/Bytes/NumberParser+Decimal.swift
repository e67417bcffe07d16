/// What bytes say that may be a decimal number.
public enum DecimalReading: Equatable, Sendable {
    /// The number times 10^scale.
    case value(Int128)
    /// A number that has more than 38 digits at that scale.
    case outOfRange
    case notANumber
}

extension NumberParser {
    /// 10^38
    private static let limit: UInt128 = 100_000_000_000_000_000_000_000_000_000_000_000_000

    /// Where the parts of a number as written lie: `-12.50e3`.
    private struct Parts {
        /// Behind the sign.
        var start = 0
        var isNegative = false
        /// The digits of whole numbers are `start..<point`, the others `point + 1..<end`.
        var point = 0
        var end = 0
        var exponent = 0

        var fractionDigits: Int { max(0, end - point - 1) }
        var digits: Int { point - start + fractionDigits }
    }

    /// A decimal number that fills `bytes` (`-12.5`, `.5`, `7.`, `1.25e3`), as a whole number of 10^-`scale`: exactly,
    /// but for digits behind `scale`, which are rounded half up (away from zero).
    /// - Parameter scale: 0 to 38.
    public static func decimal(_ bytes: Span<UInt8>, scale: Int) -> DecimalReading {
        guard let parts = parts(bytes) else { return .notANumber }
        // Digits that count; those behind them are rounded away.
        let shift = parts.exponent - parts.fractionDigits + scale
        let kept = parts.digits + min(shift, 0)
        guard kept >= 0 else { return .value(0) }
        var magnitude: UInt128 = 0
        // As many digits at a time as a machine word holds.
        var word: UInt64 = 0
        var power: UInt64 = 1
        for index in 0..<kept {
            let digit = UInt64(digit(bytes, parts, index))
            word = word &* 10 &+ digit
            power = power &* 10
            if power == 1_000_000_000_000_000_000 {
                guard append(word, power, to: &magnitude) else { return .outOfRange }
                word = 0
                power = 1
            }
        }
        guard append(word, power, to: &magnitude) else { return .outOfRange }
        guard magnitude < limit else { return .outOfRange }
        if kept < parts.digits, digit(bytes, parts, kept) >= 5 { magnitude += 1 }
        return signed(magnitude, shift: max(shift, 0), isNegative: parts.isNegative)
    }

    private static func signed(_ magnitude: UInt128, shift: Int, isNegative: Bool) -> DecimalReading {
        if magnitude == 0 { return .value(0) }
        guard shift <= 38 else { return .outOfRange }
        let power = shift == 0 ? 1 : PowersOfTen.int128[shift].magnitude
        let (value, overflow) = magnitude.multipliedReportingOverflow(by: power)
        guard !overflow, value < limit else { return .outOfRange }
        return .value(isNegative ? -Int128(value) : Int128(value))
    }

    /// `magnitude * power + word`; `false` beyond all decimals.
    @inline(__always)
    private static func append(_ word: UInt64, _ power: UInt64, to magnitude: inout UInt128) -> Bool {
        if magnitude == 0 {
            magnitude = UInt128(word)
            return true
        }
        let (product, overflow) = magnitude.multipliedReportingOverflow(by: UInt128(power))
        let (sum, carry) = product.addingReportingOverflow(UInt128(word))
        magnitude = sum
        return !overflow && !carry
    }

    @inline(__always)
    private static func digit(_ bytes: Span<UInt8>, _ parts: Parts, _ index: Int) -> UInt8 {
        let place = parts.start + index
        return bytes[place < parts.point ? place : place + 1] &- 48
    }

    private static func parts(_ bytes: Span<UInt8>) -> Parts? {
        var parts = Parts()
        let count = bytes.count
        guard count > 0 else { return nil }
        parts.isNegative = bytes[0] == UInt8(ascii: "-")
        if parts.isNegative || bytes[0] == UInt8(ascii: "+") { parts.start = 1 }
        var index = parts.start
        while index < count, bytes[index] &- 48 < 10 { index += 1 }
        parts.point = index
        if index < count, bytes[index] == UInt8(ascii: ".") {
            index += 1
            while index < count, bytes[index] &- 48 < 10 { index += 1 }
        }
        parts.end = index
        guard parts.digits > 0 else { return nil }
        if index < count {
            guard bytes[index] | 0x20 == UInt8(ascii: "e"), let written = exponentPart(bytes, from: index + 1) else {
                return nil
            }
            // Farther away all is zero or out of range.
            parts.exponent = min(max(written, -1_000_000_000), 1_000_000_000)
        }
        return parts
    }
}
