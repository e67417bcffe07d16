import Bytes
import Codings
public import HTTPWire

/// Entity tags of compressed forms: `"v1"` is `"v1-br"`, since two forms of one resource are not the same bytes
/// (RFC 9110 §8.8.3.3). A weak tag stays, for it claims no more than the same meaning.
public enum EncodedTag {
    static func write(_ tag: Span<UInt8>, _ coding: ContentCoding, to writer: inout HeadWriter) {
        guard tag.count >= 2, tag[0] == 0x22, tag[tag.count - 1] == 0x22 else { return writer.field("ETag", tag) }
        writer.startField("ETag")
        writer.bytes.append(contentsOf: tag.extracting(0..<tag.count - 1))
        writer.bytes.append(contentsOf: "-\(coding.token)\"".utf8)
        writer.endLine()
    }

    /// What an origin must be told of `If-Match` besides what the client says: the tags that it knows of those that
    /// stand for compressed forms; nil if there are none. Both are sent, since an origin may have suffixes of its own.
    public static func originals(of block: HeaderBlock) -> [UInt8]? {
        var out: [UInt8] = []
        for field in block.fields where field.id == .ifMatch {
            var list = ListElements(block.slice(field.value))
            while let range = list.next() {
                guard let count = originalCount(list.slice(range)) else { continue }
                if !out.isEmpty { out.append(contentsOf: ", ".utf8) }
                out.append(contentsOf: list.slice(range).extracting(0..<count))
                out.append(0x22)
            }
        }
        return out.isEmpty ? nil : out
    }

    /// Length of a form's tag without the suffix and the closing quote.
    private static func originalCount(_ tag: Span<UInt8>) -> Int? {
        guard tag.count > 2, tag[0] == 0x22 else { return nil }
        for coding in ContentCoding.allCases {
            let suffix = Array("-\(coding.token)\"".utf8)
            let count = tag.count - suffix.count
            if count > 0, tag.extracting(count...).isEqual(to: suffix.span) { return count }
        }
        return nil
    }
}
