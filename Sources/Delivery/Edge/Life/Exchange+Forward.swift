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
        row.forward = reason
        let origin = OriginCall(
            tiers(route, fetch: nil), method: head.method, framing: head.framing, isUpgrade: asksForUpgrade,
            handler: self)
        if origin.wantsClient { origin.client = clientAddresses }
        origin.takesTrailers = takesTrailers
        origin.isConditional = head.block.isConditional
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
        // What looks at the head by itself comes before it is lent out.
        let forwardsLeft = forwardsLeft
        let isUpgrade = fetch == nil && asksForUpgrade
        return lendHead { head in
            var writer = HeadWriter(capacity: head.block.bytes.count + 384)
            writeRequestLine(&writer, head)
            writeHost(&writer, head, route, tier)
            writeFields(&writer, head, fetch, forwardsLeft)
            if isUpgrade { writer.upgrade(head.block) }
            writeForwarded(&writer, head)
            writeHop(&writer, head, tier: tier)
            if worker.settings.esi.isEnabled { writeSurrogateCapability(&writer) }
            writer.endHead()
            return writer.bytes
        }
    }

    /// The client's own fields, with what the cache and this hop have in their place.
    private func writeFields(
        _ writer: inout HeadWriter, _ head: borrowing RequestHead, _ fetch: (any CacheErrand)?, _ forwardsLeft: Int64?
    ) {
        var dropped = Exchange.replacedFields.union(fetch?.droppedFields ?? [])
        let isESIEnabled = worker.settings.esi.isEnabled
        if isESIEnabled { dropped.insert(.acceptEncoding) }
        if let forwardsLeft {
            dropped.insert(.maxForwards)
            writer.field("Max-Forwards", Int(forwardsLeft) - 1)
        }
        writer.copyFields(of: head.block, except: dropped)
        if !isESIEnabled { fetch?.writeNegotiation(to: &writer) }
        fetch?.writeConditions(to: &writer)
        writeOriginalTags(&writer, head.block, except: dropped)
        switch head.framing {
        case .length(let length): writer.field("Content-Length", Int(length))
        case .chunked: writer.field("Transfer-Encoding", "chunked")
        case .none, .untilClose: break
        }
        if head.expectsContinue { writer.field("Expect", "100-continue") }
    }

    private func writeHost(
        _ writer: inout HeadWriter, _ head: borrowing RequestHead, _ route: RouteTable.Route, _ tier: OriginTier
    ) {
        if tier == .origin, let host = route.hostHeader { return writer.field("Host", text: host) }
        if head.host.isEmpty, let own = route.origin.endpoints.first {
            // A client of HTTP/1.0 need not name one; an origin expects it.
            return writer.field("Host", text: own.authority)
        }
        writer.startField("Host")
        writer.bytes.append(contentsOf: head.slice(head.host))
        if let port = head.port {
            writer.bytes.append(0x3A)
            NumberWriter.append(UInt64(port), to: &writer.bytes)
        }
        writer.endLine()
    }

    /// Origins know nothing of the tags of compressed forms.
    private func writeOriginalTags(_ writer: inout HeadWriter, _ block: HeaderBlock, except dropped: HeaderSet) {
        if block.contains(.ifMatch) { writeOriginalTags(&writer, block, .ifMatch, "If-Match", except: dropped) }
        if block.contains(.ifNoneMatch) {
            writeOriginalTags(&writer, block, .ifNoneMatch, "If-None-Match", except: dropped)
        }
    }

    private func writeOriginalTags(
        _ writer: inout HeadWriter, _ block: HeaderBlock, _ header: KnownHeader, _ name: StaticString,
        except dropped: HeaderSet
    ) {
        guard !dropped.contains(header), let tags = EncodedTag.originals(header, of: block) else { return }
        writer.field(name, tags.span)
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
                aside = lendLookedUp {
                    cache.keep(postedTo: key, $0, response, requestTime: now - elapsed, now: now)
                }
            }
            isKept = aside != nil
        } else if head.method == .head, lookups > 0, let cache = worker.cache {
            lendLookedUp { cache.note(headOf: key, $0, response, now: worker.nowSeconds) }
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
        var dropped = Exchange.rewrittenFields
        let sendsTags = worker.settings.cache.sendsTags
        if !sendsTags, response.block.contains(.surrogateControl), !SurrogateControl(response.block).asksForESI {
            dropped.insert(.surrogateControl)
        }
        let hidesTags = !sendsTags && response.block.mayHaveCacheTags
        if encoding.coding == nil, response.status != 304, !hidesTags {
            // Of most answers nothing is changed, and a copy of the fields would cost as much as writing them.
            writer.copyFields(of: response.block, except: dropped)
            encoding.writeVary(&writer, response.block)
        } else {
            var block = response.block
            encoding.apply(to: &block)
            if response.status == 304 { EncodedTag.restore(&block, askedBy: head.block) }
            if hidesTags { block.removeCacheTags() }
            writer.copyFields(of: block, except: dropped)
            encoding.writeVary(&writer, block)
        }
        if !response.block.contains(.date) { worker.writeDate(&writer) }
        writeAffinity(&writer, call)
        let isHTTP2 = call?.version == .http2
        if !isHTTP2, response.minorVersion == 1, !response.block.contains(.via) {
            writer.bytes.append(contentsOf: worker.viaLine)
        } else {
            writer.via(
                response.block, majorVersion: isHTTP2 ? 2 : 1, minorVersion: response.minorVersion,
                name: worker.settings.name)
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
        return standIn(cache)
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
        row.origin = worker.block().note(origin: facts, name: name)
        row.originStatus = UInt16(facts.status)
        row.originRetries = UInt16(clamping: facts.retries)
        row.originConnectNanoseconds = facts.connectNanoseconds
        if facts.firstByteAt > 0 { row.originFirstByteNanoseconds = facts.firstByteAt - facts.sentAt }
        if facts.sentAt > 0 { row.originNanoseconds = max(facts.endedAt, facts.sentAt) - facts.sentAt }
        worker.counters.originRetries += Int64(facts.retries)
    }
}
