import Bytes
import HTTPWire
import Reactor
import Upstream

/// Asking an origin for this client alone, nothing stored.
extension Exchange: OriginHandler {
    func forward() {
        guard let route = worker.route(host: head.slice(head.host)) else {
            note(error: "no_origin", "no origin serves this host", .client)
            return respondError(421)
        }
        phase = .forwarding
        originName = route.name
        let request = OriginRequest(method: head.method, head: requestHead(route.settings), framing: head.framing)
        let origin = OriginExchange(pool: route.pool, request: request, handler: self)
        self.origin = origin
        worker.counters.originRequests += 1
        if head.framing.isEmpty { connection?.watchWriting() }
        origin.start()
    }

    /// The head for the origin: the client's fields without those of its connection, plus what a proxy adds.
    func requestHead(_ settings: OriginSettings) -> [UInt8] {
        var writer = HeadWriter(capacity: head.block.bytes.count + 256)
        let target = head.targetForm == .asterisk ? head.target : head.originTarget
        writer.requestLine(method: head.slice(head.methodRange), target: head.slice(target))
        if let host = settings.hostHeader {
            writer.field("Host", text: host)
        } else {
            writer.startField("Host")
            writer.bytes.append(contentsOf: head.slice(head.host))
            if let port = head.port {
                writer.bytes.append(0x3A)
                NumberWriter.append(Int(port), to: &writer.bytes)
            }
            writer.endLine()
        }
        writer.copyFields(of: head.block, except: Exchange.replacedFields)
        switch head.framing {
        case .length(let length): writer.field("Content-Length", Int(length))
        case .chunked: writer.field("Transfer-Encoding", "chunked")
        case .none, .untilClose: break
        }
        if head.expectsContinue { writer.field("Expect", "100-continue") }
        writeForwarded(&writer)
        writer.startField("Via")
        writer.bytes.append(contentsOf: head.minorVersion == 1 ? Array("1.1 ".utf8) : Array("1.0 ".utf8))
        writer.bytes.append(contentsOf: worker.viaName)
        writer.endLine()
        writer.endHead()
        return writer.bytes
    }

    private static let replacedFields: HeaderSet = [
        .host, .contentLength, .expect, .forwarded, .xForwardedFor, .xForwardedHost, .xForwardedProto,
    ]

    // MARK: OriginHandler

    func originReady() {
        guard head.expectsContinue else {
            connection?.resumeBody()
            return
        }
        isAwaitingContinue = true
        connection?.tcp.setDeadline(afterMilliseconds: worker.settings.continueTimeoutMilliseconds)
    }

    func originContinues() {
        if isAwaitingContinue { letBodyCome() }
    }

    /// The origin says nothing; a client must not wait for ever (RFC 9110, 10.1.1).
    func continueTimedOut() { letBodyCome() }

    func letBodyCome() {
        isAwaitingContinue = false
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
        var length = response.declaredLength
        if case .length(let framed) = response.framing { length = framed }
        if response.framing == .chunked { length = nil }
        keepMimeType(of: response.block)
        startResponse(status: response.status, length: length) { writer in
            writer.copyFields(of: response.block, except: [.contentLength])
            if !response.block.contains(.date) { worker.writeDate(&writer) }
            worker.writeVia(&writer, minorVersion: response.minorVersion)
        }
    }

    func originBody(_ bytes: Span<UInt8>) {
        if !sendBody(bytes) { origin?.pause() }
    }

    func originEnded(trailers: HeaderBlock) {
        noteOrigin()
        origin = nil
        finishResponse(trailers: trailers)
    }

    func originFailed(_ failure: UpstreamError) {
        noteOrigin()
        origin = nil
        worker.counters.originFailures += 1
        note(error: failure.code.rawValue, failure.message, failure.blame == .origin ? .origin : .edge)
        if hasResponded { tear() } else { respondError(failure.status) }
    }

    func originCanTakeMore() { connection?.resumeBody() }

    // MARK: Event

    func keepMimeType(of block: HeaderBlock) {
        guard let value = block.value(of: .contentType) else { return }
        for index in value.indices {
            let byte = value[index]
            if byte == 0x3B || byte == 0x20 { break }
            mimeType.append(byte)
        }
    }

    func noteOrigin() {
        guard let origin else { return }
        note(origin.facts, name: originName)
    }

    func note(_ facts: OriginFacts, name: String) {
        row.origin = worker.block().note(origin: EventBlock.Origin(name: name, address: facts.address))
        row.originStatus = UInt16(facts.status)
        row.originRetries = UInt16(clamping: facts.retries)
        row.originConnectNanoseconds = facts.connectNanoseconds
        if facts.firstByteAt > 0 { row.originFirstByteNanoseconds = facts.firstByteAt - facts.sentAt }
        if facts.sentAt > 0 { row.originNanoseconds = max(facts.endedAt, facts.sentAt) - facts.sentAt }
        worker.counters.originRetries += Int64(facts.retries)
    }
}
