import Bytes
public import HTTPWire
import Reactor

/// One request to an origin and its response, over whichever connection the pool finds. Confined to the pool's loop.
public class OriginExchange {
    enum Phase {
        case new
        case waiting
        /// On a connection; the request's body may still be going out.
        case active
        case done
    }

    public let pool: OriginPool
    @exclusivity(unchecked) public internal(set) var request: OriginRequest
    @exclusivity(unchecked) public internal(set) var facts = OriginFacts()
    @exclusivity(unchecked) var handler: (any OriginHandler)?
    @exclusivity(unchecked) var phase = Phase.new
    @exclusivity(unchecked) var connection: OriginCarrier?
    @exclusivity(unchecked) var ticket: PoolState.Ticket = 0
    @exclusivity(unchecked) var isBodySent: Bool
    /// Of the request's body, or its end: it can't be had again.
    @exclusivity(unchecked) private var hasSentBody = false
    /// For origins that may refuse what they got.
    @exclusivity(unchecked) private var held = HeldBody()
    /// What is held waits for another connection.
    @exclusivity(unchecked) private var isSentAgain = false
    /// Of an origin that refuses whatever it gets.
    @exclusivity(unchecked) private var refusalsLeft = 5
    /// The handler was told that the body may come.
    @exclusivity(unchecked) private var isReady = false
    @exclusivity(unchecked) var retriesLeft: Int
    @exclusivity(unchecked) var isPaused = false

    /// The handler is held until the exchange is over.
    public convenience init(pool: OriginPool, request: OriginRequest, handler: any OriginHandler) {
        self.init(pool, request)
        self.handler = handler
    }

    init(_ pool: OriginPool, _ request: OriginRequest) {
        // Another protocol can be gone over to from HTTP/1.1 alone (RFC 9113, 8.6).
        self.pool = request.isUpgrade ? pool.forUpgrades : pool
        self.request = request
        isBodySent = request.framing.isEmpty
        retriesLeft = pool.settings.maximumRetries
    }

    public func start() {
        precondition(phase == .new, "an exchange starts once")
        phase = .waiting
        pool.submit(self, fresh: false)
    }

    /// The client that asks, for origins that want to know.
    var client: ProxyHeader.Addresses? { request.client }

    // MARK: Request body

    /// Sends a piece of the request's body; only after `originReady`.
    public func sendBody(_ bytes: Span<UInt8>) {
        if phase == .waiting, isSentAgain { return held.appendWaiting(bytes) }
        guard phase == .active, !isBodySent, !bytes.isEmpty else { return }
        hasSentBody = true
        if facts.version == .http2 { held.append(bytes) }
        connection?.sendBody(bytes, of: self)
    }

    /// The request's body is complete.
    public func finishBody(trailers: HeaderBlock) {
        if phase == .waiting, isSentAgain { return held.end(trailers) }
        guard phase == .active, !isBodySent else { return }
        isBodySent = true
        hasSentBody = true
        held.end(trailers)
        connection?.finishBody(trailers: trailers, of: self)
    }

    /// The origin takes the body slower than it comes: stop reading the client until `originCanTakeMore`.
    public var isCongested: Bool { connection?.isCongested ?? true }

    // MARK: Response

    /// Stops reading the response; a buffer's worth may still be delivered.
    public func pause() {
        guard !isPaused else { return }
        isPaused = true
        connection?.pause()
    }

    public func resume() {
        guard isPaused else { return }
        isPaused = false
        connection?.resume()
    }

    /// Ends a tunnel once what was sent has left; nothing more is reported.
    public func endTunnel() {
        guard phase != .done else { return }
        phase = .done
        handler = nil
        facts.endedAt = pool.loop.now
        guard let connection else { return }
        self.connection = nil
        connection.endTunnel()
    }

    /// Gives up: nothing more is reported, and the connection is closed unless the response was complete.
    public func cancel() {
        guard phase != .done else { return }
        let wasWaiting = phase == .waiting
        phase = .done
        handler = nil
        facts.endedAt = pool.loop.now
        if wasWaiting { pool.cancel(self) }
        if let connection {
            self.connection = nil
            connection.abandon()
        }
    }

    // MARK: From the pool

    func assigned(_ connection: OriginCarrier) {
        self.connection = connection
        phase = .active
        facts.address = connection.address
        facts.version = connection.version
        facts.connectNanoseconds = connection.takeConnectNanoseconds()
        facts.sentAt = pool.loop.now
        connection.begin(self)
    }

    /// The head was sent, and a body is to follow.
    func becameReady() {
        isReady = true
        guard isSentAgain else { return hearReady() }
        isSentAgain = false
        connection?.sendBody(held.bytes.span, of: self)
        if let trailers = held.trailers {
            isBodySent = true
            connection?.finishBody(trailers: trailers, of: self)
        } else {
            hearRoom()
        }
    }

    func ended(trailers: HeaderBlock) {
        phase = .done
        connection = nil
        facts.endedAt = pool.loop.now
        hearEnd(trailers)
    }

    /// The attempt failed. Sends the request again where nothing can have happened twice, else reports.
    func attemptFailed(_ error: UpstreamError) {
        guard phase != .done else { return }
        connection = nil
        if error.code == .refusedStream, refusalsLeft > 0, !hasSentBody || held.isWhole {
            refusalsLeft -= 1
            // What refuses is a server that lives.
            return sendAgain(fresh: false)
        }
        if error.mayRetry, retriesLeft > 0, !hasSentBody {
            retriesLeft -= 1
            return sendAgain(fresh: true)
        }
        phase = .done
        facts.endedAt = pool.loop.now
        hearFailure(error)
    }

    private func sendAgain(fresh: Bool) {
        if hasSentBody {
            isSentAgain = true
            isBodySent = false
        } else if isReady {
            hearRestart()
        }
        isReady = false
        facts.retries += 1
        phase = .waiting
        pool.submit(self, fresh: fresh)
    }

    // MARK: To the handler

    // Methods to override, so that an attempt of a call needs no object of its own between this one and the call.

    func hearReady() { handler?.originReady() }
    func hearRestart() { handler?.originRestarts() }
    func hearContinue() { handler?.originContinues() }
    func hearInterim(_ head: ResponseHead) { handler?.originInterim(head) }
    func hearUpgrade(_ head: ResponseHead) { handler?.originUpgraded(head) }
    func hear(_ head: ResponseHead) { handler?.originResponded(head) }
    func hear(_ body: Span<UInt8>) { handler?.originBody(body) }
    func hearRoom() { handler?.originCanTakeMore() }

    func hearEnd(_ trailers: HeaderBlock) {
        let handler = self.handler
        self.handler = nil
        handler?.originEnded(trailers: trailers)
    }

    func hearFailure(_ error: UpstreamError) {
        let handler = self.handler
        self.handler = nil
        handler?.originFailed(error)
    }
}
