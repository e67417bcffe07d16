import HTTPWire
import Reactor

/// An HTTP/2 connection to an origin: many exchanges at a time, each on a stream of its own. Confined to its loop.
final class OriginHTTP2Connection: TCPHandler, HTTP2ClientHandler {
    /// More than this in the connection's queue, and no further frame is made.
    private static let outputBytes = 64 * 1024
    /// For a goodbye to leave.
    private static let goodbyeMilliseconds = 2_000

    let id: PoolState.ConnectionID
    /// Held until the connection is closed, which may be after the pool's own end.
    let pool: OriginPool
    private(set) var tcp: TCPConnection?
    /// A response has come on it.
    private(set) var hasServed = false

    private lazy var session = HTTP2ClientSession(
        handler: self, limits: pool.settings.http2, wire: .origin, now: pool.loop.now)
    private var streams: [Int32: OriginStream] = [:]
    private var connectNanoseconds: Int64
    private var isReceiving = false
    private var isFlushing = false
    private var isClosing = false
    private var isDraining = false
    /// Streams whose queues became short while frames were made.
    private var progressed: [OriginStream] = []
    /// When a sign of life is too late; 0 for none that is awaited.
    private var pingDeadline: Int64 = 0
    /// The earliest deadline that the loop knows of.
    private var armed = Int64.max
    private var pendingError: UpstreamError?

    init(id: PoolState.ConnectionID, pool: OriginPool, tcp: TCPConnection, connectNanoseconds: Int64) {
        self.id = id
        self.pool = pool
        self.tcp = tcp
        self.connectNanoseconds = connectNanoseconds
    }

    /// Says what this side allows; once, first of all.
    func start() {
        tcp?.setHandler(self)
        tcp?.clearDeadline()
        flush()
    }

    /// Requests at a time, as far as is known.
    var capacity: Int { session.maximumStreams }

    func takeConnectNanoseconds() -> Int64 {
        defer { connectNanoseconds = -1 }
        return connectNanoseconds
    }

    // MARK: For streams

    func begin(_ exchange: OriginExchange) { exchange.assigned(OriginStream(self)) }

    /// - Returns: the stream's number; nil where the connection takes no more.
    func open(_ stream: OriginStream, _ exchange: OriginExchange) -> Int32? {
        let request = exchange.request
        guard tcp?.isOpen == true, !isClosing,
            let number = session.request(
                request.head.span, method: request.method, isSecure: pool.settings.tls != nil,
                takesTrailers: request.takesTrailers, hasBody: !exchange.isBodySent)
        else {
            drain()
            return nil
        }
        streams[number] = stream
        return number
    }

    func bodyGrew(_ stream: OriginStream) {
        session.bodyGrew(stream.number)
        flush()
    }

    /// What came for a stream was used up.
    func consumed(_ stream: OriginStream, _ count: Int) { session.consumed(stream.number, count) }

    func reset(_ stream: OriginStream, code: HTTP2Code) {
        guard stream.number > 0 else { return }
        session.reset(stream.number, code: code)
        flush()
    }

    func remove(_ stream: OriginStream) { streams[stream.number] = nil }

    /// Another request may have the place of one that is over.
    func streamIsFree() { pool.streamEnded(self) }

    func progressed(_ stream: OriginStream) { progressed.append(stream) }

    /// A stream timed out: the connection may be dead. Where not even a PING is answered it takes no more requests.
    func suspect() {
        guard pingDeadline == 0, !isClosing else { return }
        session.ping()
        flush()
        pingDeadline = pool.loop.now + Int64(pool.settings.connectTimeoutMilliseconds) * 1_000_000
        arm(pingDeadline)
    }

    private func drain() {
        guard !isDraining else { return }
        isDraining = true
        pool.drained(self)
    }

    // MARK: TCPHandler

