import Bytes

/// Quoted strings (RFC 9110 §5.6.4).
enum QuotedText {
    /// The content of a quoted string with its escapes undone, or the bytes themselves if they are not quoted.
    static func unquote(_ bytes: Span<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        guard bytes.count >= 2, bytes[0] == 0x22, bytes[bytes.count - 1] == 0x22 else {
            out.append(contentsOf: bytes)
            return out
        }
        var index = 1
        while index < bytes.count - 1 {
            if bytes[index] == 0x5C, index + 1 < bytes.count - 1 { index += 1 }
            out.append(bytes[index])
            index += 1
        }
        return out
    }

    /// Appends text as a quoted string.
    static func append(_ bytes: some Sequence<UInt8>, to buffer: inout [UInt8]) {
        buffer.append(0x22)
        for byte in bytes where ByteClass.isFieldContent(byte) {
            if byte == 0x22 || byte == 0x5C { buffer.append(0x5C) }
            buffer.append(byte)
        }
        buffer.append(0x22)
    }
}
