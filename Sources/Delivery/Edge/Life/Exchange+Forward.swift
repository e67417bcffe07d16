import Bytes
import HTTPCache
import HTTPWire
import Reactor
import Upstream

/// Asking an origin for this client alone, nothing stored.
extension Exchange: OriginHandler {
    func forward(_ reason: CacheStatus.Forward) {
        if forwardsLeft == 0 { return answerOptions() }
        if worker.rules != nil, !asksMissRules() { return }
        guard let route else { return refuseUnknownHost() }
        phase = .forwarding
        originName = route.origin.name
        forwardReason = reason
        row.cacheStatus = reason == .method ? .pass : .bypass
        row.cacheDetail = CacheDetail(reason)
        let origin = OriginCall(
            tiers(route, fetch: nil), method: head.method, framing: head.framing, isUpgrade: asksForUpgrade,
            handler: self)
        if origin.wantsClient { origin.client = clientAddresses }
        origin.takesTrailers = takesTrailers
        self.origin = origin
        worker.counters.originRequests += 1
        if head.framing.isEmpty { connection?.watchWriting() }
        origin.start()
    }

    /// Of an answer that goes to this client alone; what is stored has none.
    private var takesTrailers: Bool {
        guard head.block.contains(.te) else { return false }
        for field in head.block.fields where field.id == .te {
            var list = ListElements(head.block.slice(field.value))
            while let element = list.next() {
                if list.slice(element).equalsIgnoringCase(Exchange.trailers.span) { return true }
            }
        }
        return false
    }

    private static let trailers = Array("trailers".utf8)

    func refuseUnknownHost() {
        note(error: "no_origin", "no origin serves this host", .client)
        respondError(421)
    }

    /// The head for the origin: the client's fields without those of its connection, plus what a proxy adds.
    /// - Parameters:
    ///   - fetch: asks for the whole, or whether the stored response is still good.
    ///   - tier: other caches get the client's `Host`.
    func requestHead(_ route: RouteTable.Route, fetch: (any CacheErrand)?, tier: OriginTier) -> [UInt8] {
        var writer = HeadWriter(capacity: head.block.bytes.count + 256)
        writeRequestLine(&writer)
        writeHost(&writer, route, tier)
        var dropped = Exchange.replacedFields.union(fetch?.droppedFields ?? [])
        if worker.settings.esi.isEnabled { dropped.insert(.acceptEncoding) }
        if let forwardsLeft {
            dropped.insert(.maxForwards)
            writer.field("Max-Forwards", Int(forwardsLeft) - 1)
        }
        lendHead { writer.copyFields(of: $0.block, except: dropped) }
        if !worker.settings.esi.isEnabled { fetch?.writeNegotiation(to: &writer) }
        fetch?.writeConditions(to: &writer)
        writeOriginalTags(&writer, except: dropped)
        switch head.framing {
        case .length(let length): writer.field("Content-Length", Int(length))
        case .chunked: writer.field("Transfer-Encoding", "chunked")
        case .none, .untilClose: break
        }
        if head.expectsContinue { writer.field("Expect", "100-continue") }
        if fetch == nil { writeUpgrade(&writer) }
        writeForwarded(&writer)
        writeHop(&writer, tier: tier)
        if worker.settings.esi.isEnabled { writeSurrogateCapability(&writer) }
        writer.endHead()
        return writer.bytes
    }

    private func writeHost(_ writer: inout HeadWriter, _ route: RouteTable.Route, _ tier: OriginTier) {
        if tier == .origin, let host = route.hostHeader { return writer.field("Host", text: host) }
        if head.host.isEmpty, let own = route.origin.endpoints.first {
            // A client of HTTP/1.0 need not name one; an origin expects it.
            return writer.field("Host", text: own.authority)
        }
        writer.startField("Host")
        lendHead { writer.bytes.append(contentsOf: $0.slice($0.host)) }
        if let port = head.port {
            writer.bytes.append(0x3A)
            NumberWriter.append(Int(port), to: &writer.bytes)
        }
        writer.endLine()
    }

    /// Origins know nothing of the tags of compressed forms.
    private func writeOriginalTags(_ writer: inout HeadWriter, except dropped: HeaderSet) {
        for (header, name) in [(KnownHeader.ifMatch, "If-Match" as StaticString), (.ifNoneMatch, "If-None-Match")]
        where head.block.contains(header) && !dropped.contains(header) {
            if let tags = EncodedTag.originals(header, of: head.block) { writer.field(name, tags.span) }
        }
    }

    private static let replacedFields: HeaderSet = [
        .host, .contentLength, .expect, .forwarded, .xForwardedFor, .xForwardedHost, .xForwardedProto, .via,
        .cdnLoop,
    ]

    /// Of an answer.
    private static let rewrittenFields: HeaderSet = [.contentLength, .via]

    // MARK: OriginHandler

    func originReady() {
        guard head.expectsContinue, !hasContinued else {
            connection?.resumeBody()
            return
        }
        isAwaitingContinue = true
        connection?.setDeadline(afterMilliseconds: worker.settings.continueTimeoutMilliseconds)
    }

    func originRestarts() {
        isAwaitingContinue = false
        connection?.pauseBody()
    }

    func originContinues() {
        if isAwaitingContinue { letBodyCome() }
    }

    /// The origin says nothing; a client must not wait for ever (RFC 9110, 10.1.1).
    func continueTimedOut() { letBodyCome() }