    func received(_ bytes: Span<UInt8>) {
        pingDeadline = 0
        isReceiving = true
        let goesOn = session.receive(bytes, now: pool.loop.now)
        isReceiving = false
        flush()
        // The session has said why in its last frame.
        if !goesOn || session.isFinished { breakOff() }
    }

    /// Ends a connection on which nothing can be read any more: a broken one, or after a goodbye.
    private func breakOff() {
        if !streams.isEmpty, !isClosing {
            pendingError = UpstreamError(.malformedResponse, "the origin breaks HTTP/2", mayRetry: false)
        }
        closeSoon()
    }

    /// Sends what the session has, unless it is being told something: then that ends with a flush of its own.
    func flush() {
        guard !isReceiving, !isFlushing, tcp?.isOpen == true else { return }
        isFlushing = true
        session.flush()
        while !progressed.isEmpty {
            var streams: [OriginStream] = []
            swap(&streams, &progressed)
            for stream in streams { stream.tellProgress() }
            session.flush()
        }
        isFlushing = false
    }

    /// Nothing more is asked on it.
    func closeIdle() {
        session.end()
        flush()
        closeSoon()
    }

    private func closeSoon() {
        guard !isClosing, let tcp else { return }
        isClosing = true
        drain()
        tcp.setDeadline(afterMilliseconds: OriginHTTP2Connection.goodbyeMilliseconds)
        tcp.closeAfterFlush(linger: false)
    }

    func connected() {}
    func drained() {}

    func receivedEnd() { tcp?.close() }

    func canSendMore() { flush() }

    func closed(_ reason: CloseReason) {
        tcp = nil
        let lost = streams
        streams = [:]
        pool.closed(self)
        for stream in lost.values { stream.lost(reason, pendingError) }
    }

    // MARK: Time

    /// Wakes the connection at a stream's deadline.
    func arm(_ deadline: Int64) {
        guard deadline < armed, !isClosing else { return }
        armed = deadline
        tcp?.setDeadline(deadline)
    }

    func deadlinePassed() {
        if isClosing {
            tcp?.close()
            return
        }
        armed = .max
        let now = pool.loop.now
        let due = streams.values.filter { $0.deadline != 0 && $0.deadline <= now }
        if pingDeadline != 0, pingDeadline <= now {
            pingDeadline = 0
            drain()
        }
        for stream in due { stream.timedOut() }
        if let next = streams.values.lazy.map(\.deadline).filter({ $0 != 0 }).min() { arm(next) }
        if pingDeadline != 0 { arm(pingDeadline) }
    }

    // MARK: HTTP2ClientHandler

    func responseReceived(_ stream: Int32, _ head: ResponseHead) {
        hasServed = true
        streams[stream]?.responded(head)
    }

    func bodyReceived(_ stream: Int32, _ bytes: Span<UInt8>) {
        guard let stream = streams[stream] else { return session.consumed(stream, bytes.count) }
        stream.received(bytes)
    }

    func responseEnded(_ stream: Int32, trailers: HeaderBlock) { streams[stream]?.ended(trailers: trailers) }

    func streamClosed(_ stream: Int32, _ end: HTTP2StreamEnd) { streams[stream]?.closed(end) }

    func settingsReceived() { pool.capacityChanged(self) }

    func goingAway(code: UInt32) {
        drain()
    }

    func bodyAvailable(_ stream: Int32, limit: Int) -> (count: Int, end: HTTP2BodyEnd) {
        streams[stream]?.bodyAvailable(limit: limit) ?? (0, .ends)
    }

    func sendData(_ stream: Int32, frameHead: Span<UInt8>, count: Int) {
        guard let tcp else { return }
        tcp.send(frameHead)
        streams[stream]?.sendBody(count, on: tcp)
    }

    func send(_ bytes: Span<UInt8>) { tcp?.send(bytes) }

    var canSend: Bool {
        guard let tcp, tcp.queuedBytes > OriginHTTP2Connection.outputBytes else { return true }
        tcp.reportWhenLow()
        return false
    }
}
