/// The non-empty elements of a comma-separated list (RFC 9110 §5.6.1), trimmed; commas in quoted strings don't split.
public struct ListElements: ~Escapable {
    private let bytes: Span<UInt8>
    private var position = 0

    @_lifetime(copy bytes)
    public init(_ bytes: Span<UInt8>) { self.bytes = bytes }

    /// Range of the next element in the list's span.
    @_lifetime(self: copy self)
    public mutating func next() -> Range<Int>? {
        while position < bytes.count {
            var start = position
            var end = elementEnd()
            position = end + 1
            while start < end, ByteClass.isSpace(bytes[start]) { start += 1 }
            while end > start, ByteClass.isSpace(bytes[end - 1]) { end -= 1 }
            if start < end { return start..<end }
        }
        return nil
    }

    @_lifetime(copy self)
    public func slice(_ range: Range<Int>) -> Span<UInt8> { bytes.extracting(range) }

    /// Where the element at `position` ends: at a comma outside quotes or at the end.
    private func elementEnd() -> Int {
        var index = position
        var isQuoted = false
        while index < bytes.count {
            let byte = bytes[index]
            if isQuoted, byte == 0x5C {
                index += 1
            } else if byte == 0x22 {
                isQuoted.toggle()
            } else if byte == 0x2C, !isQuoted {
                return index
            }
            index += 1
        }
        return bytes.count
    }
}
