import Bytes

/// Reads bytes that may lie: every step is checked against the end.
struct BoundedReader {
    let bytes: UnsafeRawBufferPointer
    private(set) var position = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    var remaining: Int { bytes.count - position }

    mutating func take(_ count: Int) throws(CodecError) -> UnsafeRawBufferPointer {
        guard count >= 0, count <= remaining else {
            throw CodecError(.truncated, "\(count) bytes announced, \(remaining) there")
        }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
    }

    mutating func byte() throws(CodecError) -> UInt8 { try take(1)[0] }

    mutating func int64() throws(CodecError) -> Int64 {
        Int64(littleEndian: try take(8).loadUnaligned(as: Int64.self))
    }

    /// A width in bits.
    mutating func width(upTo limit: Int) throws(CodecError) -> Int {
        let width = Int(try byte())
        guard width <= limit else { throw CodecError(.malformed, "values of \(width) bits") }
        return width
    }

    /// - Parameter limit: the greatest value that makes sense.
    mutating func varint(upTo limit: Int, _ what: String) throws(CodecError) -> Int {
        let span = bytes.bindMemory(to: UInt8.self).span
        guard let value = Varint.read(span, at: &position) else { throw CodecError(.truncated, "\(what) is cut off") }
        guard value <= UInt64(limit) else { throw CodecError(.limitExceeded, "\(what) is \(value), over \(limit)") }
        return Int(value)
    }

    /// The packed values after their width.
    mutating func packed(count: Int, width: Int) throws(CodecError) -> UnsafeRawBufferPointer {
        try take(BitPacking.byteCount(values: count, width: width))
    }

    func expectEnd() throws(CodecError) {
        if remaining != 0 { throw CodecError(.malformed, "\(remaining) bytes too many") }
    }
}
