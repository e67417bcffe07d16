import Bytes
import ESI
import HTTPCache
import HTTPWire
import Reactor

/// Fragments that the cache has fresh and whole: they are put in after one look-up, without a request that lives through
/// a stream and an exchange. Each leaves its event all the same.
struct StoredFragments {
    /// What requests for fragments of one host have in common: everything but the path.
    fileprivate final class Site {
        let url: ESIURL
        let head: RequestHead
        /// The event without what is the fragment's own. Its texts lie in `block`, as long as that has this generation.
        var row = EventRow()
        var block: EventBlock?
        var generation: UInt64 = 0

        init(url: ESIURL, head: RequestHead) {
            self.url = url
            self.head = head
        }
    }

    /// Hosts of one page whose fragments are found so; those of further ones are asked for as any other.
    private static let maximumSites = 8

    private var sites: [Site] = []
    private var key = CacheKey()

    /// A fragment that the cache has.
    struct Found {
        fileprivate let site: Site
        let fetch: ESIFetch
        let status: Int16
        fileprivate let age: Int64
        let bytes: [UInt8]
        let range: Range<Int>
        fileprivate let mimeType: Range<Int>
        /// Its answer asks to be evaluated.
        let isESI: Bool
        /// The stored response, where it is to be evaluated: most are not, and then each reference less counts.
        fileprivate let template: CachedObject?
        var isEvaluated: Bool { template != nil }
    }

    /// The fragment, if the cache answers the request for it at once. Nothing is noted of it yet.
    mutating func find(_ fetch: ESIFetch, of exchange: Exchange, parser: inout RequestParser) -> Found? {
        let worker = exchange.worker
        // Rules may have more to say about a fragment than its URL tells.
        guard fetch.isPlain, worker.rules?.set.concernsHits != true, let cache = worker.cache,
            let site = site(of: fetch, exchange, &parser)
        else { return nil }
        let url = fetch.url
        let port = url.port == (url.isHTTPS ? 443 : 80) ? nil : url.port
        key.set(host: url.host.span, port: port, target: url.target.span, isHTTPS: exchange.isSecure)
        guard let hit = cache.answer(key: key, request: site.head, now: worker.nowSeconds), hit.kind == .hit,
            (200..<300).contains(hit.object.status), let (bytes, range) = hit.object.inlineBody,
            // A coding is for the longer way to take off.
            !hit.object.freshness.flags.contains(.isCoded)
        else { return nil }
        let isESI = hit.object.freshness.flags.contains(.asksForESI)
        let isEvaluated = fetch.evaluation == .always || fetch.evaluation == .whenAsked && isESI
        return Found(
            site: site, fetch: fetch, status: hit.object.status, age: hit.age, bytes: bytes, range: range,
            mimeType: Exchange.mimeType(bytes.span, hit.object.fieldLines.range), isESI: isESI,
            template: isEvaluated ? hit.object : nil)
    }

    /// What the page gets of the one that was found last.
    func fragment(_ found: Found, _ worker: Worker) -> ESIFragment {
        var compiled: ESIPage?
        if let template = found.template {
            let body = found.bytes.span.extracting(found.range)
            compiled =
                worker.compiledPages.find(key.hash, template)
                ?? worker.compile(key, template, body, base: found.fetch.url)
        }
        return ESIFragment(
            status: Int(found.status), bytes: found.bytes[found.range], isESI: found.isESI,
            compiled: compiled)
    }

    private mutating func site(of fetch: ESIFetch, _ exchange: Exchange, _ parser: inout RequestParser) -> Site? {
        let url = fetch.url
        for site in sites where site.url.hasSameOrigin(as: url) { return site }
        // An upgrade goes to the origin, which says what comes of it.
        guard sites.count < StoredFragments.maximumSites, !exchange.head.block.contains(.upgrade),
            let head = try? exchange.fragmentHead(fetch, &parser)
        else { return nil }
        let site = Site(url: url, head: head)
        sites.append(site)
        return site
    }

    // MARK: Events

    /// Writes the event of a fragment that is used.
    /// - Parameter nanoseconds: how long it took, on the loop's clock.
    func record(_ found: Found, of exchange: Exchange, pageName: String, nanoseconds: Int64) {
        let worker = exchange.worker
        worker.counters.fragments += 1
        guard worker.settings.recordsEvents else { return }
        let block = describe(found.site, exchange, pageName)
        var row = found.site.row
        row.timestamp = worker.loop.wallMicroseconds
        row.status = UInt16(found.status)
        row.ageSeconds = Int32(clamping: found.age)
        row.responseBodyBytes = Int64(found.range.count)
        row.responseBytes = row.responseBodyBytes
        let target = found.fetch.url.target
        let mark = target.span.firstIndex(of: 0x3F) ?? target.count
        row.path = block.keep(target.span.extracting(0..<mark))
        if mark < target.count { row.query = block.keep(target.span.extracting((mark + 1)...)) }
        if !found.mimeType.isEmpty { row.mimeType = block.keep(found.bytes.span.extracting(found.mimeType)) }
        row.durationNanoseconds = nanoseconds
        row.firstByteNanoseconds = nanoseconds
        worker.append(row, to: block)
    }

    /// Puts the texts that all have in common into the block at hand, where they are not there yet.
    private func describe(_ site: Site, _ exchange: Exchange, _ pageName: String) -> EventBlock {
        let block = exchange.worker.block()
        guard site.block !== block || site.generation != block.generation else { return block }
        let head = site.head
        var row = EventRow()
        row.clientHigh = exchange.row.clientHigh
        row.clientLow = exchange.row.clientLow
        row.clientPort = exchange.row.clientPort
        row.cacheStatus = .hit
        row.requestHeaderBytes = Int32(clamping: head.block.bytes.count)
        row.requestBytes = Int64(row.requestHeaderBytes)
        row.hasRequest = true
        if let facts = exchange.connection?.tcp.tlsFacts { row.tls = block.note(tls: facts) }
        row.method = block.keep(head.slice(head.methodRange))
        row.domain = block.keep(head.slice(head.host))
        if let agent = head.block.value(of: .userAgent) { row.userAgent = block.keep(agent) }
        if let referrer = head.block.value(of: .referer) { row.referrer = block.keep(referrer) }
        row.page = block.note(page: EventBlock.PageNote(parent: pageName))
        site.row = row
        site.block = block
        site.generation = block.generation
        return block
    }
}
