import HTTPWire
import Reactor

/// One request and its response on an HTTP/2 connection to an origin. Confined to its loop.
///
/// A reader that pauses holds at most the stream's window here; the connection and its other streams go on.
final class OriginStream: OriginCarrier {
    /// The exchange is told to wait when more of the request's body than this is queued…
    static let highWaterBytes = 64 * 1024
    /// …and to go on below this.
    static let lowWaterBytes = 16 * 1024

    private let connection: OriginHTTP2Connection
    private(set) var number: Int32 = 0
    private var exchange: OriginExchange?
    /// When what is awaited is too late, nanoseconds of the loop; 0 for nothing.
    private(set) var deadline: Int64 = 0

    // Request.
    private var upload = UploadBuffer()
    private var trailers = HeaderBlock()
    private var wantsMore = false

    // Response.
    private var receivedAny = false
    private var isInBody = false
    private var interimCount = 0
    private var held: [UInt8] = []
    private var end: HeaderBlock?
    private var isDeliveryQueued = false

    init(_ connection: OriginHTTP2Connection) { self.connection = connection }

    private var settings: OriginSettings { connection.pool.settings }

    override var address: SocketAddress? { connection.tcp?.peer }

    override var version: OriginVersion { .http2 }

    override func takeConnectNanoseconds() -> Int64 { connection.takeConnectNanoseconds() }

    // MARK: Request

    override func begin(_ exchange: OriginExchange) {
        self.exchange = exchange
        guard let number = connection.open(self, exchange) else {
            // A caller of `start` must not be called back before it returns.
            let box = Confined(self)
            return connection.pool.loop.execute {
                box.value.fail(UpstreamError(.refusedStream, "the connection takes no more requests", mayRetry: true))
            }
        }
        self.number = number
        if exchange.isBodySent {
            wake(after: settings.firstByteTimeoutMilliseconds)
        } else {
            exchange.becameReady()
        }
        connection.flush()
    }

    override var isCongested: Bool {
        if upload.count > OriginStream.highWaterBytes { wantsMore = true }
        return wantsMore
    }

    override func sendBody(_ bytes: Span<UInt8>, of exchange: OriginExchange) {
        upload.append(bytes)
        connection.bodyGrew(self)
        if isCongested { wake(after: settings.idleTimeoutMilliseconds) }
    }

    override func finishBody(trailers: HeaderBlock, of exchange: OriginExchange) {
        self.trailers = trailers
        if !isInBody, !exchange.isPaused { wake(after: settings.firstByteTimeoutMilliseconds) }
        connection.bodyGrew(self)
    }

    func bodyAvailable(limit: Int) -> (count: Int, end: HTTP2BodyEnd) {
        let count = min(limit, upload.count)
        guard let exchange, exchange.isBodySent, count == upload.count else { return (count, .goesOn) }
        return (count, trailers.fields.contains { $0.id == .other } ? .endsWithTrailers(trailers) : .ends)
    }

    /// Sends the next bytes of the body, which `bodyAvailable` named.
    func sendBody(_ count: Int, on tcp: TCPConnection) {
        upload.send(count, on: tcp)
        guard let exchange else { return }
        if exchange.isBodySent {
            if !receivedAny { wake(after: settings.firstByteTimeoutMilliseconds) }
        } else if wantsMore, upload.count <= OriginStream.lowWaterBytes {
            connection.progressed(self)
        } else if wantsMore {
            wake(after: settings.idleTimeoutMilliseconds)
        }
    }

    /// The session is done for now: the exchange may send at once.
    func tellProgress() {
        guard let exchange, wantsMore, upload.count <= OriginStream.lowWaterBytes else { return }
        wantsMore = false
        if !receivedAny { deadline = 0 }
        exchange.hearRoom()
    }

    // MARK: Response

    func responded(_ head: ResponseHead) {
        guard let exchange else { return }
        if !receivedAny {
            receivedAny = true
            exchange.facts.firstByteAt = connection.pool.loop.now
        }
        touch(exchange)
        guard head.isInterim else {
            if head.status == 304, !exchange.request.isConditional {
                let words = OriginConnection.unaskedNotModified
                return fail(UpstreamError(.malformedResponse, words, mayRetry: false))
            }
            exchange.facts.status = head.status
            isInBody = true
            exchange.hear(head)
            return
        }
        interimCount += 1
        if interimCount > OriginConnection.maximumInterim {
            let words = "more than \(OriginConnection.maximumInterim) interim responses"
            return fail(UpstreamError(.malformedResponse, words, mayRetry: false))
        }
        if head.status == 100 { exchange.hearContinue() } else { exchange.hearInterim(head) }
    }

    func received(_ bytes: Span<UInt8>) {
        guard let exchange else { return connection.consumed(self, bytes.count) }
        touch(exchange)
        if exchange.isPaused || !held.isEmpty {
            bytes.withUnsafeBufferPointer { held.append(contentsOf: $0) }
            return
        }
        connection.consumed(self, bytes.count)
        exchange.hear(bytes)
    }

