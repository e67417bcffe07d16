import Bytes

/// `Content-Type` (RFC 9110 §8.3) in lines as ``HeadWriter`` writes them.
public enum ContentType {
    /// Where the media type stands, without parameters; an empty range where there is none.
    public static func mediaType(_ bytes: Span<UInt8>, _ lines: Range<Int>) -> Range<Int> {
        var line = lines.lowerBound
        while line + 14 < lines.upperBound {
            if bytes[line] | 0x20 == 0x63, bytes[line + 12] == 0x3A,
                bytes.extracting(line..<line + 12).equalsIgnoringCase(name.span)
            {
                var start = line + 13
                while start < lines.upperBound, bytes[start] == 0x20 { start += 1 }
                var end = start
                while end < lines.upperBound, bytes[end] > 0x20, bytes[end] != 0x3B { end += 1 }
                return start..<end
            }
            guard let end = bytes.firstIndex(of: 0x0A, from: line) else { break }
            line = end + 1
        }
        return lines.lowerBound..<lines.lowerBound
    }

    private static let name: [UInt8] = Array("content-type".utf8)
}
