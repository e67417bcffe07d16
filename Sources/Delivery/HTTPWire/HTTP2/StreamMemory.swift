/// The streams that a connection had lately, to tell what a frame for one that is closed means (RFC 9113, 5.1).
struct StreamMemory: Sendable {
    private static let size = 256
    private var opened = [Int32](repeating: 0, count: StreamMemory.size)
    private var resetByUs = [Int32](repeating: 0, count: StreamMemory.size)
    private var openedCount = 0
    private var resetCount = 0
    private(set) var last: Int32 = 0

    enum Verdict {
        case fine
        /// The client ended or reset it before.
        case closed
        /// Its number is lower than one that was used before.
        case outOfOrder
    }

    mutating func noteOpened(_ stream: Int32) {
        opened[openedCount & (StreamMemory.size - 1)] = stream
        openedCount += 1
        last = max(last, stream)
    }

    /// The client can't know yet that we broke it off, so what it still sends is to be ignored.
    mutating func noteReset(_ stream: Int32) {
        resetByUs[resetCount & (StreamMemory.size - 1)] = stream
        resetCount += 1
    }

    /// What a HEADERS or DATA frame for a stream that is not open means.
    func verdict(_ stream: Int32) -> Verdict {
        guard stream != 0, stream & 1 == 1, stream <= last, !resetByUs.contains(stream) else { return .fine }
        return opened.contains(stream) ? .closed : .outOfOrder
    }
}
