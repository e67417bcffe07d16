import Bytes
import HTTPWire
import Reactor

/// An HTTP/1.1 connection to an origin: one exchange at a time.
final class OriginConnection: OriginCarrier, TCPHandler {
    /// Interim responses before a final one.
    static let maximumInterim = 16
    static let unaskedNotModified = "304 in answer to a request without a condition"

    let id: PoolState.ConnectionID
    private let pool: OriginPool
    @exclusivity(unchecked) private(set) var tcp: TCPConnection?
    @exclusivity(unchecked) private var parser = ResponseParser()
    private let headPlace = Place(ResponseHead())
    private var head: ResponseHead {
        _read { yield headPlace.value }
        _modify { yield &headPlace.value }
    }
    @exclusivity(unchecked) private var decoder = BodyDecoder(.none, limits: .origin, isLenient: true)
    @exclusivity(unchecked) private var exchange: OriginExchange?
    @exclusivity(unchecked) private var hasServed = false
    @exclusivity(unchecked) private var receivedAny = false
    @exclusivity(unchecked) private var isInBody = false
    @exclusivity(unchecked) private var interimCount = 0
    @exclusivity(unchecked) private var isTunnel = false
    @exclusivity(unchecked) private var connectStarted: Int64
    @exclusivity(unchecked) private var connectNanoseconds: Int64 = -1
    @exclusivity(unchecked) private var isConnecting = true
    @exclusivity(unchecked) private var pendingError: UpstreamError?
    /// The name has other addresses that a failed connect may try.
    @exclusivity(unchecked) var hasAlternatives = false

    init(id: PoolState.ConnectionID, pool: OriginPool) {
        self.id = id
        self.pool = pool
        connectStarted = pool.loop.now
    }

    /// - Parameter client: for the PROXY header, where the origin wants one.
    func connect(to address: SocketAddress, for client: ProxyHeader.Addresses?) throws(SystemError) {
        let prelude = pool.settings.proxyHeader.map { ProxyHeader.bytes($0, client) } ?? []
        let tcp = try TCPConnection.connect(
            to: address, on: pool.loop, tls: pool.settings.tls, protocols: pool.settings.offeredProtocols,
            prelude: prelude, handler: self)
        self.tcp = tcp
        tcp.setDeadline(afterMilliseconds: pool.settings.connectTimeoutMilliseconds)
    }

    override var address: SocketAddress? { tcp?.peer }
    override var isCongested: Bool { tcp?.isCongested ?? true }

    override func takeConnectNanoseconds() -> Int64 {
        defer { connectNanoseconds = -1 }
        return connectNanoseconds
    }

    // MARK: Exchange

    override func begin(_ exchange: OriginExchange) {
        self.exchange = exchange
        receivedAny = false
        isInBody = false
        interimCount = 0
        guard let tcp else { return }
        let requestHead = exchange.request.head
        tcp.send(shared: requestHead, 0..<requestHead.count)
        if exchange.isBodySent {
            requestSent()
        } else {
            tcp.clearDeadline()
            exchange.becameReady()
        }
    }

    override func sendBody(_ bytes: Span<UInt8>, of exchange: OriginExchange) {
        guard let tcp else { return }
        if exchange.request.framing == .chunked {
            tcp.send { ChunkedWriter.appendHead(size: bytes.count, to: &$0) }
            tcp.send(bytes)
            tcp.send { $0.append(contentsOf: ChunkedWriter.lineEnd) }
        } else {
            tcp.send(bytes)
        }
        if tcp.isCongested, !exchange.request.isUpgrade {
            tcp.setDeadline(afterMilliseconds: pool.settings.idleTimeoutMilliseconds)
        }
    }

    override func finishBody(trailers: HeaderBlock, of exchange: OriginExchange) {
        if exchange.request.framing == .chunked {
            tcp?.send { ChunkedWriter.appendEnd(trailers: trailers, to: &$0) }
        }
        requestSent()
    }

