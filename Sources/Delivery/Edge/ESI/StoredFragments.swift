import Bytes
import ESI
import HTTPCache
import HTTPWire
import Reactor

/// Fragments that the cache has fresh and whole: they are put in after one look-up, without a request that lives through
/// a stream and an exchange. Each leaves its event all the same.
struct StoredFragments {
    /// What requests for fragments of one host have in common: everything but the path.
    private struct Site {
        let url: ESIURL
        let head: RequestHead
    }

    /// Hosts of one page whose fragments are found so; those of further ones are asked for as any other.
    private static let maximumSites = 8

    private var sites: [Site] = []
    /// Of the fragment that was looked for last.
    private(set) var key = CacheKey()
    private var events = FragmentEvents.Draft()

    /// A fragment that the cache has.
    struct Found {
        let fetch: ESIFetch
        let object: CachedObject
        let age: Int64
        let bytes: [UInt8]
        let range: Range<Int>
        /// Its answer asks to be evaluated.
        let isESI: Bool
        let isEvaluated: Bool
    }

    /// The fragment, if the cache answers the request for it at once. Nothing is noted of it yet.
    mutating func find(_ fetch: ESIFetch, of exchange: Exchange, parser: inout RequestParser) -> Found? {
        let worker = exchange.worker
        guard fetch.isPlain, exchange.mayFindFragments, let cache = worker.cache,
            let site = site(of: fetch, exchange, &parser)
        else { return nil }
        let url = fetch.url
        let port = url.port == (url.isHTTPS ? 443 : 80) ? nil : url.port
        key.set(host: url.host.span, port: port, target: url.target.span, isHTTPS: exchange.isSecure)
        cache.unify(&key)
        guard let hit = cache.answer(key: key, request: sites[site].head, now: worker.nowSeconds), hit.kind == .hit,
            (200..<300).contains(hit.object.status), let (bytes, range) = hit.object.inlineBody,
            // A coding is for the longer way to take off.
            !hit.object.freshness.flags.contains(.isCoded)
        else { return nil }
        let isESI = hit.object.freshness.flags.contains(.asksForESI)
        return Found(
            fetch: fetch, object: hit.object, age: hit.age, bytes: bytes, range: range, isESI: isESI,
            isEvaluated: fetch.evaluation == .always || fetch.evaluation == .whenAsked && isESI)
    }

    /// What the page gets of the one that was found last.
    func fragment(_ found: Found, _ worker: Worker) -> ESIFragment {
        var compiled: ESIPage?
        if found.isEvaluated {
            let body = found.bytes.span.extracting(found.range)
            compiled =
                worker.compiledPages.find(key.hash, found.object)
                ?? worker.compile(key, found.object, body, base: found.fetch.url)
        }
        return ESIFragment(
            status: Int(found.object.status), bytes: found.bytes[found.range], isESI: found.isESI,
            compiled: compiled)
    }

    private mutating func site(of fetch: ESIFetch, _ exchange: Exchange, _ parser: inout RequestParser) -> Int? {
        let url = fetch.url
        for index in sites.indices where sites[index].url.hasSameOrigin(as: url) { return index }
        guard sites.count < StoredFragments.maximumSites, let head = try? exchange.fragmentHead(fetch, &parser) else {
            return nil
        }
        sites.append(Site(url: url, head: head))
        return sites.count - 1
    }

    // MARK: Events

    /// Notes the event of a fragment that is used.
    /// - Parameters:
    ///   - delay: from the page's beginning to the look-up, nanoseconds.
    ///   - nanoseconds: how long that took; negative for as long as the page's slowest fragment.
    mutating func note(_ found: Found, of worker: Worker, delay: Int64 = 0, nanoseconds: Int64 = -1) {
        worker.counters.fragments += 1
        guard worker.settings.recordsEvents else { return }
        var fragment = FragmentEvents.Fragment()
        fragment.status = UInt16(found.object.status)
        fragment.ageSeconds = found.age
        fragment.bytes = Int64(found.range.count)
        fragment.delayMicroseconds = delay / 1000
        fragment.nanoseconds = nanoseconds
        let mimeType = found.object.mediaType.range
        let url = found.fetch.url
        events.add(
            domain: url.host.span, target: url.target.span, mimeType: found.bytes.span.extracting(mimeType), fragment)
    }

    /// All that was noted; nil where that is nothing.
    func finish(_ worker: Worker) -> FragmentEvents? {
        events.isEmpty ? nil : events.finish(second: worker.nowSeconds)
    }
}

extension Exchange {
    /// Whether fragments of the page may be looked up alone: rules may have more to say about a fragment than its URL
    /// tells, and an upgrade goes to the origin, which says what comes of it.
    var mayFindFragments: Bool { worker.rules?.set.concernsHits != true && !head.block.contains(.upgrade) }
}
