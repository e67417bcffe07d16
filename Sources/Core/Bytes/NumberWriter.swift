/// Numbers into ASCII bytes, at the end of a buffer that the caller re-uses.
public enum NumberWriter {
    public static func append(_ value: Int64, to buffer: inout [UInt8]) {
        if value < 0 { buffer.append(UInt8(ascii: "-")) }
        append(value.magnitude, to: &buffer)
    }

    public static func append(_ value: Int, to buffer: inout [UInt8]) {
        append(Int64(value), to: &buffer)
    }

    public static func append(_ value: UInt64, to buffer: inout [UInt8]) {
        if value < 10 {
            buffer.append(48 &+ UInt8(truncatingIfNeeded: value))
            return
        }
        // Of 20 digits at most, the last eight of which are stored as a word.
        buffer.append(addingCapacity: 24) { append(value, to: &$0) }
    }

    /// Appends to memory that is there.
    public static func append(_ value: UInt64, to output: inout OutputSpan<UInt8>) {
        if value < 10 { return output.append(48 &+ UInt8(truncatingIfNeeded: value)) }
        let upper = value / 100_000_000
        if upper > 0 { append(upper, to: &output) }
        let (digits, count) = digits(value &- upper &* 100_000_000, isFirst: upper == 0)
        output.withUnsafeMutableBufferPointer { buffer, filled in
            let rest = UnsafeMutableRawBufferPointer(buffer)
            if buffer.count - filled >= 8 {
                rest.storeBytes(of: digits, toByteOffset: filled, as: UInt64.self)
            } else {
                for index in 0..<count {
                    buffer[filled + index] = UInt8(truncatingIfNeeded: digits >> UInt64(8 * index))
                }
            }
            filled += count
        }
    }

    /// Up to eight digits in a word whose bytes in memory are in their order; all eight but for the first ones of a number.
    /// All at once: the halves of the word, then its quarters, then its bytes are divided side by side.
    @inline(__always)
    private static func digits(_ value: UInt64, isFirst: Bool) -> (digits: UInt64, count: Int) {
        let high = value / 10_000
        let fours = high | (value &- high &* 10_000) << 32
        let hundreds = (fours &* 10_486) >> 20 & 0x0000_007F_0000_007F
        let twos = hundreds | (fours &- hundreds &* 100) << 16
        let tens = (twos &* 103) >> 10 & 0x000F_000F_000F_000F
        let ones = tens | (twos &- tens &* 10) << 8
        let zeros = isFirst ? min(7, ones.trailingZeroBitCount / 8) : 0
        let text = (ones | 0x3030_3030_3030_3030) >> UInt64(8 * zeros)
        return (text.littleEndian, 8 - zeros)
    }

    /// `value` in decimal with zeros in front, at least `width` digits.
    public static func append(_ value: UInt64, width: Int, to buffer: inout [UInt8]) {
        var limit: UInt64 = 10
        for _ in 1..<max(width, 1) {
            if value < limit { buffer.append(48) }
            let (product, overflow) = limit.multipliedReportingOverflow(by: 10)
            limit = overflow ? .max : product
        }
        append(value, to: &buffer)
    }

    /// The decimal number `value` * 10^-`scale`, with all digits behind the point: `0.50` of 50 and 2.
    /// - Parameter scale: 0 to 38.
    public static func append(decimal value: Int128, scale: Int, to buffer: inout [UInt8]) {
        if value < 0 { buffer.append(UInt8(ascii: "-")) }
        // 39 digits of the least number of 128 bits, and a zero before the point of 38.
        var digits = InlineArray<40, UInt8>(repeating: 48)
        var start = 40
        var rest = value.magnitude
        while rest > 0 {
            // 10^19 is the greatest power in a word, and more than the upper word of any magnitude.
            let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10_000_000_000_000_000_000)
            var word = UInt64(truncatingIfNeeded: remainder)
            let end = start
            while word > 0 {
                start -= 1
                digits[start] = 48 &+ UInt8(truncatingIfNeeded: word % 10)
                word /= 10
            }
            rest = quotient
            if rest > 0 { start = end - 19 }
        }
        start = min(start, 39 - scale)
        let point = 40 - scale
        digits.span.extracting(start..<point).withUnsafeBufferPointer { buffer.append(contentsOf: $0) }
        if scale == 0 { return }
        buffer.append(UInt8(ascii: "."))
        digits.span.extracting(point..<40).withUnsafeBufferPointer { buffer.append(contentsOf: $0) }
    }

    /// `value` in lower-case hexadecimal without zeros in front.
    public static func appendHexadecimal(_ value: UInt64, to buffer: inout [UInt8]) {
        var shift = max(0, (67 - value.leadingZeroBitCount) / 4 * 4 - 4)
        while shift >= 0 {
            let digit = UInt8(truncatingIfNeeded: (value >> UInt64(shift)) & 15)
            buffer.append(digit < 10 ? 48 &+ digit : 87 &+ digit)
            shift -= 4
        }
    }

    /// The shortest decimal that reads back as the same double: `1.5`, `3.0`, `1e+20`, `nan`, `inf`.
    public static func append(_ value: Double, to buffer: inout [UInt8]) {
        if let whole = Int64(exactly: value), whole.magnitude < 1 << 53, whole != 0 || value.sign == .plus {
            append(whole, to: &buffer)
            buffer.append(UInt8(ascii: "."))
            buffer.append(48)
            return
        }
        var text = value.description
        text.withUTF8 { buffer.append(contentsOf: $0) }
    }
}
