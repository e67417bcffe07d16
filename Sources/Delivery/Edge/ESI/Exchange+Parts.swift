import Bytes
import ESI
import HTTPCache
import HTTPWire
import Reactor

/// Pages in which nothing is decided, while the cache has all their fragments: texts and bodies go out as they lie.
extension Exchange {
    /// - Returns: false where a fragment must be asked for or evaluated; nothing has been sent or noted then.
    func sendParts(_ parts: [ESIPage.Part], _ hit: CacheHit) -> Bool {
        guard head.method == .get, case .plain = bodyCoding else { return false }
        var stored = StoredFragments()
        var parser = RequestParser(limits: worker.settings.wireLimits)
        var pins = Pins()
        var found: [StoredFragments.Found] = []
        found.reserveCapacity(parts.count / 2 + 1)
        var length = 0
        var fragmentBytes = 0
        for part in parts {
            switch part {
            case .text(let bytes): length += bytes.count
            case .fragment(let fetch):
                guard let fragment = stored.find(fetch, of: self, parser: &parser), !fragment.isEvaluated else {
                    return false
                }
                pins.add(fragment.object, stored.key, worker.cache)
                length += fragment.range.count
                fragmentBytes += fragment.range.count
                found.append(fragment)
            }
        }
        guard length <= worker.settings.esi.page.maximumOutputBytes else { return false }
        worker.counters.assembledPages += 1
        for fragment in found { stored.note(fragment, of: worker) }
        let events = stored.finish(worker)
        let url = found.first?.fetch.text ?? []
        noteParts(found.count, Int64(fragmentBytes), url: url, events)
        let pageHead = pageHead(hit)
        keepMimeType(of: pageHead.block)
        startAssembled(pageHead, ESIHead(), length: length)
        guard length <= Exchange.maximumGatheredBytes else {
            sendEach(parts, found)
            return true
        }
        let body = Exchange.gather(parts, found, length: length)
        if let pins = pins.all {
            let ready = ReadyPage(
                body: body, fragments: pins, events: events, fragmentBytes: Int64(fragmentBytes), url: url)
            worker.compiledPages.keep(ready: ready, key.hash, hit.object, limit: worker.settings.esi.compiledBytes)
        }
        sendBody(shared: body, 0..<length)
        finishResponse()
        return true
    }

    /// Where the fragments of a page lie.
    private struct Pins {
        /// Nil where one of them is not the same for all clients.
        private(set) var all: [CachePin]? = []

        mutating func add(_ object: CachedObject, _ key: CacheKey, _ cache: ResponseCache?) {
            guard all != nil else { return }
            guard let pin = cache?.pin(object, key: key, absent: Exchange.ownFields) else { return all = nil }
            all?.append(pin)
        }
    }

    /// Pages up to this size go out in one piece, which is kept for the next request; the parts of larger ones are not
    /// worth a copy.
    private static let maximumGatheredBytes = 64 << 10

    private static func gather(_ parts: [ESIPage.Part], _ found: [StoredFragments.Found], length: Int) -> [UInt8] {
        var page: [UInt8] = []
        page.reserveCapacity(length)
        var next = 0
        for part in parts {
            switch part {
            case .text(let bytes): page.append(contentsOf: bytes.span)
            case .fragment:
                let bytes = found[next].bytes
                page.append(contentsOf: bytes.span.extracting(found[next].range))
                next += 1
            }
        }
        return page
    }

    private func sendEach(_ parts: [ESIPage.Part], _ found: [StoredFragments.Found]) {
        var next = 0
        for part in parts {
            switch part {
            case .text(let bytes): sendBody(bytes.span)
            case .fragment:
                sendBody(shared: found[next].bytes, found[next].range)
                next += 1
            }
        }
        finishResponse()
    }

    /// What the page's event says of its fragments, whose look-ups were timed together.
    func noteParts(_ count: Int, _ bytes: Int64, url: [UInt8], _ events: FragmentEvents?) {
        guard worker.settings.recordsEvents else { return }
        let taken = worker.loop.refreshClock() - startedAt
        var note = EventBlock.PageNote(name: worker.requestName(self))
        note.includes = Int64(count)
        note.bytes = bytes
        if count > 0 {
            note.slowestNanoseconds = taken
            note.slowestURL = url
        }
        note.fragments = events
        note.second = worker.nowSeconds
        pageNote = note
    }
}
