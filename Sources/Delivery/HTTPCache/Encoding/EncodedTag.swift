import Bytes
import Codings
public import HTTPWire

/// Entity tags of compressed forms: `"v1"` is `"v1-br"`, since two forms of one resource are not the same bytes
/// (RFC 9110 §8.8.3.3). A weak tag stays, for it claims no more than the same meaning.
public enum EncodedTag {
    static func suffixed(_ tag: Span<UInt8>, _ coding: ContentCoding) -> [UInt8] {
        guard tag.count >= 2, tag[0] == 0x22, tag[tag.count - 1] == 0x22 else { return Array(tag) }
        return Array(tag.extracting(0..<tag.count - 1)) + Array("-\(coding.token)\"".utf8)
    }

    /// What an origin must be told of `If-Match` or `If-None-Match` besides what the client says: the tags that it
    /// knows of those that stand for compressed forms; nil if there are none. Both are sent, since an origin may have
    /// suffixes of its own.
    public static func originals(_ header: KnownHeader, of block: HeaderBlock) -> [UInt8]? {
        var out: [UInt8] = []
        for field in block.fields where field.id == header {
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

    /// The tag that the client has of what an origin says is not modified: the origin was asked about both.
    public static func restore(_ block: inout HeaderBlock, askedBy request: HeaderBlock) {
        guard let tag = block.joinedValue(of: .etag), tag.count >= 2, tag[0] == 0x22 else { return }
        for field in request.fields where field.id == .ifNoneMatch {
            var list = ListElements(request.slice(field.value))
            while let range = list.next() {
                let asked = list.slice(range)
                guard let count = originalCount(asked), count == tag.count - 1,
                    asked.extracting(0..<count).isEqual(to: tag.span.extracting(0..<count))
                else { continue }
                let own = Array(asked)
                block.remove(.etag)
                return block.append("ETag", own)
            }
        }
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
