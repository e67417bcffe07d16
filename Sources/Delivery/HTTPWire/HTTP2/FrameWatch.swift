/// Reads the heads of a connection's frames before nghttp2 does, for what nghttp2 passes over without a word: DATA for
/// streams that are over (RFC 9113, 5.1), windows of them that are opened by nothing (6.9), and PRIORITY frames that
/// break 5.3.1 and 6.3. It reads none of the last where RFC 9218 has taken their place, but a client that sends such a
/// thing is broken or hostile all the same.
struct FrameWatch: Sendable {
    enum Finding: Equatable {
        /// No further frame that matters begins in these bytes.
        case nothing
        /// A DATA frame begins.
        /// - Parameter start: where; 0 also where its head began in earlier bytes.
        case data(stream: Int32, start: Int)
        /// A WINDOW_UPDATE of 0.
        case emptyWindow(stream: Int32, start: Int)
        case badPriority
    }

    private static let headBytes = 9
    private static let dataType: UInt8 = 0
    private static let priorityType: UInt8 = 2
    private static let windowType: UInt8 = 8
    private static let prefaceBytes = 24

    /// Bytes to skip before the next frame.
    private var skip = FrameWatch.prefaceBytes
    /// The head of a frame, and of a PRIORITY or WINDOW_UPDATE frame the four bytes after it.
    private var head = InlineArray<13, UInt8>(repeating: 0)
    private var count = 0

    /// Goes on to the next frame that matters.
    /// - Parameters:
    ///   - bytes: the connection's next bytes; the same until `position` is at their end.
    ///   - position: where to go on, from 0.
    mutating func next(_ bytes: Span<UInt8>, _ position: inout Int) -> Finding {
        while position < bytes.count {
            if skip > 0 {
                let passed = min(skip, bytes.count - position)
                skip -= passed
                position += passed
                continue
            }
            head[count] = bytes[position]
            count += 1
            position += 1
            if count < FrameWatch.headBytes { continue }
            let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
            let isPriority = head[3] == FrameWatch.priorityType && length == 5
            let isWindow = head[3] == FrameWatch.windowType && length == 4
            if isPriority || isWindow, count < 13 { continue }
            let start = max(0, position - count)
            skip = length - (count - FrameWatch.headBytes)
            count = 0
            if isPriority, !isValidPriority { return .badPriority }
            if head[3] == FrameWatch.dataType {
                return .data(stream: Int32(number(at: 5)), start: start)
            }
            if isWindow, number(at: 9) == 0 { return .emptyWindow(stream: Int32(number(at: 5)), start: start) }
        }
        return .nothing
    }

    private var isValidPriority: Bool {
        let stream = number(at: 5)
        return stream != 0 && stream != number(at: 9)
    }

    /// 31 bits: the highest one is reserved, or says something else.
    private func number(at start: Int) -> UInt32 {
        let high = UInt32(head[start] & 0x7f) << 24 | UInt32(head[start + 1]) << 16
        return high | UInt32(head[start + 2]) << 8 | UInt32(head[start + 3])
    }
}
