import HTTPWire
import Reactor

/// The response: head, body, end, in whichever way it comes about.
extension Exchange {
    /// Decides how a body of unknown or known length goes to this client.
    /// - Parameters:
    ///   - method: of the request; its head may be lent out just now.
    ///   - minorVersion: the client's.
    func frame(length: UInt64?, status: Int, method: Method, minorVersion: UInt8) {
        skipsBody = method == .head || status == 204 || status == 304
        if skipsBody {
            responseFraming = .none
        } else if let length {
            responseFraming = .length
            owedBytes = length
        } else if connection?.delimitsBodies == true {
            responseFraming = .delimited
        } else if minorVersion == 1 {
            responseFraming = .chunked
        } else {
            responseFraming = .untilClose
            connection?.isLast = true
        }
    }

    /// Writes the status line, then what `fields` writes, then framing and connection fields.
    /// - Parameter length: the declared length, also where the body is left out.
    func startResponse(
        status: Int, length: UInt64?, _ fields: (inout HeadWriter) -> Void
    ) {
        guard let connection, !hasResponded else { return }
        hasResponded = true
        row.status = UInt16(status)
        frame(length: length, status: status, method: head.method, minorVersion: head.minorVersion)
        if !isRequestComplete, connection.input == .body {
            // Whether a client that was not told to go on sends its body after all is not known (RFC 9110, 10.1.1).
            let mayHoldBack = head.expectsContinue && !hasContinued
            if mayHoldBack || !connection.canSkipBody { connection.isLast = true }
        }
        let count = connection.writeHead { writer in
            let start = writer.bytes.count
            writer.statusLine(status)
            fields(&writer)
            if worker.rules != nil || decisions.trace != nil { deliver(&writer, from: start, status: status) }
            if let length, status != 204 { writer.field("Content-Length", Int(length)) }
            if responseFraming == .chunked { writer.field("Transfer-Encoding", "chunked") }
            connection.writeConnectionField(&writer, minorVersion: head.minorVersion)
            writer.endHead()
        }
        noteHead(count)
    }

    func noteHead(_ count: Int) {
        row.responseHeaderBytes = Int32(truncatingIfNeeded: count)
        row.responseBytes += Int64(count)
        row.firstByteNanoseconds = worker.loop.refreshClock() - startedAt
    }

    /// Sends a piece of the body. Returns false when the client is slow and the source should wait.
    @discardableResult
    func sendBody(_ bytes: Span<UInt8>) -> Bool {
        if let assembly, assembly.takesPage { return assembly.feed(bytes) }
        guard let connection, !skipsBody, !bytes.isEmpty else { return true }
        if let encoder { return sendEncoded(bytes, by: encoder) }
        let wire = connection.writeBody(bytes, isChunked: responseFraming == .chunked)
        noteSent(bytes.count, wire: wire)
        return !connection.isCongested
    }

    @discardableResult
    func sendBody(shared segment: [UInt8], _ range: Range<Int>) -> Bool {
        if let assembly, assembly.takesPage { return assembly.feed(segment.span.extracting(range)) }
        guard let connection, !skipsBody, !range.isEmpty else { return true }
        if let encoder { return sendEncoded(segment.span.extracting(range), by: encoder) }
        let wire = connection.writeBody(shared: segment, range, isChunked: responseFraming == .chunked)
        noteSent(range.count, wire: wire)
        return !connection.isCongested
    }

    func noteSent(_ count: Int, wire: Int) {
        row.responseBodyBytes += Int64(count)
        row.responseBytes += Int64(wire)
        owedBytes = owedBytes > UInt64(count) ? owedBytes - UInt64(count) : 0
    }

    /// The response is complete.
    func finishResponse(trailers: HeaderBlock = HeaderBlock()) {
        if let assembly, !assembly.isOver { return assembly.end() }
        guard let connection else { return }
        if let encoder, !endEncoded(by: encoder) { return }
        if responseFraming == .chunked || responseFraming == .delimited {
            row.responseBytes += Int64(connection.writeEnd(trailers: trailers))
        }
        if queuedBytes > 64 * 1024 {
            // The event waits for the last byte; the connection waits with the next request.
            phase = .draining
            connection.reportDrained(true)
            return
        }
        end()
        connection.exchangeFinished(self)
    }

    func clientDrained() {
        guard phase == .draining, let connection else { return }
        connection.reportDrained(false)
        end()
        connection.exchangeFinished(self)
    }

    /// The response cannot be completed.
    func tear() {
        if let assembly, !assembly.isOver { return assembly.breakOff() }
        guard let connection, phase != .done else { return }
        let needsReset = hasResponded && responseFraming == .untilClose
        if needsReset { row.responseBytes = max(0, row.responseBytes - Int64(queuedBytes)) }
        end()
        connection.exchangeTorn(self, needsReset: needsReset)
    }

    /// Closes the books: the event, and whoever still waits.
    func end() {
        guard phase != .done else { return }
        phase = .done
        if source != nil { source = nil }
        if encoder != nil { encoder = nil }
        if aside != nil { aside = nil }
        isKept = false
        if let assembly {
            self.assembly = nil
            assembly.close()
        }
        if job != nil { detachJob() }
        row.durationNanoseconds = worker.loop.refreshClock() - startedAt
        if let responder {
            self.responder = nil
            responder.close()
        }
        if connection?.isService != true { worker.record(self) } else { worker.countService() }
    }

    // MARK: Refusals

    func note(error code: String, _ message: String, _ fault: Fault) {
        if error == nil { error = EventBlock.ErrorNote(code: code, message: message, fault: fault) }
    }

    /// A request that breaks the protocol or a limit: answered, and the connection is closed.
    func refuse(_ cause: WireError) {
        note(error: cause.code.rawValue, cause.message, .client)
        if connection?.sawEnd == true, cause.code == .truncated { return tear() }
        if cause.status == 400 || cause.status == 408 || cause.status == 431 || cause.status == 414 {
            connection?.isLast = true
        }
        respondError(cause.status)
    }

    /// A short page in plain text with the number of the request, which the event's time and client lead to.
    func respondError(_ status: Int) {
        if let assembly, !assembly.isOver { return assembly.breakOff() }
        guard !hasResponded else { return tear() }
        if head.method == .other, row.hasRequest == false { connection?.isLast = true }
        // What is left of its body won't be read, so the client must know that its next request won't be either.
        if !isRequestComplete, connection?.input == .body { connection?.isLast = true }
        if worker.rules != nil, let answer = ruledError(status) { return send(answer) }
        let body = errorPage(status)
        startResponse(status: status, length: UInt64(body.count)) { writer in
            Exchange.writePageFields(&writer, status)
            worker.writeDate(&writer)
        }
        mimeType.append(contentsOf: "text/plain".utf8)
        sendBody(body.span)
        finishResponse()
    }

    /// Of the edge's own page, the date apart.
    static func writePageFields(_ writer: inout HeadWriter, _ status: Int) {
        writer.field("Content-Type", "text/plain; charset=utf-8")
        writer.field("Cache-Control", "no-store")
        if status == 503 { writer.field("Retry-After", 1) }
        if status == 405 { writer.field("Allow", text: Exchange.allowedMethods) }
    }

    func errorPage(_ status: Int) -> [UInt8] {
        var body = Array("\(status) \(StatusLines.reason(status))\n".utf8)
        if let error { body.append(contentsOf: "\(error.code)\n".utf8) }
        body.append(contentsOf: "request \(worker.requestName(self))\n".utf8)
        return body
    }
}
