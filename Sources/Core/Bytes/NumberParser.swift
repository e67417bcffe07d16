/// Numbers out of ASCII bytes, without a String between. `nil` means that the bytes are not such a number.
public enum NumberParser {
    /// An optionally signed decimal integer that fills `bytes` and fits 64 bits. No blanks, no separators.
    public static func int64(_ bytes: Span<UInt8>) -> Int64? {
        let count = bytes.count
        guard count > 0 else { return nil }
        var index = 0
        let negative = bytes[0] == UInt8(ascii: "-")
        if negative || bytes[0] == UInt8(ascii: "+") { index = 1 }
        guard index < count, count - index <= 19 else { return leadingZeros(bytes, from: index, negative: negative) }
        var magnitude: UInt64 = 0
        while index < count {
            let digit = bytes[index] &- 48
            guard digit < 10 else { return nil }
            magnitude = magnitude &* 10 &+ UInt64(digit)
            index += 1
        }
        return signed(magnitude, negative: negative)
    }

    /// More than 19 digits fit only with zeros in front of them.
    private static func leadingZeros(_ bytes: Span<UInt8>, from start: Int, negative: Bool) -> Int64? {
        var index = start
        while index < bytes.count, bytes[index] == 48 { index += 1 }
        guard index > start, bytes.count - index <= 19 else { return nil }
        var magnitude: UInt64 = 0
        while index < bytes.count {
            let digit = bytes[index] &- 48
            guard digit < 10 else { return nil }
            magnitude = magnitude &* 10 &+ UInt64(digit)
            index += 1
        }
        return signed(magnitude, negative: negative)
    }

    private static func signed(_ magnitude: UInt64, negative: Bool) -> Int64? {
        if negative {
            return magnitude <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil
        }
        return magnitude < 1 << 63 ? Int64(magnitude) : nil
    }

    /// A decimal floating-point number that fills `bytes`: `-12.5e3`, `.5`, `7`. Correctly rounded. `inf` and
    /// `nan` are not numbers here.
    public static func float64(_ bytes: Span<UInt8>) -> Double? {
        let count = bytes.count
        guard count > 0, count <= 400 else { return nil }
        var index = 0
        let negative = bytes[0] == UInt8(ascii: "-")
        if negative || bytes[0] == UInt8(ascii: "+") { index = 1 }
        var mantissa: UInt64 = 0
        var digits = 0
        var significant = 0
        var exponent = 0
        while index < count {
            let digit = bytes[index] &- 48
            guard digit < 10 else { break }
            digits += 1
            if significant > 0 || digit != 0 { significant += 1 }
            mantissa = mantissa &* 10 &+ UInt64(digit)
            index += 1
        }
        if index < count, bytes[index] == UInt8(ascii: ".") {
            index += 1
            while index < count {
                let digit = bytes[index] &- 48
                guard digit < 10 else { break }
                digits += 1
                if significant > 0 || digit != 0 { significant += 1 }
                mantissa = mantissa &* 10 &+ UInt64(digit)
                exponent -= 1
                index += 1
            }
        }
        guard digits > 0 else { return nil }
        if index < count {
            guard bytes[index] | 0x20 == UInt8(ascii: "e") else { return nil }
            guard let written = exponentPart(bytes, from: index + 1) else { return nil }
            exponent += written
        }
        // Both factors are exact doubles, so one operation rounds once (Clinger 1990).
        if significant <= 19, mantissa < 1 << 53, exponent >= -22, exponent <= 22 {
            let value = Double(mantissa)
            let scaled = exponent < 0 ? value / powersOfTen[-exponent] : value * powersOfTen[exponent]
            return negative ? -scaled : scaled
        }
        return bytes.withUnsafeBufferPointer { Double(String(decoding: $0, as: UTF8.self)) }
    }

    static func exponentPart(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        var index = start
        guard index < bytes.count else { return nil }
        let negative = bytes[index] == UInt8(ascii: "-")
        if negative || bytes[index] == UInt8(ascii: "+") { index += 1 }
        guard index < bytes.count, bytes.count - index <= 18 else { return nil }
        var value = 0
        while index < bytes.count {
            let digit = bytes[index] &- 48
            guard digit < 10 else { return nil }
            value = value * 10 + Int(digit)
            index += 1
        }
        return negative ? -value : value
    }

    private static let powersOfTen: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]
}