    private func requestSent() {
        guard !isInBody, exchange?.isPaused == false else { return }
        tcp?.setDeadline(afterMilliseconds: pool.settings.firstByteTimeoutMilliseconds)
    }

    override func pause() {
        tcp?.pauseReading()
        tcp?.clearDeadline()
    }

    override func resume() {
        tcp?.resumeReading()
        if isTunnel { return }
        tcp?.setDeadline(afterMilliseconds: pool.settings.idleTimeoutMilliseconds)
    }

    override func abandon() {
        exchange = nil
        tcp?.close()
    }

    override func endTunnel() {
        exchange = nil
        tcp?.closeAfterFlush(linger: true)
    }

    func closeIdle() { tcp?.close() }

    /// Whether the origin has closed the connection, or said something unasked, as far as one can know before a request
    /// goes out on it. New ones are not looked at.
    /// - Parameter looksAtSocket: costs a system call.
    func isSpent(looksAtSocket: Bool) -> Bool {
        guard hasServed, let tcp else { return hasServed }
        return looksAtSocket ? tcp.hasUnread : tcp.hasReadAhead
    }

    /// The pool keeps it for the next request and watches its age.
    func tcpIdle() { tcp?.clearDeadline() }

    // MARK: TCPHandler

    func connected() {
        isConnecting = false
        connectNanoseconds = pool.loop.now - connectStarted
        guard let tcp else { return }
        switch pool.settings.speaksHTTP2(tcp.tlsFacts) {
        case false?: pool.connected(self)
        case true?:
            self.tcp = nil
            pool.connected(OriginHTTP2Connection(id: id, pool: pool, tcp: tcp, connectNanoseconds: connectNanoseconds))
        case nil:
            isConnecting = true
            let words = "the origin does not agree to HTTP/2 (ALPN); say protocol: auto"
            fail(UpstreamError(.tlsFailed, words, mayRetry: false))
        }
    }

    func received(_ bytes: Span<UInt8>) {
        guard let exchange else {
            // Bytes that nobody asked for; the connection cannot be trusted with another request.
            tcp?.close()
            return
        }
        if !receivedAny {
            receivedAny = true
            exchange.facts.firstByteAt = pool.loop.now
        }
        if isTunnel {
            exchange.hear(bytes)
            return
        }
        if exchange.isBodySent, !exchange.isPaused {
            tcp?.setDeadline(afterMilliseconds: pool.settings.idleTimeoutMilliseconds)
        }
        do throws(WireError) {
            try consume(bytes, exchange)
        } catch {
            fail(UpstreamError(.malformedResponse, error.message, mayRetry: false))
        }
    }

    private func consume(_ bytes: Span<UInt8>, _ exchange: OriginExchange) throws(WireError) {
        var position = 0
        while self.exchange === exchange {
            if isTunnel {
                if position < bytes.count { exchange.hear(bytes.extracting(position...)) }
                return
            }
            if isInBody {
                let step = try decoder.decode(bytes.extracting(position...))
                if !step.data.isEmpty {
                    let data = position + step.data.lowerBound..<position + step.data.upperBound
                    exchange.hear(bytes.extracting(data))
                }
                position += step.consumed
                if step.isComplete {
                    if self.exchange === exchange { complete(unusedInput: position < bytes.count) }
                    return
                }
                if position >= bytes.count { return }
            } else {
                guard position < bytes.count else { return }
                let step = try parser.parse(
                    bytes.extracting(position...), requestMethod: exchange.request.method, into: &head)
                position += step.consumed
                guard step.isComplete else { return }
                try takeHead(exchange)
            }
        }
    }

