import Bytes
import HTTPCache
import HTTPWire

/// The head of a page that is assembled: what the origin or the cache gave, without what is about other bytes.
struct PageHead {
    let status: Int
    let block: HeaderBlock
    /// What clients may do with the template is not what they may do with the page.
    let hidesLifetime: Bool

    /// - Parameter lines: status line and fields.
    init(status: Int, lines: [UInt8], asksForESI: Bool) {
        self.status = status
        var block = PageHead.block(lines)
        // About the template's bytes (RFC 9530).
        for name in PageHead.digests { block.remove(named: name.span) }
        block.remove(.contentEncoding)
        self.block = block
        // With a field for surrogates, Cache-Control is meant for clients.
        hidesLifetime = !asksForESI && !block.contains(.cdnCacheControl)
    }

    /// The fields of a head.
    static func block(_ head: [UInt8]) -> HeaderBlock {
        guard let start = head.firstIndex(of: 0x0A) else { return HeaderBlock() }
        var end = head.count
        if head.suffix(4).elementsEqual([0x0D, 0x0A, 0x0D, 0x0A]) { end -= 2 }
        return HeaderBlock(fieldLines: head.span.extracting(min(start + 1, end)..<end))
    }

    /// Where a redirect leads.
    static func location(_ head: [UInt8]) -> [UInt8]? {
        let block = block(head)
        guard let value = block.value(of: .location) else { return nil }
        return Array(value)
    }

    private static let digests = ["content-digest", "repr-digest", "digest", "content-md5"].map { Array($0.utf8) }

    /// The fields that say what the page is, with those that it adds.
    func block(added: [(name: [UInt8], value: [UInt8])]) -> HeaderBlock {
        var block = block
        for (name, value) in added {
            let id = PageHead.known(name)
            guard id == .contentType || id == .contentEncoding || id == .cacheControl else { continue }
            block.remove(id)
            block.append(name.span, value.span)
        }
        return block
    }

    private static let dropped: HeaderSet = [
        .contentLength, .transferEncoding, .etag, .lastModified, .acceptRanges, .contentRange, .surrogateControl, .age,
    ]
    private static let lifetime: HeaderSet = [.cacheControl, .expires]

    /// Fields of which there is one: what a page adds replaces it.
    private static let singular: [KnownHeader] = [
        .contentType, .location, .cacheControl, .expires, .retryAfter, .contentLanguage,
    ]

    func write(
        _ writer: inout HeadWriter, added: [(name: [UInt8], value: [UInt8])], isUncacheable: Bool,
        _ encoding: LiveEncoding
    ) {
        var block = block
        encoding.apply(to: &block)
        var dropped = PageHead.dropped
        if hidesLifetime || isUncacheable { dropped = dropped.union(PageHead.lifetime) }
        for (name, _) in added {
            let id = PageHead.known(name)
            if PageHead.singular.contains(id) { dropped.insert(id) }
        }
        writer.copyFields(of: block, except: dropped)
        encoding.writeVary(&writer, block)
        if isUncacheable {
            writer.field("Cache-Control", "no-cache, no-store, must-revalidate")
            writer.field("Expires", "Thu, 01 Jan 1970 00:00:00 GMT")
            writer.field("Pragma", "no-cache")
        } else if hidesLifetime, !dropped.contains(.cacheControl) || !added.contains(where: isCacheControl) {
            writer.field("Cache-Control", "private, max-age=0")
        }
        for (name, value) in added { writer.field(name.span, value.span) }
    }

    private func isCacheControl(_ field: (name: [UInt8], value: [UInt8])) -> Bool {
        PageHead.known(field.name) == .cacheControl
    }

    private static func known(_ name: [UInt8]) -> KnownHeader {
        var block = HeaderBlock()
        block.append(name.span, name.span.extracting(0..<0))
        return block.fields.first?.id ?? .other
    }
}
