extension Bitmap {
    /// Bits of `range`.
    public func slice(_ range: Range<Int>) -> Bitmap {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "bits \(range) of \(count)")
        let shift = UInt64(range.lowerBound & 63)
        let first = range.lowerBound >> 6
        let wordCount = (range.count + 63) / 64
        let sliced = [UInt64](capacity: wordCount) { output in
            for index in 0..<wordCount {
                var word = words[first + index] >> shift
                if shift > 0, first + index + 1 < words.count { word |= words[first + index + 1] << (64 - shift) }
                output.append(word)
            }
        }
        return Bitmap(words: sliced, count: range.count)
    }

    /// The bits of the selection vector, in its order.
    public func select(rows: [UInt32]) -> Bitmap {
        let wordCount = (rows.count + 63) / 64
        let selected = [UInt64](capacity: wordCount) { output in
            for index in 0..<wordCount {
                var word: UInt64 = 0
                for row in index * 64..<min(index * 64 + 64, rows.count) where self[Int(rows[row])] {
                    word |= 1 << UInt64(row & 63)
                }
                output.append(word)
            }
        }
        return Bitmap(words: selected, count: rows.count)
    }

    /// All bits of `other` after these.
    public mutating func append(_ other: Bitmap) {
        let shift = UInt64(count & 63)
        let total = count + other.count
        var joined = words
        joined.reserveCapacity((total + 63) / 64 + 1)
        if shift == 0 {
            joined.append(contentsOf: other.words)
        } else {
            for word in other.words {
                joined[joined.count - 1] |= word << shift
                joined.append(word >> (64 - shift))
            }
        }
        joined.removeLast(joined.count - (total + 63) / 64)
        self = Bitmap(words: joined, count: total)
    }
}
