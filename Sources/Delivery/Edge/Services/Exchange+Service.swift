import HTTPWire
import Reactor

/// Answering by a service of the process.
extension Exchange {
    func beginService(_ service: any HTTPService) {
        if case .length(let length) = head.framing, length > UInt64(worker.settings.maximumServiceBodyBytes) {
            return refuseServiceBody()
        }
        guard !head.framing.isEmpty, let connection else { return startService() }
        guard service.wantsBody(of: HTTPRequest(head, peer: connection.tcp.peer, body: [])) else {
            connection.input = .ended
            return startService()
        }
        phase = .collecting
        if head.expectsContinue { letBodyCome() } else { connection.resumeBody() }
    }

    func collect(_ bytes: Span<UInt8>) {
        guard collected.count + bytes.count <= worker.settings.maximumServiceBodyBytes else {
            return refuseServiceBody()
        }
        bytes.withUnsafeBufferPointer { collected.append(contentsOf: $0) }
    }

    private func refuseServiceBody() {
        note(error: "body_too_large", "the request body is over the limit", .client)
        connection?.input = .ended
        respondError(413)
    }

    func startService() {
        guard let connection, let service = connection.service else { return }
        phase = .serving
        let request = HTTPRequest(head, peer: connection.tcp.peer, body: collected)
        collected = []
        let core = ResponderCore(self, loop: worker.loop)
        responder = core
        connection.watchWriting()
        service.handle(request, Responder(core))
    }

    func apply(_ operation: ResponderCore.Operation) {
        guard phase == .serving else { return }
        switch operation {
        case .start(let status, let headers): startService(status: status, headers: headers)
        case .write(let bytes):
            if responseFraming == .length, UInt64(bytes.count) > owedBytes { return serviceAbandoned() }
            sendBody(shared: bytes, 0..<bytes.count)
        case .finish:
            if responseFraming == .length, owedBytes > 0 { return serviceAbandoned() }
            finishResponse()
        case .abort: serviceAbandoned()
        }
    }

    private func startService(status: Int, headers: [(String, String)]) {
        var length: UInt64?
        for (name, value) in headers {
            switch name.lowercased() {
            case "content-length": length = UInt64(value)
            case "content-type": isEventStream = value.hasPrefix("text/event-stream")
            default: break
            }
        }
        startResponse(status: status, length: length) { writer in
            for (name, value) in headers where !Exchange.isFramingField(name) { writer.field(name, text: value) }
            worker.writeDate(&writer)
        }
    }

    private static func isFramingField(_ name: String) -> Bool {
        let lower = name.lowercased()
        return lower == "content-length" || lower == "transfer-encoding" || lower == "connection" || lower == "date"
    }

    /// The service let go of the request without a whole answer.
    func serviceAbandoned() {
        guard phase == .serving else { return }
        note(error: "service_failed", "the service gave no whole answer", .edge)
        if hasResponded { tear() } else { respondError(500) }
    }

    /// The server drains: a stream of events has no end of its own, and its reader comes back elsewhere.
    func endStream() {
        if phase == .serving, hasResponded, isEventStream { finishResponse() }
    }
}
