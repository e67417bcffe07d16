import Bytes
import ESI
import HTTPCache
import HTTPWire
import Reactor
import Upstream

/// Where a page's life turns into its assembly. Fragments are assembled by their page and never by themselves.
extension Exchange {
    var isFragment: Bool { parentName != nil }

    // MARK: Beginning

    /// Takes a stored page over.
    func assemble(_ hit: CacheHit) -> Bool {
        let flags = hit.object.freshness.flags
        asksForESI = flags.contains(.asksForESI)
        if flags.contains(.isCoded) { bodyCoding = BodyCoding(hit.object.fields()) }
        guard !isFragment, decisions.esi ?? (asksForESI || isProcessedHost), !isDelegated else { return false }
        let status = Int(hit.object.status)
        guard status != 204, status != 304 else { return false }
        if !asksForESI, bodyCoding.isUnknown { return false }
        if !asksForESI, decisions.esi != true, !isProcessedType(hit.object.fields()) { return false }
        phase = .serving
        noteHit(hit)
        if sendReady(hit) { return true }
        if let parts = worker.compiledPages.find(key.hash, hit.object)?.parts, sendParts(parts, hit) { return true }
        if let page = beginAssembly(pageHead(hit)) { feed(page, hit) }
        return true
    }

    /// The head of a page that is made of a stored response.
    func pageHead(_ hit: CacheHit) -> PageHead {
        var writer = HeadWriter(capacity: 1024)
        _ = hit.writeHead(
            to: &writer, .whole, isHead: head.method == .head, signature: worker.cacheBox.signature, boundary: 1)
        return PageHead(status: Int(hit.object.status), lines: writer.bytes, asksForESI: asksForESI)
    }

    private func feed(_ page: PageAssembly, _ hit: CacheHit) {
        page.template = hit.object
        guard let (bytes, range) = hit.object.inlineBody else {
            source = BodySource(hit.object, reader: BodyReader(hit.object))
            return pump()
        }
        if let compiled = worker.compiledPages.find(key.hash, hit.object) { return page.feed(compiled) }
        guard let plain = page.decodeWhole(bytes[range]) else { return }
        // Under a key that a rule gave, other URLs may share the page.
        let base = decisions.keyBase != nil ? nil : page.url
        page.feed(worker.compile(key, hit.object, plain.span, base: base))
    }

    /// Takes over a page that is not stored.
    func assemble(
        _ response: ResponseHead, _ reason: CacheStatus.Forward, _ detail: StaticString, _ call: OriginCall?
    ) -> Bool {
        asksForESI = SurrogateControl(response.block).asksForESI
        bodyCoding = BodyCoding(response.block)
        let wanted = decisions.esi ?? (asksForESI || isProcessedHost && isProcessedType(response.block))
        guard !isFragment, wanted, !isDelegated else {
            return false
        }
        guard response.status != 204, response.status != 304, asksForESI || !bodyCoding.isUnknown else { return false }
        if response.status == 206 {
            startWithoutRange()
            return true
        }
        var writer = HeadWriter(capacity: 1024)
        writer.statusLine(response.status)
        writePassed(response, reason, detail, call, &writer)
        _ = beginAssembly(PageHead(status: response.status, lines: writer.bytes, asksForESI: asksForESI))
        return true
    }

    /// Part of a template is nothing to assemble: asks for all of it.
    private func startWithoutRange() {
        head.block.remove(.range)
        head.block.remove(.ifRange)
        lookedUpHead?.block.remove(.range)
        lookedUpHead?.block.remove(.ifRange)
        dropOrigin()
        detachJob()
        guard head.method == .get || head.method == .head, let cache = worker.cache else { return forward(.bypass) }
        lookUp(cache)
    }

    /// Tells origins what the edge can do (Edge Architecture Specification, 2.2).
    func writeSurrogateCapability(_ writer: inout HeadWriter) {
        writer.startField("Surrogate-Capability")
        writer.bytes.append(contentsOf: worker.settings.name.utf8.filter { $0.isCapabilityByte })
        writer.bytes.append(contentsOf: "=\"ESI/1.0 ESI-Inline/1.0\"")
        writer.endLine()
    }

