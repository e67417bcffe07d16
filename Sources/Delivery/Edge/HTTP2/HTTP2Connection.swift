import HTTPWire
import Reactor

/// A client's HTTP/2 connection: many streams, each with a request of its own. Confined to its loop.
///
/// Memory is bounded by the session's limits: a stream holds at most its window of a request and
/// `HTTP2Stream.highWaterBytes` of a response; little more than `outputBytes` waits in the connection itself, so that
/// what is most urgent goes next.
final class HTTP2Connection: ClientConnection, TCPHandler, HTTP2Handler {
    /// More than this in the connection's queue, and no further frame is made.
    static let outputBytes = 64 * 1024

    let tcp: TCPConnection
    let worker: Worker
    let service: (any HTTPService)?
    var index = 0
    private(set) var idleSince: Int64
    /// For the heads of responses, one after the other.
    @exclusivity(unchecked) var headWriter = HeadWriter()

    private(set) lazy var session = HTTP2Session(
        handler: self, limits: worker.settings.http2, wire: worker.settings.wireLimits, now: worker.loop.now)
    @exclusivity(unchecked) private var streams: [Int32: HTTP2Stream] = [:]
    private var isDraining = false
    private var hasEnded = false
    @exclusivity(unchecked) private var isReceiving = false
    @exclusivity(unchecked) private var isFlushing = false
    /// Streams whose queues became short while frames were made.
    @exclusivity(unchecked) private var progressed: [HTTP2Stream] = []
    private var progressMark: Int64 = 0

    init(tcp: TCPConnection, worker: Worker, service: (any HTTPService)?) {
        self.tcp = tcp
        self.worker = worker
        self.service = service
        idleSince = worker.loop.now
    }

    /// Says what this side allows; once, first of all.
    func start() {
        tcp.setDeadline(afterMilliseconds: worker.settings.headerTimeoutMilliseconds)
        if worker.isDraining { beginDrain() }
        flush()
    }

    var isIdle: Bool { streams.isEmpty }

    // MARK: Input

    func received(_ bytes: Span<UInt8>) {
        isReceiving = true
        let goesOn = session.receive(bytes, now: worker.loop.now)
        isReceiving = false
        flush()
        if !goesOn { tcp.closeAfterFlush(linger: true) }
    }

    /// Sends what the session has, unless it is being told something: then that ends with a flush of its own.
    func flush() {
        guard !isReceiving, !isFlushing, tcp.isOpen else { return }
        isFlushing = true
        session.flush()
        while !progressed.isEmpty {
            var streams: [HTTP2Stream] = []
            swap(&streams, &progressed)
            for stream in streams { stream.tellProgress() }
            session.flush()
        }
        isFlushing = false
        if session.isFinished { tcp.closeAfterFlush(linger: true) }
    }

    /// Tells the stream's exchange when the session is done: it may send at once.
    func progressed(_ stream: HTTP2Stream) { progressed.append(stream) }

    func receivedEnd() {
        // Responses under way could still be read, but nobody half-closes HTTP/2; windows would never open again.
        tcp.closeAfterFlush(linger: false)
    }

    func canSendMore() { flush() }

    func drained() {}

    func connected() {}

    func closed(_ reason: CloseReason) {
        let open = streams
        streams = [:]
        for stream in open.values { stream.lost(reason) }
        worker.connectionClosed(self)
    }

    // MARK: HTTP2Handler

    func requestReceived(_ id: Int32, _ head: inout RequestHead, error: WireError?, isComplete: Bool) {
        if streams.isEmpty { watchProgress() }
        let stream = HTTP2Stream(id: id, connection: self)
        streams[id] = stream
        stream.begin(&head, error: error, isComplete: isComplete)
    }

    func bodyReceived(_ id: Int32, _ bytes: Span<UInt8>) {
        guard let stream = streams[id] else { return session.consumed(id, bytes.count) }
        stream.received(bytes)
    }

    func requestEnded(_ id: Int32, trailers: HeaderBlock) { streams[id]?.ended(trailers: trailers) }

    func streamClosed(_ id: Int32, code: UInt32) {
        guard let stream = streams.removeValue(forKey: id) else { return }
        stream.lost(code == 0 ? .local : .failed(104))
        if streams.isEmpty {
            idleSince = worker.loop.now
            tcp.setDeadline(afterMilliseconds: worker.settings.keepAliveTimeoutMilliseconds)
        }
    }

    func bodyAvailable(_ id: Int32, limit: Int) -> (count: Int, end: HTTP2BodyEnd) {
        streams[id]?.bodyAvailable(limit: limit) ?? (0, .ends)
    }

    func sendData(_ id: Int32, frameHead: Span<UInt8>, count: Int) {
        tcp.send(frameHead)
        streams[id]?.sendBody(count)
    }

    func send(_ bytes: Span<UInt8>) { tcp.send(bytes) }

    var canSend: Bool {
        guard tcp.queuedBytes > HTTP2Connection.outputBytes else { return true }
        tcp.reportWhenLow()
        return false
    }

    // MARK: Time

    private func watchProgress() {
        progressMark = tcp.sentBytes
        tcp.setDeadline(afterMilliseconds: worker.settings.writeTimeoutMilliseconds)
    }

    func deadlinePassed() {
        if isDraining, !hasEnded { return endRequests() }
        guard !streams.isEmpty else {
            session.end()
            flush()
            return tcp.closeAfterFlush(linger: true)
        }
        let hasProgress = tcp.sentBytes - progressMark >= Int64(worker.settings.minimumWriteBytesPerPeriod)
        if tcp.queuedBytes > 0, !hasProgress {
            for stream in streams.values { stream.exchange?.clientStalled() }
            return tcp.abort()
        }
        // A client that opens no window for a stream holds what is queued for it.
        for stream in streams.values { stream.checkProgress() }
        watchProgress()
        flush()
    }

    // MARK: ClientConnection

    /// How long requests that were sent before the client knew of the end are still taken.
    private static let goodbyeMilliseconds = 100

    func beginDrain() {
        guard !isDraining else { return }
        isDraining = true
        session.announceEnd()
        flush()
        tcp.setDeadline(afterMilliseconds: HTTP2Connection.goodbyeMilliseconds)
    }

    private func endRequests() {
        hasEnded = true
        session.end()
        watchProgress()
        flush()
        if streams.isEmpty { tcp.closeAfterFlush(linger: true) }
    }

    func closeWhenIdle() {
        guard streams.isEmpty else { return }
        if !hasEnded { session.end() }
        hasEnded = true
        flush()
        tcp.closeAfterFlush(linger: true)
    }

    func endStreams() {
        for stream in streams.values { stream.exchange?.endStream() }
    }
}
