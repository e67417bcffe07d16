/// Watches the frames of a connection for PRIORITY frames that break RFC 9113, 6.3 and 5.3.1. nghttp2 reads none of
/// them where RFC 9218 has taken their place, but a client that sends such a thing is broken or hostile all the same.
struct PriorityFrames: Sendable {
    private static let headBytes = 9
    private static let priorityType: UInt8 = 2
    private static let prefaceBytes = 24

    /// Bytes to skip before the next frame.
    private var skip = PriorityFrames.prefaceBytes
    /// The head of a frame, and of a PRIORITY frame the four bytes after it.
    private var head = InlineArray<13, UInt8>(repeating: 0)
    private var count = 0

    /// Takes the connection's bytes in order; false once such a frame was there.
    mutating func accepts(_ bytes: Span<UInt8>) -> Bool {
        var index = 0
        while index < bytes.count {
            if skip > 0 {
                let passed = min(skip, bytes.count - index)
                skip -= passed
                index += passed
                continue
            }
            head[count] = bytes[index]
            count += 1
            index += 1
            if count < PriorityFrames.headBytes { continue }
            let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
            let isPriority = head[3] == PriorityFrames.priorityType && length == 5
            if isPriority, count < 13 { continue }
            skip = length - (count - PriorityFrames.headBytes)
            count = 0
            if isPriority, !isValid { return false }
        }
        return true
    }

    private var isValid: Bool {
        let stream = number(at: 5)
        return stream != 0 && stream != number(at: 9)
    }

    private func number(at start: Int) -> UInt32 {
        let high = UInt32(head[start] & 0x7f) << 24 | UInt32(head[start + 1]) << 16
        return high | UInt32(head[start + 2]) << 8 | UInt32(head[start + 3])
    }
}
