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
            bytes.withUnsafeBytes { source in
                guard let from = source.baseAddress, let base = buffer.baseAddress else { return }
                UnsafeMutableRawPointer(base + count).copySmall(from: from, source.count)
            }
            count += bytes.count
        }
    }

    /// Appends up to three bytes of a number, the lowest first, and then a span's.
    /// - Precondition: there is room for four bytes and the span's.
    public mutating func append(_ prefix: UInt32, count prefixCount: Int, contentsOf bytes: Span<UInt8>) {
        withUnsafeMutableBufferPointer { buffer, count in
            precondition(bytes.count + 4 <= buffer.count - count && prefixCount & ~3 == 0, "more bytes than room")
            bytes.withUnsafeBytes { source in
                guard let base = buffer.baseAddress else { return }
                let target = UnsafeMutableRawPointer(base + count)
                target.storeBytes(of: prefix.littleEndian, as: UInt32.self)
                if let from = source.baseAddress { (target + prefixCount).copySmall(from: from, source.count) }
            }
            count += prefixCount + bytes.count
        }
    }

    /// Appends a span's bytes with ASCII letters in lower case.
    /// - Precondition: there is room for them.
    public mutating func append(lowercasing bytes: Span<UInt8>) {
        withUnsafeMutableBufferPointer { buffer, count in
            precondition(bytes.count <= buffer.count - count, "more bytes than there is room for")
            bytes.withUnsafeBytes { source in
                guard let from = source.baseAddress, let base = buffer.baseAddress else { return }
                let target = UnsafeMutableRawPointer(base + count)
                var index = 0
                while index + 8 <= source.count {
                    let eight = from.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                    target.storeBytes(of: eight.lowercasedASCII, toByteOffset: index, as: UInt64.self)
                    index += 8
                }
                while index < source.count {
                    let byte = from.load(fromByteOffset: index, as: UInt8.self)
                    target.storeBytes(of: byte &- 0x41 < 26 ? byte | 0x20 : byte, toByteOffset: index, as: UInt8.self)
                    index += 1
                }
            }
            count += bytes.count
        }
    }
}

extension UInt64 {
    /// Eight bytes at once: 0x20 is added to those from "A" to "Z".
    fileprivate var lowercasedASCII: UInt64 {
        let low = self & 0x7f7f_7f7f_7f7f_7f7f
        let fromA = low &+ 0x3f3f_3f3f_3f3f_3f3f
        let beyondZ = low &+ 0x2525_2525_2525_2525
        let isLetter = fromA & ~beyondZ & ~self & 0x8080_8080_8080_8080
        return self | isLetter &>> 2
    }
}

extension UnsafeMutableRawPointer {
    /// Without a call where there is little: two copies that overlap.
    @inline(__always)
    fileprivate func copySmall(from source: UnsafeRawPointer, _ count: Int) {
        if count > 32 { return copyMemory(from: source, byteCount: count) }
        if count >= 16 {
            copy(source, 0, SIMD16<UInt8>.self)
            return copy(source, count - 16, SIMD16<UInt8>.self)
        }
        if count >= 8 {
            copy(source, 0, UInt64.self)
            return copy(source, count - 8, UInt64.self)
        }
        if count >= 4 {
            copy(source, 0, UInt32.self)
            return copy(source, count - 4, UInt32.self)
        }
        guard count > 0 else { return }
        copy(source, 0, UInt8.self)
        copy(source, count >> 1, UInt8.self)
        copy(source, count - 1, UInt8.self)
    }

    @inline(__always)
    private func copy<Value: BitwiseCopyable>(_ source: UnsafeRawPointer, _ offset: Int, _ type: Value.Type) {
        storeBytes(of: source.loadUnaligned(fromByteOffset: offset, as: type), toByteOffset: offset, as: type)
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