    func ended(trailers: HeaderBlock) {
        guard let exchange else { return }
        end = trailers
        if held.isEmpty, !exchange.isPaused { finish() }
    }

    private func finish() {
        guard let exchange, let end else { return }
        let isUnsent = !exchange.isBodySent || upload.count > 0
        release()
        // The server answered without the rest of the request.
        if isUnsent { connection.reset(self, code: .cancel) }
        exchange.ended(trailers: end)
        connection.streamIsFree()
    }

    override func pause() { deadline = 0 }

    override func resume() {
        wake(after: settings.idleTimeoutMilliseconds)
        guard !held.isEmpty || end != nil, !isDeliveryQueued else { return }
        // Later: whoever resumes must not be called back before it returns.
        isDeliveryQueued = true
        let box = Confined(self)
        connection.pool.loop.execute { box.value.deliver() }
    }

    private func deliver() {
        isDeliveryQueued = false
        guard let exchange, !exchange.isPaused else { return }
        if !held.isEmpty {
            var bytes: [UInt8] = []
            swap(&bytes, &held)
            connection.consumed(self, bytes.count)
            exchange.hear(bytes.span)
        }
        if end != nil, self.exchange != nil, held.isEmpty, !exchange.isPaused { finish() }
        connection.flush()
    }

    // MARK: Ends

    override func abandon() {
        guard exchange != nil else { return }
        release()
        connection.reset(self, code: .cancel)
        connection.streamIsFree()
    }

    override func endTunnel() { abandon() }

    /// The stream is closed, by the server or for what it sent.
    func closed(_ end: HTTP2StreamEnd) {
        guard let exchange, self.end == nil else { return }
        switch end {
        case .refused:
            fail(UpstreamError(.refusedStream, "the origin refused the request unprocessed", mayRetry: true))
        case .malformed(let error): fail(UpstreamError(.malformedResponse, error.message, mayRetry: false))
        case .complete: fail(UpstreamError(.closedEarly, "the stream ended without a response", mayRetry: false))
        case .reset(let code):
            let idempotent = exchange.request.method.isIdempotent
            fail(
                UpstreamError(
                    receivedAny ? .closedEarly : .reset, "the origin broke the stream off: HTTP/2 error \(code)",
                    mayRetry: !receivedAny && idempotent && code == HTTP2Code.noError.rawValue))
        }
    }

    /// The connection is gone.
    /// - Parameter error: why, where more is known than that it broke.
    func lost(_ reason: CloseReason, _ error: UpstreamError?) {
        guard let exchange else { return }
        // All of it has come; the client has still to take it.
        if end != nil { return }
        // As with HTTP/1.1: a connection that was used before may have been given up by the origin already.
        let mayRetry = connection.hasServed && !receivedAny && exchange.request.method.isIdempotent
        let code: UpstreamError.Code = receivedAny ? .closedEarly : .reset
        release()
        exchange.attemptFailed(error ?? UpstreamError(code, "the connection broke: \(reason)", mayRetry: mayRetry))
    }

    /// Gives the stream up; its connection goes on.
    private func fail(_ error: UpstreamError) {
        guard let exchange else { return }
        release()
        connection.reset(self, code: .cancel)
        connection.streamIsFree()
        exchange.attemptFailed(error)
    }

    private func release() {
        exchange = nil
        deadline = 0
        held = []
        upload = UploadBuffer()
        connection.remove(self)
    }

    // MARK: Time

    private func touch(_ exchange: OriginExchange) {
        if exchange.isBodySent, !exchange.isPaused { wake(after: settings.idleTimeoutMilliseconds) }
    }

    private func wake(after milliseconds: Int) {
        deadline = connection.pool.loop.now + Int64(milliseconds) * 1_000_000
        connection.arm(deadline)
    }

    func timedOut() {
        deadline = 0
        guard let exchange else { return }
        connection.suspect()
        if !exchange.isBodySent, !receivedAny {
            return fail(UpstreamError(.sendTimeout, "the origin does not take the request", mayRetry: false))
        }
        fail(
            receivedAny
                ? UpstreamError(.idleTimeout, "the origin stopped sending", mayRetry: false)
                : UpstreamError(.firstByteTimeout, "no response in time", mayRetry: false))
    }
}

/// A request's body on its way into DATA frames.
private struct UploadBuffer {
    private var bytes: [UInt8] = []
    private var start = 0

    var count: Int { bytes.count - start }

    mutating func append(_ more: Span<UInt8>) { more.withUnsafeBufferPointer { bytes.append(contentsOf: $0) } }

    /// - Precondition: `size` is at most `count`.
    mutating func send(_ size: Int, on tcp: TCPConnection) {
        tcp.send(bytes.span.extracting(start..<start + size))
        start += size
        if start == bytes.count {
            bytes.removeAll(keepingCapacity: true)
            start = 0
        } else if start > OriginStream.highWaterBytes {
            bytes.removeSubrange(0..<start)
            start = 0
        }
    }
}
