import Bytes
import ESI
import HTTPCache
import HTTPWire
import Reactor

/// Pages in which nothing is decided, while the cache has all their fragments: texts and bodies go out as they lie.
extension Exchange {
    /// - Returns: false where a fragment must be asked for or evaluated; nothing has been sent or noted then.
    func sendParts(_ parts: [ESIPage.Part], _ pageHead: PageHead) -> Bool {
        guard head.method == .get, case .plain = bodyCoding else { return false }
        var stored = StoredFragments()
        var parser = RequestParser(limits: worker.settings.wireLimits)
        var found: [StoredFragments.Found] = []
        found.reserveCapacity(parts.count / 2 + 1)
        var length = 0
        for part in parts {
            switch part {
            case .text(let bytes): length += bytes.count
            case .fragment(let fetch):
                guard let fragment = stored.find(fetch, of: self, parser: &parser), !fragment.isEvaluated else {
                    return false
                }
                length += fragment.range.count
                found.append(fragment)
            }
        }
        guard length <= worker.settings.esi.page.maximumOutputBytes else { return false }
        worker.counters.assembledPages += 1
        note(found, stored)
        if mimeType.isEmpty { keepMimeType(of: pageHead.block) }
        startAssembled(pageHead, ESIHead(), length: length)
        send(parts, found, length: length)
        finishResponse()
        return true
    }

    /// Pages up to this size go out in one piece: their parts are copied anyway, and so they are queued once.
    private static let maximumGatheredBytes = 64 << 10

    private func send(_ parts: [ESIPage.Part], _ found: [StoredFragments.Found], length: Int) {
        guard length <= Exchange.maximumGatheredBytes else { return sendEach(parts, found) }
        var page: [UInt8] = []
        page.reserveCapacity(length)
        var next = 0
        for part in parts {
            switch part {
            case .text(let bytes): page.append(contentsOf: bytes.span)
            case .fragment:
                let body = found[next].bytes
                page.append(contentsOf: body.span.extracting(found[next].range))
                next += 1
            }
        }
        sendBody(shared: page, 0..<page.count)
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
    }

    /// The events of the fragments, and what the page's own says of them. The look-ups were timed together.
    private func note(_ found: [StoredFragments.Found], _ stored: StoredFragments) {
        let name = worker.requestName(self)
        let taken = worker.loop.refreshClock() - startedAt
        var bytes: Int64 = 0
        for index in found.indices {
            stored.record(found[index], of: self, pageName: name, nanoseconds: taken)
            bytes += Int64(found[index].range.count)
        }
        pageNote = EventBlock.PageNote(
            name: name, parent: "", includes: Int64(found.count), failed: 0, bytes: bytes,
            slowestNanoseconds: found.isEmpty ? -1 : taken, slowestURL: found.first?.fetch.text ?? [])
    }
}
