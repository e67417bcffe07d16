import Bytes
import HTTPCache
import HTTPWire
import Reactor

/// Answering from the cache, or waiting for it to be filled.
extension Exchange {
    /// A request that waited this often and is told to look again goes to the origin alone.
    static let maximumLookups = 8

    /// Asks the cache what to do.
    func lookUp(_ cache: ResponseCache) {
        lookups += 1
        guard lookups <= Exchange.maximumLookups else { return forward(.miss) }
        let decision = decide(cache)
        switch consume decision {
        case .serve(let hit):
            if let refresh = hit.refresh { CacheFetchJob.refresh(refresh, for: self) }
            serve(hit)
        case .fetch(let fetch): startFetch(fetch)
        case .wait(let ticket): wait(ticket)
        case .load(let ticket): wait(ticket, isLoad: true)
        case .pass(let reason): forward(reason)
        case .refuse:
            note(error: "only_if_cached", "nothing stored, and the client wants nothing else", .client)
            respondError(504)
        }
    }

    private func decide(_ cache: ResponseCache) -> CacheDecision {
        lendLookedUp { head in
            setKey(head)
            return cache.lookup(key: key, request: head, now: worker.nowSeconds) { wakeup() }
        }
    }

    /// Lends out the head that the cache is asked with. What rules of phase miss change is for the origin: it neither
    /// chooses among stored responses nor says for whom one is.
    @inline(__always)
    func lendLookedUp<Result>(_ body: (borrowing RequestHead) -> Result) -> Result {
        // Without such rules nothing is copied.
        guard decisions.hasMissed else { return lendHead(body) }
        let head = lookedUpHead ?? self.head
        return body(head)
    }

    // MARK: Waiting for another request's fetch

    func wakeup() -> CollapseWakeup {
        let loop = worker.loop
        let visit = Visit(self)
        return { outcome in
            loop.execute { visit.exchange?.woken(outcome) }
        }
    }

    /// - Parameters:
    ///   - key: of the piece that is waited for, if it isn't the request's own.
    ///   - isLoad: it waits for the disk, not for another request.
    func wait(_ ticket: UInt64, at key: CacheKey? = nil, isLoad: Bool = false) {
        phase = .awaitingFetch
        pieceKey = key
        if !isLoad { didWait = true }
        collapseTicket = ticket
        connection?.setDeadline(afterMilliseconds: worker.settings.cache.collapseTimeoutMilliseconds)
    }

    private func woken(_ outcome: CollapseOutcome) {
        guard phase == .awaitingFetch, let cache = worker.cache else { return }
        connection?.watchWriting()
        switch outcome {
        case .retry: lookUp(cache)
        case .failed(let status):
            if let hit = standIn(cache) { return serve(hit) }
            row.cacheStatus = .collapsed
            note(error: "collapsed_fetch_failed", "the fetch that this request waited for failed", .origin)
            respondError(status)
        }
    }

    /// What is stored, though stale, where the origin fails.
    func standIn(_ cache: ResponseCache) -> CacheHit? {
        lendLookedUp { cache.standIn(key: key, request: $0, now: worker.nowSeconds) }
    }

    /// Waited long enough: the fetch of the other request may be stuck.
    func collapseTimedOut() {
        leaveCollapse()
        connection?.watchWriting()
        forward(.miss)
    }

    func leaveCollapse() {
        guard phase == .awaitingFetch else { return }
        worker.cache?.leave(key: pieceKey ?? key, ticket: collapseTicket)
        phase = .reading
    }

    // MARK: Serving

    /// Answers with a stored response, or with one that is being filled, compressed where the client likes that.
    func serve(_ hit: CacheHit) {
        if worker.settings.esi.isEnabled, assemble(hit) { return }
        let takesCodings =
            hit.object.freshness.flags.contains(.mayBeEncoded)
            && (head.block.contains(.acceptEncoding) || decisions.hasMissed) && decisions.compress != false
        if takesCodings, serve(form: encoded(hit)) { return }
        // What was let go of may have lost its start already.
        if !serve(form: hit) { forward(.miss) }
    }

    private func encoded(_ hit: CacheHit) -> CacheHit {
        guard let cache = worker.cache else { return hit }
        let head = lookedUpHead ?? self.head
        let form = cache.form(
            of: hit, for: head, key: key, now: worker.nowSeconds, settings: worker.cacheBox.settings)
        switch form {
        case .identity: return hit
        case .stored(let form): return form
        case .encode(let fill, let form):
            guard worker.encodeJobs < worker.settings.maximumEncodeJobs,
                let job = EncodeJob(hit.object, fill, worker: worker)
            else { return hit }
            job.run()
            return form
        }
    }

    /// - Returns: whether the body can be read from its start.
    private func serve(form hit: CacheHit) -> Bool {
        if hit.object.isSegmented {
            serveSegmented(hit)
            return true
        }
        let inline = hit.object.inlineBody
        var reader: BodyReader?
        if inline == nil, !hit.object.isPartial {
            guard let opened = BodyReader(hit.object) else { return false }
            reader = opened
        }
        phase = .serving
        noteHit(hit)
        let body = startStored(hit)
        if !skipsBody {
            if let inline {
                serve(inline.bytes, inline.range, body)
            } else {
                open(reader, hit.object, body)
            }
        } else {
            finishResponse()
        }
        return true
    }