    private func takeHead(_ exchange: OriginExchange) throws(WireError) {
        if head.isInterim {
            interimCount += 1
            guard interimCount <= OriginConnection.maximumInterim else {
                throw WireError(.malformedStartLine, "more than \(OriginConnection.maximumInterim) interim responses")
            }
            switch head.status {
            case 100: exchange.hearContinue()
            case 101 where exchange.request.isUpgrade: beginTunnel(exchange)
            case 101: fail(UpstreamError(.unexpectedUpgrade, "the origin upgrades unasked", mayRetry: false))
            default: exchange.hearInterim(head)
            }
            return
        }
        guard head.status != 304 || exchange.request.isConditional else {
            throw WireError(.malformedStartLine, OriginConnection.unaskedNotModified)
        }
        exchange.facts.status = head.status
        isInBody = true
        decoder = BodyDecoder(head.framing, limits: .origin, isLenient: true)
        headPlace.lend { exchange.hear($0) }
    }

    private func beginTunnel(_ exchange: OriginExchange) {
        isTunnel = true
        exchange.isBodySent = false
        exchange.facts.status = head.status
        tcp?.clearDeadline()
        exchange.hearUpgrade(head)
    }

    private func complete(unusedInput: Bool) {
        guard let exchange else { return }
        self.exchange = nil
        hasServed = true
        isInBody = false
        let reusable = head.keepsAlive && !unusedInput && exchange.isBodySent && tcp?.isOpen == true
        if exchange.isPaused { tcp?.resumeReading() }
        // First the exchange hears of its end, so that its facts are whole; then another may take the connection.
        exchange.ended(trailers: decoder.trailers)
        pool.released(self, reusable: reusable)
    }

    func receivedEnd() {
        guard exchange != nil else {
            tcp?.close()
            return
        }
        if isTunnel { return complete(unusedInput: true) }
        if isInBody {
            do throws(WireError) {
                try decoder.inputEnded()
            } catch {
                return fail(UpstreamError(.closedEarly, "the response ends early: \(error.message)", mayRetry: false))
            }
            return complete(unusedInput: true)
        }
        fail(UpstreamError(.closedEarly, "the origin closed without a response", mayRetry: mayRetry))
    }

    func canSendMore() {
        guard let exchange else { return }
        tcp?.clearDeadline()
        if exchange.isBodySent { requestSent() } else { exchange.hearRoom() }
    }

    func drained() {}

    func deadlinePassed() {
        if isConnecting {
            return fail(UpstreamError(.connectTimeout, "connect timed out", mayRetry: hasAlternatives))
        }
        guard let exchange else {
            tcp?.close()
            return
        }
        if !exchange.isBodySent, !receivedAny {
            return fail(UpstreamError(.sendTimeout, "the origin does not take the request", mayRetry: false))
        }
        fail(
            receivedAny
                ? UpstreamError(.idleTimeout, "the origin stopped sending", mayRetry: false)
                : UpstreamError(.firstByteTimeout, "no response in time", mayRetry: false))
    }

    func closed(_ reason: CloseReason) {
        tcp = nil
        let mayRetry = mayRetry
        let exchange = self.exchange
        self.exchange = nil
        let wasConnecting = isConnecting
        isConnecting = false
        if wasConnecting {
            return pool.connectFailed(id, pendingError ?? connectError(reason))
        }
        pool.closed(self)
        guard let exchange else { return }
        let code: UpstreamError.Code = receivedAny ? .closedEarly : .reset
        exchange.attemptFailed(
            pendingError ?? UpstreamError(code, "the connection broke: \(reason)", mayRetry: mayRetry))
    }

    private func connectError(_ reason: CloseReason) -> UpstreamError {
        if case .tlsFailed(let words) = reason {
            return UpstreamError(.tlsFailed, "TLS with the origin failed: \(words)", mayRetry: hasAlternatives)
        }
        return UpstreamError(.connectRefused, "cannot connect: \(reason)", mayRetry: hasAlternatives)
    }

    /// A request that went out on a reused connection and got no byte back met a connection that the origin had
    /// closed meanwhile; an idempotent one may go again (RFC 9112, 9.3.1), a proxy must not send another one again
    /// (RFC 9110, 9.2.2).
    private var mayRetry: Bool {
        guard let exchange else { return false }
        return hasServed && !receivedAny && exchange.request.method.isIdempotent
    }

    private func fail(_ error: UpstreamError) {
        pendingError = error
        tcp?.close()
    }
}
