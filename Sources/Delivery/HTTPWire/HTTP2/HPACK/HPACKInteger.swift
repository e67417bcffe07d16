/// Numbers of RFC 7541, 5.1.
enum HPACKInteger {
    /// Beyond this a number can only be meant to do harm: no length or index that is allowed comes near it.
    private static let bound = 1 << 24

    /// Reads a number whose prefix is in the octet at `position`; goes on behind it.
    /// - Parameter prefix: bits of it in that octet, 1 to 8.
    /// - Returns: nil for one that is cut off or out of all bounds.
    @inline(__always)
    static func read(_ bytes: Span<UInt8>, _ position: inout Int, prefix: Int) -> Int? {
        let mask = UInt8(truncatingIfNeeded: (1 << prefix) - 1)
        let first = bytes[position] & mask
        position += 1
        if first < mask { return Int(first) }
        return readRest(bytes, &position, Int(mask))
    }

    private static func readRest(_ bytes: Span<UInt8>, _ position: inout Int, _ first: Int) -> Int? {
        var number = first
        var shift = 0
        while position < bytes.count, shift <= 21 {
            let byte = bytes[position]
            position += 1
            number += Int(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return number <= bound ? number : nil }
            shift += 7
        }
        return nil
    }

    /// - Parameter pattern: the bits above the prefix.
    @inline(__always)
    static func append(_ number: Int, prefix: Int, pattern: UInt8, to output: inout OutputSpan<UInt8>) {
        let mask = (1 << prefix) - 1
        if number < mask { return output.append(pattern | UInt8(truncatingIfNeeded: number)) }
        output.append(pattern | UInt8(truncatingIfNeeded: mask))
        var rest = number - mask
        while rest >= 128 {
            output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        output.append(UInt8(truncatingIfNeeded: rest))
    }
}
