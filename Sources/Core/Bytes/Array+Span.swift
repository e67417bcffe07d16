extension [UInt8] {
    /// Appends a span's bytes with one copy.
    public mutating func append(contentsOf bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { append(contentsOf: $0) }
    }

    public init(_ bytes: Span<UInt8>) {
        self = bytes.withUnsafeBufferPointer { Array($0) }
    }
}

extension OutputSpan<UInt8> {
    /// Appends a span's bytes with one copy.
    /// - Precondition: there is room for them.
    public mutating func append(contentsOf bytes: Span<UInt8>) {
        withUnsafeMutableBufferPointer { buffer, count in
            precondition(bytes.count <= buffer.count - count, "more bytes than there is room for")
            bytes.withUnsafeBufferPointer { source in
                guard let from = source.baseAddress, let base = buffer.baseAddress else { return }
                (base + count).update(from: from, count: source.count)
            }
            count += bytes.count
        }
    }
}

extension OutputSpan<UInt8> {
    /// Appends a span's bytes with ASCII letters in lower case.
    /// - Precondition: there is room for them.
    public mutating func append(lowercasing bytes: Span<UInt8>) {
        for index in bytes.indices {
            let byte = bytes[index]
            append(byte &- 0x41 < 26 ? byte | 0x20 : byte)
        }
    }
}

extension OutputSpan<UInt8> {
    /// Appends a literal's bytes with one copy.
    /// - Precondition: there is room for them.
    public mutating func append(contentsOf text: StaticString) {
        text.withUTF8Buffer { append(contentsOf: $0.span) }
    }
}

extension [UInt8] {
    /// Appends a literal's bytes with one copy.
    public mutating func append(contentsOf text: StaticString) {
        text.withUTF8Buffer { append(contentsOf: $0) }
    }
}
