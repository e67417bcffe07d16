import Glibc

extension Span where Element == UInt8 {
    /// Whether the bytes are the same.
    public func isEqual(to other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        if count == 0 { return true }
        return withUnsafeBufferPointer { left in
            other.withUnsafeBufferPointer { right in
                guard let leftBase = left.baseAddress, let rightBase = right.baseAddress else { return true }
                return memcmp(leftBase, rightBase, left.count) == 0
            }
        }
    }

    /// Whether the bytes are those of `text`.
    public func isEqual(to text: StaticString) -> Bool {
        text.withUTF8Buffer { isEqual(to: $0.span) }
    }

    /// Less than 0, 0 or more than 0, as `memcmp`; the shorter of two with the same start is less.
    public func compare(_ other: Span<UInt8>) -> Int {
        let common = Swift.min(count, other.count)
        if common > 0 {
            let order = withUnsafeBufferPointer { left in
                other.withUnsafeBufferPointer { right -> Int32 in
                    guard let leftBase = left.baseAddress, let rightBase = right.baseAddress else { return 0 }
                    return memcmp(leftBase, rightBase, common)
                }
            }
            if order != 0 { return Int(order) }
        }
        return count - other.count
    }
}
