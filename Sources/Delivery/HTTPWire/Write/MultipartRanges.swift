import Bytes

/// A `multipart/byteranges` body: the lines between the parts, and its length ahead of time (RFC 9110 §14.6).
public struct MultipartRanges: Sendable {
    public let parts: [Range<UInt64>]
    /// What stands before each part's data.
    public let partHeads: [[UInt8]]
    /// What stands after the last part's data.
    public let end: [UInt8]
    /// Value of Content-Type.
    public let contentType: [UInt8]

    /// - Parameters:
    ///   - partType: Content-Type of the whole, or empty.
    ///   - boundary: a random number; it must not occur in the data, which 64 random bits make certain enough.
    public init(parts: [Range<UInt64>], length: UInt64, partType: Span<UInt8>, boundary: UInt64) {
        var mark: [UInt8] = Array("squilla-".utf8)
        NumberWriter.appendHexadecimal(boundary, to: &mark)
        var heads: [[UInt8]] = []
        for part in parts {
            var head: [UInt8] = Array("\r\n--".utf8)
            head.append(contentsOf: mark)
            if partType.count > 0 {
                head.append(contentsOf: "\r\nContent-Type: ")
                head.append(contentsOf: partType)
            }
            head.append(contentsOf: "\r\nContent-Range: ")
            MultipartRanges.appendContentRange(part, length: length, to: &head)
            head.append(contentsOf: "\r\n\r\n")
            heads.append(head)
        }
        self.parts = parts
        self.partHeads = heads
        self.end = Array("\r\n--".utf8) + mark + Array("--\r\n".utf8)
        self.contentType = Array("multipart/byteranges; boundary=".utf8) + mark
    }

    /// Content-Length of the body.
    public var length: UInt64 {
        var total = UInt64(end.count)
        for (part, head) in zip(parts, partHeads) { total += UInt64(head.count) + UInt64(part.count) }
        return total
    }

    /// `bytes 0-4/10`
    public static func appendContentRange(_ range: Range<UInt64>, length: UInt64, to buffer: inout [UInt8]) {
        buffer.append(contentsOf: "bytes ")
        NumberWriter.append(range.lowerBound, to: &buffer)
        buffer.append(0x2D)
        NumberWriter.append(range.upperBound - 1, to: &buffer)
        buffer.append(0x2F)
        NumberWriter.append(length, to: &buffer)
    }
}