    func letBodyCome() {
        isAwaitingContinue = false
        hasContinued = true
        if let connection {
            row.responseBytes += Int64(
                connection.writeHead { writer in
                    writer.statusLine(100)
                    writer.endHead()
                })
        }
        connection?.resumeBody()
    }

    func originInterim(_ response: ResponseHead) {
        guard let connection, head.minorVersion == 1, !hasResponded else { return }
        let count = connection.writeHead { writer in
            writer.statusLine(response.status)
            writer.copyFields(of: response.block, except: [.contentLength])
            writer.endHead()
        }
        row.responseBytes += Int64(count)
    }

    func originResponded(_ response: ResponseHead) {
        if worker.rules == nil { answer(with: response) } else { answer(with: ruled(response)) }
    }

    private func answer(with response: ResponseHead) {
        if !head.method.isSafe, let cache = worker.cache {
            setKey(head)
            cache.invalidate(after: head, key: key, response: response)
            let now = worker.nowSeconds
            let elapsed = Int64(clamping: (worker.loop.refreshClock() - startedAt) / 1_000_000_000)
            // What rules say about keeping is meant for answers that are asked for.
            if decisions.cache == CacheOverride(), decisions.tags.isEmpty {
                aside = cache.keep(postedTo: key, head, response, requestTime: now - elapsed, now: now)
            }
            isKept = aside != nil
        }
        pass(response, from: origin, reason: forwardReason, detail: "")
    }

    /// Sends an origin's head on.
    func pass(_ response: ResponseHead, from call: OriginCall?, reason: CacheStatus.Forward, detail: StaticString) {
        var length = response.declaredLength
        if case .length(let framed) = response.framing { length = framed }
        if response.framing == .chunked { length = nil }
        keepMimeType(of: response.block)
        if worker.settings.esi.isEnabled, assemble(response, reason, detail, call) { return }
        let encoding = beginEncoding(response.block, status: response.status, length: length)
        startResponse(status: response.status, length: encoding.coding == nil ? length : nil) { writer in
            writePassed(response, reason, detail, call, &writer, encoding)
        }
    }

    /// The fields of an origin's answer that is sent on.
    func writePassed(
        _ response: ResponseHead, _ reason: CacheStatus.Forward, _ detail: StaticString, _ call: OriginCall?,
        _ writer: inout HeadWriter, _ encoding: LiveEncoding = .none
    ) {
        var block = response.block
        encoding.apply(to: &block)
        if response.status == 304 { EncodedTag.restore(&block, askedBy: head.block) }
        var dropped = Exchange.rewrittenFields
        if !worker.settings.cache.sendsTags {
            block.removeCacheTags()
            if block.contains(.surrogateControl), !SurrogateControl(block).asksForESI {
                dropped.insert(.surrogateControl)
            }
        }
        writer.copyFields(of: block, except: dropped)
        encoding.writeVary(&writer, block)
        if !response.block.contains(.date) { worker.writeDate(&writer) }
        writeAffinity(&writer, call)
        if response.minorVersion == 1, !response.block.contains(.via) {
            writer.bytes.append(contentsOf: worker.viaLine)
        } else {
            writer.via(response.block, minorVersion: response.minorVersion, name: worker.settings.name)
        }
        guard worker.cache != nil else { return }
        var status = CacheStatus.forwarded(reason)
        status.forwardStatus = response.status
        status.isStored = isKept
        status.detail = detail
        writer.startField("Cache-Status")
        status.append(cache: worker.settings.name, to: &writer.bytes)
        writer.endLine()
    }

    func originBody(_ bytes: Span<UInt8>) {
        aside?.append(bytes)
        if !sendBody(bytes) { origin?.pause() }
    }

    func originEnded(trailers: HeaderBlock) {
        noteOrigin()
        origin = nil
        aside?.finish()
        finishResponse(trailers: trailers)
    }

    func originFailed(_ failure: UpstreamError) {
        noteOrigin()
        origin = nil
        worker.counters.originFailures += 1
        note(failure)
        if hasResponded { return tear() }
        if let hit = standIn() { return serve(hit) }
        respondError(failure.status)
    }

    /// HEAD and Range go to the origin alone; what is stored, though stale, answers them when it can't be reached.
    private func standIn() -> CacheHit? {
        guard lookups > 0, forwardReason == .stale, let cache = worker.cache else { return nil }
        return cache.standIn(key: key, request: head, now: worker.nowSeconds)
    }

    func originCanTakeMore() { connection?.resumeBody() }

    // MARK: Event

    func keepMimeType(of block: HeaderBlock) {
        guard let value = block.value(of: .contentType) else { return }
        let end = value.firstIndex(ofEither: 0x3B, or: 0x20) ?? value.count
        mimeType.append(contentsOf: value.extracting(0..<end))
    }

    func noteOrigin() {
        guard let origin else { return }
        note(origin.facts, name: originName)
    }

    func note(_ facts: OriginFacts, name: String) {
        row.origin = worker.block().note(
            origin: EventBlock.Origin(
                name: name, address: facts.address, endpoint: facts.endpoint, tier: facts.tier,
                version: facts.version))
        row.originStatus = UInt16(facts.status)
        row.originRetries = UInt16(clamping: facts.retries)
        row.originConnectNanoseconds = facts.connectNanoseconds
        if facts.firstByteAt > 0 { row.originFirstByteNanoseconds = facts.firstByteAt - facts.sentAt }
        if facts.sentAt > 0 { row.originNanoseconds = max(facts.endedAt, facts.sentAt) - facts.sentAt }
        worker.counters.originRetries += Int64(facts.retries)
    }
}
