extension ByteStrings {
    /// Offsets are 32 bits wide: a column holds at most 4 GiB of text.
    static func checkedOffset(_ offset: Int) -> UInt32 {
        precondition(offset <= Int(UInt32.max), "a column of more than 4 GiB")
        return UInt32(truncatingIfNeeded: offset)
    }

    /// String `row` of `other`.
    public mutating func append(_ other: ByteStrings, row: Int) {
        let range = other.range(row)
        other.bytes.withUnsafeBufferPointer { bytes.append(contentsOf: UnsafeBufferPointer(rebasing: $0[range])) }
        offsets.append(Self.checkedOffset(bytes.count))
    }

    public mutating func append(_ value: Span<UInt8>) {
        value.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
        offsets.append(Self.checkedOffset(bytes.count))
    }

    /// All strings of `other` after these.
    public mutating func append(contentsOf other: ByteStrings) {
        let end = Int(offsets[offsets.count - 1])
        let base = Self.checkedOffset(end)
        bytes.append(contentsOf: other.bytes[..<Int(other.offsets[other.count])])
        _ = Self.checkedOffset(bytes.count)
        offsets.reserveCapacity(offsets.count + other.count)
        for offset in other.offsets.dropFirst() { offsets.append(base + offset) }
    }

    /// Strings of `range`, copied.
    public func slice(_ range: Range<Int>) -> ByteStrings {
        let start = offsets[range.lowerBound]
        let end = offsets[range.upperBound]
        let moved = [UInt32](capacity: range.count + 1) { output in
            for index in range.lowerBound...range.upperBound { output.append(offsets[index] - start) }
        }
        return ByteStrings(offsets: moved, bytes: Array(bytes[Int(start)..<Int(end)]))
    }

    /// The strings of the selection vector, in its order.
    public func select(rows: [UInt32]) -> ByteStrings {
        var selected = ByteStrings()
        var total = 0
        for row in rows { total += range(Int(row)).count }
        selected.bytes.reserveCapacity(total)
        selected.offsets.reserveCapacity(rows.count + 1)
        for row in rows { selected.append(self, row: Int(row)) }
        return selected
    }
}
