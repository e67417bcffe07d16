import Bytes
import ESI
import HTTPCache
import HTTPWire

/// A page of texts and stored fragments as it was put together last. As long as the cache has each of its fragments as it
/// was, the next request gets the same bytes. Confined to its loop.
final class ReadyPage {
    let body: [UInt8]
    private let fragments: [CachePin]
    /// Nil where no events are written.
    let events: FragmentEvents?
    let fragmentCount: Int
    let fragmentBytes: Int64
    /// The first fragment's.
    let url: [UInt8]
    let memoryBytes: Int
    private var head: Head?

    /// The page's head, which says how long it is still fresh and so is good for a second.
    struct Head {
        let second: Int64
        let fields: PageHead
        let mimeType: [UInt8]
        /// The lines for clients that take no coding.
        let lines: [UInt8]
    }

    init(body: [UInt8], fragments: [CachePin], events: FragmentEvents?, fragmentBytes: Int64, url: [UInt8]) {
        self.body = body
        self.fragments = fragments
        self.events = events
        self.fragmentBytes = fragmentBytes
        self.url = url
        fragmentCount = fragments.count
        memoryBytes =
            body.capacity + fragments.capacity * MemoryLayout<CachePin>.stride + (events?.memoryBytes ?? 0)
            + url.capacity + ReadyPage.headBytes
    }

    /// About what a head takes.
    private static let headBytes = 4096

    /// Whether the cache still has all its fragments, fresh. Counts as a look-up of each.
    func holds(_ cache: ResponseCache, now: Int64) -> Bool { cache.hold(fragments, now: now) }

    func head(second: Int64) -> Head? {
        guard let head, head.second == second else { return nil }
        return head
    }

    func keep(_ head: Head) { self.head = head }
}

extension Exchange {
    /// Answers with the page as it was last.
    /// - Returns: false where it is not the same any more, or may be another for this client.
    func sendReady(_ hit: CacheHit) -> Bool {
        guard head.method == .get, hit.kind == .hit, mayFindFragments, !head.block.contains(.authorization),
            let cache = worker.cache, let ready = worker.compiledPages.findReady(key.hash, hit.object)
        else { return false }
        let now = worker.nowSeconds
        guard ready.holds(cache, now: now) else {
            worker.compiledPages.forgetReady(key.hash)
            return false
        }
        worker.counters.assembledPages += 1
        worker.counters.fragments += Int64(ready.fragmentCount)
        noteParts(ready.fragmentCount, ready.fragmentBytes, url: ready.url, ready.events)
        let pageHead = ready.head(second: now) ?? makeHead(ready, hit, now: now)
        mimeType.append(contentsOf: pageHead.mimeType)
        if head.block.contains(.acceptEncoding) {
            startAssembled(pageHead.fields, ESIHead(), length: ready.body.count)
        } else {
            startResponse(status: pageHead.fields.status, length: UInt64(ready.body.count)) { writer in
                writer.bytes.append(contentsOf: pageHead.lines.span)
            }
        }
        sendBody(shared: ready.body, 0..<ready.body.count)
        finishResponse()
        return true
    }

    private func makeHead(_ ready: ReadyPage, _ hit: CacheHit, now: Int64) -> ReadyPage.Head {
        let fields = pageHead(hit)
        let encoding = LiveEncoding(
            fields.block, status: fields.status, length: UInt64(ready.body.count),
            box: worker.cacheBox)
        var writer = HeadWriter(capacity: 512)
        fields.write(&writer, added: [], isUncacheable: false, encoding)
        let type = ContentType.mediaType(writer.bytes.span, 0..<writer.bytes.count)
        let head = ReadyPage.Head(
            second: now, fields: fields, mimeType: Array(writer.bytes[type]), lines: writer.bytes)
        ready.keep(head)
        return head
    }
}
