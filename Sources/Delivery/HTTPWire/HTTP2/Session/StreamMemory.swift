/// The streams that a connection had lately, to tell what a frame for one that is closed means (RFC 9113, 5.1): a bit
/// for each of the last 512 numbers that a client may use.
struct StreamMemory: Sendable {
    private static let size = 512
    private var opened = InlineArray<8, UInt64>(repeating: 0)
    private var resetByUs = InlineArray<8, UInt64>(repeating: 0)
    private(set) var last: Int32 = -1

    enum Verdict {
        /// We broke it off, which the client can't know yet: what it still sends is to be ignored.
        case ignored
        /// The client ended or reset it before.
        case closed
        /// Its number is lower than one that was used before; or it was closed long ago.
        case outOfOrder
    }

    /// - Precondition: odd, and larger than `last`.
    mutating func noteOpened(_ stream: Int32) {
        if Int(stream) - Int(last) > 2 { skip(to: stream) }
        last = stream
        let (word, bit) = StreamMemory.place(stream)
        opened[word] |= bit
        resetByUs[word] &= ~bit
    }

    private mutating func skip(to stream: Int32) {
        guard (Int(stream) - Int(last)) / 2 < StreamMemory.size else {
            opened = InlineArray<8, UInt64>(repeating: 0)
            resetByUs = InlineArray<8, UInt64>(repeating: 0)
            return
        }
        var each = last + 2
        while each < stream {
            let (word, bit) = StreamMemory.place(each)
            opened[word] &= ~bit
            resetByUs[word] &= ~bit
            each += 2
        }
    }

    mutating func noteReset(_ stream: Int32) {
        guard isRemembered(stream) else { return }
        let (word, bit) = StreamMemory.place(stream)
        resetByUs[word] |= bit
    }

    mutating func noteResetByClient(_ stream: Int32) {
        guard isRemembered(stream) else { return }
        let (word, bit) = StreamMemory.place(stream)
        resetByUs[word] &= ~bit
    }

    /// What a HEADERS or DATA frame for a stream means that is not open any more.
    /// - Precondition: odd, and at most `last`.
    func verdict(_ stream: Int32) -> Verdict {
        guard isRemembered(stream) else { return .outOfOrder }
        let (word, bit) = StreamMemory.place(stream)
        if resetByUs[word] & bit != 0 { return .ignored }
        return opened[word] & bit != 0 ? .closed : .outOfOrder
    }

    private func isRemembered(_ stream: Int32) -> Bool {
        stream <= last && (Int(last) - Int(stream)) / 2 < StreamMemory.size
    }

    private static func place(_ stream: Int32) -> (word: Int, bit: UInt64) {
        let number = Int(stream >> 1) & (size - 1)
        return (number >> 6, 1 << UInt64(number & 63))
    }
}
