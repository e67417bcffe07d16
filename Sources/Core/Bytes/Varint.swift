/// Unsigned LEB128: seven bits a byte, the lowest first, the top bit set on all bytes but the last.
public enum Varint {
    /// The most bytes a 64-bit value takes.
    public static let maximumLength = 10

    public static func append(_ value: UInt64, to buffer: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            buffer.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        buffer.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Reads at `index` and moves it past the value; `nil`, with `index` as it was, when the bytes end early or the
    /// value is over 64 bits.
    public static func read(_ bytes: Span<UInt8>, at index: inout Int) -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        var position = index
        while position < bytes.count, shift < 64 {
            let byte = bytes[position]
            position += 1
            if shift == 63, byte > 1 { return nil }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 {
                index = position
                return value
            }
            shift += 7
        }
        return nil
    }

    /// Small magnitudes to small unsigned values: 0, -1, 1, -2 become 0, 1, 2, 3.
    public static func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: (value << 1) ^ (value >> 63)) }

    public static func unzigzag(_ value: UInt64) -> Int64 { Int64(bitPattern: (value >> 1) ^ (0 &- (value & 1))) }
}