    func resetESI() {
        if assembly != nil { assembly = nil }
        asksForESI = false
        bodyCoding = .plain
        if parentName != nil { parentName = nil }
        if fragmentLifetime != nil { fragmentLifetime = nil }
        if pageNote != nil { pageNote = nil }
    }

    /// - Returns: nil where the head is all of the answer.
    private func beginAssembly(_ pageHead: PageHead) -> PageAssembly? {
        if mimeType.isEmpty { keepMimeType(of: pageHead.block) }
        if head.method == .head {
            let encoding = beginEncoding(pageHead.block, status: pageHead.status, length: nil)
            startResponse(status: pageHead.status, length: nil) {
                pageHead.write(&$0, added: [], isUncacheable: false, encoding)
            }
            finishResponse()
            return nil
        }
        let page = PageAssembly(self, head: pageHead)
        assembly = page
        return page.begin(bodyCoding) ? page : nil
    }

    /// A trusted cache in front of this one does ESI itself.
    private var isDelegated: Bool {
        guard isTrustedPeer, let capability = head.block.string(named: "surrogate-capability") else { return false }
        return capability.contains("ESI/1.")
    }

    private var isProcessedHost: Bool {
        let hosts = worker.settings.esi.processedHosts
        if hosts.isEmpty { return false }
        let head = head
        let host = head.slice(head.host)
        for name in hosts where name == "*" || host.equalsIgnoringCase(name) { return true }
        return false
    }

    private func isProcessedType(_ block: HeaderBlock) -> Bool {
        guard let value = block.value(of: .contentType) else { return false }
        var end = 0
        while end < value.count, value[end] != 0x3B, value[end] != 0x20 { end += 1 }
        for type in worker.settings.esi.processedTypes where value.extracting(0..<end).equalsIgnoringCase(type) {
            return true
        }
        return false
    }

    /// Goes on with the page after it was held.
    func resumePage() {
        switch phase {
        case .forwarding: origin?.resume()
        case .fetching: job?.resume()
        case .serving: pump()
        default: break
        }
    }

    /// A fragment that neither comes from the cache nor goes into it.
    func beginUncached() { forward(.bypass) }

    // MARK: The answer

    func startAssembled(_ pageHead: PageHead, _ changes: ESIHead, length: Int?) {
        let status = changes.status ?? pageHead.status
        let length = length.map { UInt64($0) }
        let encoding = beginEncoding(pageHead.block(added: changes.addedFields), status: status, length: length)
        startResponse(status: status, length: encoding.coding == nil ? length : nil) { writer in
            pageHead.write(&writer, added: changes.addedFields, isUncacheable: changes.isUncacheable, encoding)
        }
    }

    func failAssembled(_ fault: ESIFault) {
        let isOrigin = fault.kind == .status || fault.kind == .network || fault.kind == .timeout
        note(error: "esi_\(fault.code)", fault.explanation, isOrigin ? .origin : .edge)
        if hasResponded { return tear() }
        mimeType = []
        respondError(fault.pageStatus)
    }

    func noteMarkup(_ note: ESINote) {
        self.note(
            error: "esi_\(note.fault.code)",
            "\(note.fault.message) at line \(note.place.line), column \(note.place.column)", .origin)
    }
}

extension UInt8 {
    /// May stand in a surrogate's name.
    fileprivate var isCapabilityByte: Bool {
        self &- 48 < 10 || (self | 0x20) &- 0x61 < 26 || self == 0x2D || self == 0x2E || self == 0x5F
    }
}

extension ResponseHead {
    /// The same answer with the lifetime that a page gives its fragment.
    func kept(seconds: Int64) -> ResponseHead {
        var head = self
        let asksForESI = SurrogateControl(block).asksForESI
        head.block.remove(.surrogateControl)
        if asksForESI { head.block.append("Surrogate-Control", "content=\"ESI/1.0\"") }
        head.block.remove(.cacheControl)
        head.block.remove(.cdnCacheControl)
        head.block.remove(.expires)
        head.block.remove(.pragma)
        head.block.append("Cache-Control", seconds == 0 ? "no-store" : "max-age=\(seconds)")
        return head
    }
}
