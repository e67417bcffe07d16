/// A fixed number of bits, least significant bit first, in 64-bit words. Bits past `count` are zero.
public struct Bitmap: Sendable, Equatable {
    public private(set) var words: [UInt64]
    public private(set) var count: Int

    public init() {
        self.words = []
        self.count = 0
    }

    public init(repeating value: Bool, count: Int) {
        self.words = Array(repeating: value ? .max : 0, count: (count + 63) / 64)
        self.count = count
        clearTail()
    }

    /// - Precondition: `words.count == (count + 63) / 64`. Bits past `count` are cleared.
    public init(words: [UInt64], count: Int) {
        precondition(words.count == (count + 63) / 64, "a bitmap of \(count) bits has \((count + 63) / 64) words")
        self.words = words
        self.count = count
        clearTail()
    }

    public subscript(index: Int) -> Bool {
        get { words[index >> 6] & (1 << UInt64(index & 63)) != 0 }
        set {
            if newValue {
                words[index >> 6] |= 1 << UInt64(index & 63)
            } else {
                words[index >> 6] &= ~(1 << UInt64(index & 63))
            }
        }
    }

    public mutating func append(_ value: Bool) {
        if count & 63 == 0 { words.append(0) }
        if value { words[count >> 6] |= 1 << UInt64(count & 63) }
        count += 1
    }

    public mutating func removeLast() {
        precondition(count > 0, "no bit to take back")
        count -= 1
        if count & 63 == 0 { words.removeLast() } else { words[count >> 6] &= ~(1 << UInt64(count & 63)) }
    }

    public mutating func removeAll(keepingCapacity: Bool) {
        words.removeAll(keepingCapacity: keepingCapacity)
        count = 0
    }

    /// How many bits are set.
    public var setCount: Int {
        var total = 0
        for word in words { total += word.nonzeroBitCount }
        return total
    }

    private mutating func clearTail() {
        let used = count & 63
        if used != 0 { words[words.count - 1] &= (1 << UInt64(used)) - 1 }
    }
}
