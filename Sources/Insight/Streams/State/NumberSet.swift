/// A set of small numbers, a bit each: of groups, or of places of rows.
struct NumberSet {
    private var words: [UInt64]

    /// - Parameter count: one more than the largest number there can be.
    init(count: Int) { words = Array(repeating: 0, count: (count + 63) / 64) }

    func contains(_ number: Int) -> Bool { words[number >> 6] & (1 << UInt64(number & 63)) != 0 }

    /// - Returns: how many were not in it.
    @discardableResult
    mutating func insert(_ numbers: [UInt32]) -> Int {
        var fresh = 0
        let numbers = numbers.span
        var words = words.mutableSpan
        for index in numbers.indices {
            let bit = UInt64(1) << UInt64(numbers[index] & 63)
            let place = Int(numbers[index] >> 6)
            if words[place] & bit == 0 { fresh += 1 }
            words[place] |= bit
        }
        return fresh
    }

    mutating func insert(_ range: Range<Int>) {
        for number in range { words[number >> 6] |= 1 << UInt64(number & 63) }
    }

    /// Ascending.
    func members(from first: Int) -> [UInt32] {
        var members: [UInt32] = []
        members.reserveCapacity(words.reduce(0) { $0 + $1.nonzeroBitCount })
        for (place, bits) in words.enumerated() {
            var bits = bits
            while bits != 0 {
                let number = place << 6 | bits.trailingZeroBitCount
                if number >= first { members.append(UInt32(number)) }
                bits &= bits - 1
            }
        }
        return members
    }

    /// Each of the numbers once, ascending.
    ///
    /// - Parameter count: one more than the largest number there can be.
    static func distinct(_ numbers: [UInt32], count: Int) -> [UInt32] {
        var set = NumberSet(count: count)
        set.insert(numbers)
        return set.members(from: 0)
    }
}
