/// Classes of octets in HTTP grammar as bit sets: no table in memory.
enum ByteClass {
    /// RFC 9110 §5.6.2 tchar.
    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool { contains(byte, low: tokenLow, high: tokenHigh) }

    /// Octets of a request target: VCHAR without "#" (a fragment never goes on the wire). RFC 3986 allows fewer, but
    /// browsers send `"`, `<`, `|`, `{` in queries.
    @inline(__always)
    static func isTarget(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F && byte != 0x23 }

    /// Octets of a host (RFC 3986 §3.2.2: unreserved, sub-delims, "%") and of an IP literal in brackets.
    @inline(__always)
    static func isHost(_ byte: UInt8) -> Bool { contains(byte, low: hostLow, high: hostHigh) }

    /// Field content: anything but controls; tab is fine (RFC 9110 §5.5).
    @inline(__always)
    static func isFieldContent(_ byte: UInt8) -> Bool { (byte >= 0x20 && byte != 0x7F) || byte == 0x09 }

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    @inline(__always)
    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    @inline(__always)
    static func hexValue(_ byte: UInt8) -> UInt8? {
        if byte &- 0x30 < 10 { return byte &- 0x30 }
        let letter = (byte | 0x20) &- 0x61
        return letter < 6 ? letter + 10 : nil
    }

    @inline(__always)
    private static func contains(_ byte: UInt8, low: UInt64, high: UInt64) -> Bool {
        let bits = byte < 64 ? low : byte < 128 ? high : 0
        return bits >> UInt64(byte & 63) & 1 != 0
    }

    /// "!#$%&'*+-." and digits; letters and "^_`|~".
    private static let tokenLow: UInt64 = 0x03FF_6CFA_0000_0000
    private static let tokenHigh: UInt64 = 0x57FF_FFFF_C7FF_FFFE
    /// "!$%&'()*+,-.;=" and digits; letters and "_~".
    private static let hostLow: UInt64 = 0x2BFF_7FF2_0000_0000
    private static let hostHigh: UInt64 = 0x47FF_FFFE_87FF_FFFE
}
