import CPlatform

/// Where in a line of `name: value CRLF` its first colon and its end are.
public struct LineMark: Sendable {
    public var colon: UInt32 = 0
    /// The carriage return.
    public var end: UInt32 = 0

    public init() {}
}

extension Span where Element == UInt8 {
    /// Finds the lines from `start` on, 64 bytes looked at once, until the marks are full or no line has a colon.
    /// - Returns: how many marks were set.
    public func markLines(from start: Int, _ marks: inout InlineArray<32, LineMark>) -> Int {
        precondition(start >= 0 && start <= count, "a start past the end")
        return withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return 0 }
            var tail = InlineArray<64, UInt8>(repeating: 0)
            var found = 0
            var colon = -1
            var block = start
            while block < buffer.count {
                let left = buffer.count - block
                var colons: UInt64
                var ends: UInt64
                if left >= 64 {
                    colons = squilla_mask64_equal(base + block, 0x3A)
                    ends = squilla_mask64_equal(base + block, 0x0D)
                } else {
                    var rest = tail.mutableSpan
                    (colons, ends) = rest.withUnsafeMutableBufferPointer { rest in
                        guard let rest = rest.baseAddress else { return (0, 0) }
                        rest.update(from: base + block, count: left)
                        return (squilla_mask64_equal(rest, 0x3A), squilla_mask64_equal(rest, 0x0D))
                    }
                }
                while true {
                    if colon < 0 {
                        guard colons != 0 else { break }
                        let bit = colons.trailingZeroBitCount
                        colon = block + bit
                        ends &= UInt64.max << UInt64(bit)
                    }
                    guard ends != 0 else { break }
                    let bit = ends.trailingZeroBitCount
                    marks[found].colon = UInt32(truncatingIfNeeded: colon)
                    marks[found].end = UInt32(truncatingIfNeeded: block + bit)
                    found += 1
                    if found == marks.count { return found }
                    colon = -1
                    ends &= ends &- 1
                    colons &= UInt64.max << UInt64(bit)
                }
                block += 64
            }
            return found
        }
    }
}
