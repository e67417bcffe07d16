import Bytes
public import HTTPWire

/// The names under which an origin lets its responses be purged together: `Surrogate-Key`, separated by blanks as
/// Fastly and Varnish have it, and `Cache-Tag`, separated by commas as Cloudflare and Akamai have it. Case counts.
enum CacheTags {
    private static let surrogateKey: [UInt8] = Array("surrogate-key".utf8)
    private static let cacheTag: [UInt8] = Array("cache-tag".utf8)

    /// A tag as the index knows it. Two tags with one hash would be purged together, which does no harm.
    static func hash(_ tag: Span<UInt8>) -> UInt64 { SipHash.tags.hash(tag) }

    static func isTagField(_ name: Span<UInt8>) -> Bool {
        name.equalsIgnoringCase(surrogateKey.span) || name.equalsIgnoringCase(cacheTag.span)
    }

    /// Tags of a head, each once; nil if there are more than `limit`, for such a response could not be purged by all.
    static func read(_ block: HeaderBlock, limit: Int) -> [UInt64]? {
        var found: [UInt64] = []
        for field in block.fields where field.id == .other {
            let name = block.slice(field.name)
            if name.equalsIgnoringCase(surrogateKey.span) {
                split(block.slice(field.value), isSeparator: isBlank, into: &found)
            } else if name.equalsIgnoringCase(cacheTag.span) {
                split(block.slice(field.value), isSeparator: { $0 == 0x2C }, into: &found)
            }
            if found.count > 4 * limit + 64 { return nil }
        }
        guard found.count > 1 else { return found.count <= limit ? found : nil }
        found.sort()
        var unique = 1
        for index in 1..<found.count where found[index] != found[unique - 1] {
            found[unique] = found[index]
            unique += 1
        }
        found.removeSubrange(unique...)
        return found.count <= limit ? found : nil
    }

    /// A head without its tags, which are between the origin and its caches.
    static func removed(from block: HeaderBlock) -> HeaderBlock {
        var block = block
        block.remove(named: surrogateKey.span)
        block.remove(named: cacheTag.span)
        return block
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    private static func split(
        _ value: Span<UInt8>, isSeparator: (UInt8) -> Bool, into found: inout [UInt64]
    ) {
        var index = 0
        while index < value.count {
            var start = index
            while index < value.count, !isSeparator(value[index]) { index += 1 }
            var end = index
            index += 1
            while start < end, isBlank(value[start]) { start += 1 }
            while end > start, isBlank(value[end - 1]) { end -= 1 }
            if start < end { found.append(hash(value.extracting(start..<end))) }
        }
    }
}

extension HeaderBlock {
    /// Asked of each answer; false says that there are none.
    public var mayHaveCacheTags: Bool {
        mayContain([], initials: HeaderBlock.initial(0x53) | HeaderBlock.initial(0x43))
    }

    /// Takes `Surrogate-Key` and `Cache-Tag` out, which clients have no use for.
    public mutating func removeCacheTags() {
        guard fields.contains(where: { $0.id == .other && CacheTags.isTagField(slice($0.name)) }) else { return }
        self = CacheTags.removed(from: self)
    }
}
