/// Comparisons of octets with ASCII text.
extension Span where Element == UInt8 {
    /// Equal octets, ASCII letters in any case.
    public func equalsIgnoringCase(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        var index = 0
        while index < count {
            if self[index].asciiLowercased != other[index].asciiLowercased { return false }
            index += 1
        }
        return true
    }

    /// Equal to ASCII text in any case.
    public func equalsIgnoringCase(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { equalsIgnoringCase($0.span) }
    }

    /// Equal to ASCII text in any case; for short words off the hottest path.
    @_disfavoredOverload
    public func equalsIgnoringCase(_ text: String) -> Bool {
        guard text.utf8.count == count else { return false }
        var index = 0
        for byte in text.utf8 {
            if self[index].asciiLowercased != byte.asciiLowercased { return false }
            index += 1
        }
        return true
    }
}

extension UInt8 {
    @inline(__always)
    var asciiLowercased: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }
}
