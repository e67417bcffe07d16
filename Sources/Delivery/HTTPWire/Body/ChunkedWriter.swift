import Bytes

/// Writes chunked transfer coding (RFC 9112 §7.1).
public enum ChunkedWriter {
    /// The line before a chunk's data. After the data comes ``lineEnd``.
    /// - Precondition: `size` is above 0; a chunk of size 0 would end the body.
    public static func appendHead(size: Int, to buffer: inout [UInt8]) {
        precondition(size > 0, "an empty chunk ends the body")
        NumberWriter.appendHexadecimal(UInt64(size), to: &buffer)
        buffer.append(0x0D)
        buffer.append(0x0A)
    }

    public static let lineEnd: [UInt8] = [0x0D, 0x0A]
    /// The end of a body without trailers.
    public static let end: [UInt8] = Array("0\r\n\r\n".utf8)

    /// The end of a body with those trailer fields that may be passed on: nothing that the edge or a cache acts on
    /// (RFC 9110 §6.5.1).
    public static func appendEnd(trailers: HeaderBlock, to buffer: inout [UInt8]) {
        buffer.append(contentsOf: [0x30, 0x0D, 0x0A])
        for field in trailers.fields where field.id == .other {
            buffer.append(contentsOf: trailers.slice(field.name))
            buffer.append(0x3A)
            buffer.append(0x20)
            buffer.append(contentsOf: trailers.slice(field.value))
            buffer.append(contentsOf: lineEnd)
        }
        buffer.append(contentsOf: lineEnd)
    }
}