    func noteHit(_ hit: CacheHit) {
        switch hit.kind {
        case .hit: row.cacheStatus = didWait ? .collapsed : .hit
        case .stale: row.cacheStatus = .stale
        case .revalidated: row.cacheStatus = .revalidated
        case .filled: row.cacheStatus = .miss
        case .collapsed: row.cacheStatus = .collapsed
        }
        if let reason = hit.status.forward { row.forward = reason }
        if hit.kind != .filled { row.ageSeconds = Int32(clamping: hit.age) }
    }

    /// Writes the head; decides framing and whether a body follows.
    func startStored(_ hit: CacheHit) -> ServedBody {
        guard let connection, !hasResponded else { return .none }
        hasResponded = true
        var served = ServedBody.none
        let plan = servePlan(hit)
        let signature = worker.cacheBox.signature
        let count = connection.writeHead { writer in
            let start = writer.bytes.count
            // Always sixteen digits: the same answer has the same length each time.
            let (status, body) = hit.writeHead(
                to: &writer, plan, isHead: head.method == .head, signature: signature,
                boundary: .random(in: 1 << 63 ... .max))
            row.status = UInt16(status)
            served = body
            keepMediaType(hit, plan)
            switch body {
            case .none:
                skipsBody = true
            case .whole(let length): frame(owed: length)
            case .range(let range): frame(owed: UInt64(range.count))
            case .ranges(let parts): frame(owed: parts.length)
            case .stream:
                frame(length: nil, status: status, method: head.method, minorVersion: head.minorVersion)
            }
            if worker.rules != nil || decisions.trace != nil { deliver(&writer, from: start, status: status) }
            if responseFraming == .chunked { writer.field("Transfer-Encoding", "chunked") }
            connection.writeConnectionField(&writer, minorVersion: head.minorVersion)
            writer.endHead()
        }
        noteHead(count)
        return served
    }

    /// Asked of the fields' bits first: most requests have neither a condition nor a range.
    private func servePlan(_ hit: CacheHit) -> ServePlan {
        guard head.block.asksForPart || decisions.hasMissed else { return .whole }
        return lendLookedUp { hit.plan(for: $0, now: worker.nowSeconds, settings: worker.cacheBox.settings) }
    }

    /// Answers without a body say nothing of its type.
    private func keepMediaType(_ hit: CacheHit, _ plan: ServePlan) {
        switch plan {
        case .whole, .range:
            let (bytes, range) = hit.object.mediaType
            if !range.isEmpty { mimeType.append(contentsOf: bytes.span.extracting(range)) }
        case .ranges: mimeType.append(contentsOf: "multipart/byteranges".utf8)
        case .notModified, .unsatisfiable, .preconditionFailed: break
        }
    }

    private func frame(owed length: UInt64) {
        responseFraming = .length
        owedBytes = length
    }

    private func serve(_ bytes: [UInt8], _ whole: Range<Int>, _ body: ServedBody) {
        switch body {
        case .none: break
        case .whole, .stream: sendBody(shared: bytes, whole)
        case .range(let range): sendBody(shared: bytes, whole.shifted(to: range))
        case .ranges(let multipart):
            for (part, partHead) in zip(multipart.parts, multipart.partHeads) {
                sendBody(partHead.span)
                sendBody(shared: bytes, whole.shifted(to: part))
            }
            sendBody(multipart.end.span)
        }
        finishResponse()
    }

    private func open(_ reader: BodyReader?, _ object: CachedObject, _ body: ServedBody) {
        switch body {
        case .none: return finishResponse()
        case .whole, .stream: source = BodySource(object, reader: reader)
        case .range(let range): source = BodySource(object, reader: BodyReader(object, range: range))
        case .ranges(let multipart): source = BodySource(object, multipart: multipart)
        }
        pump()
    }

    /// Sends what is there, until the client is slow or the fill has not brought more.
    func pump() {
        guard phase == .serving, let source else { return }
        while true {
            var piece = source.next(wakeup: nil)
            if case .wait = piece {
                let visit = Visit(self)
                let loop = worker.loop
                // Asks again, since more may have come between the two questions.
                piece = source.next(wakeup: { loop.execute { visit.exchange?.pump() } })
            }
            switch piece {
            case .data(let segment, let range):
                if !sendBody(shared: segment, range) { return }
            case .missing(let run):
                if worker.rules != nil, !asksMissRules() { return }
                if !SegmentJob.start(run, for: self, hit: nil) { return bodyAborted() }
            case .end: return finishBody()
            case .aborted: return bodyAborted()
            case .wait: return
            }
        }
    }

    private func finishBody() {
        source = nil
        finishResponse()
    }

    private func bodyAborted() {
        source = nil
        note(error: "fetch_broken_off", "the origin broke off the response", .origin)
        tear()
    }
}

/// An exchange as it was when something was asked for it. Exchanges are reused, so a late answer must find out that
/// it is for an earlier request. Confined to the loop.
final class Visit: @unchecked Sendable {
    private let target: Exchange
    private let generation: UInt64

    init(_ exchange: Exchange) {
        target = exchange
        generation = exchange.generation
    }

    /// The exchange, if it still serves the same request.
    var exchange: Exchange? { target.generation == generation ? target : nil }
}

extension Range<Int> {
    /// A part of what this range holds.
    fileprivate func shifted(to part: Range<UInt64>) -> Range<Int> {
        let start = Swift.min(upperBound, lowerBound + Int(clamping: part.lowerBound))
        let end = Swift.min(upperBound, lowerBound + Int(clamping: part.upperBound))
        return start..<end
    }
}
