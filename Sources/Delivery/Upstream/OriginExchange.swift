public import HTTPWire
import Reactor

/// One request to an origin and its response, over whichever connection the pool finds. Confined to the pool's loop.
public final class OriginExchange {
    enum Phase {
        case new
        case waiting
        /// On a connection; the request's body may still be going out.
        case active
        case done
    }

    public let pool: OriginPool
    public internal(set) var request: OriginRequest
    public internal(set) var facts = OriginFacts()
    var handler: (any OriginHandler)?
    var phase = Phase.new
    var connection: OriginConnection?
    var ticket: UInt64 = 0
    var isBodySent: Bool
    var isReady = false
    var retriesLeft: Int
    var isPaused = false

    /// The handler is held until the exchange is over.
    public init(pool: OriginPool, request: OriginRequest, handler: any OriginHandler) {
        self.pool = pool
        self.request = request
        self.handler = handler
        isBodySent = request.framing.isEmpty
        retriesLeft = pool.settings.maximumRetries
    }

    public func start() {
        precondition(phase == .new, "an exchange starts once")
        phase = .waiting
        pool.submit(self, fresh: false)
    }

    // MARK: Request body

    /// Sends a piece of the request's body; only after `originReady`.
    public func sendBody(_ bytes: Span<UInt8>) {
        guard phase == .active, !isBodySent, !bytes.isEmpty, let tcp = connection?.tcp else { return }
        if request.framing == .chunked {
            tcp.send { ChunkedWriter.appendHead(size: bytes.count, to: &$0) }
            tcp.send(bytes)
            tcp.send { $0.append(contentsOf: ChunkedWriter.lineEnd) }
        } else {
            tcp.send(bytes)
        }
        if tcp.isCongested, !request.isUpgrade { connection?.awaitSending() }
    }

    /// The request's body is complete.
    public func finishBody(trailers: HeaderBlock) {
        guard phase == .active, !isBodySent else { return }
        isBodySent = true
        if request.framing == .chunked {
            connection?.tcp?.send { ChunkedWriter.appendEnd(trailers: trailers, to: &$0) }
        }
        connection?.requestSent()
    }

    /// The origin takes the body slower than it comes: stop reading the client until `originCanTakeMore`.
    public var isCongested: Bool { connection?.tcp?.isCongested ?? true }

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

    func assigned(_ connection: OriginConnection) {
        self.connection = connection
        phase = .active
        facts.address = connection.tcp?.peer
        facts.connectNanoseconds = connection.takeConnectNanoseconds()
        facts.sentAt = pool.loop.now
        connection.begin(self)
    }

    func ended(trailers: HeaderBlock) {
        phase = .done
        connection = nil
        facts.endedAt = pool.loop.now
        let handler = self.handler
        self.handler = nil
        handler?.originEnded(trailers: trailers)
    }

    /// The attempt failed. Sends the request again where nothing can have happened twice, else reports.
    func attemptFailed(_ error: UpstreamError) {
        guard phase != .done else { return }
        connection = nil
        if error.mayRetry, retriesLeft > 0, !isReady {
            retriesLeft -= 1
            facts.retries += 1
            phase = .waiting
            return pool.submit(self, fresh: true)
        }
        phase = .done
        facts.endedAt = pool.loop.now
        let handler = self.handler
        self.handler = nil
        handler?.originFailed(error)
    }
}
