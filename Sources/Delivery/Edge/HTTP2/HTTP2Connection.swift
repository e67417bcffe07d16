import Bytes
import HTTPWire
import Reactor

/// A client's HTTP/2 connection: many streams, each with a request of its own. Confined to its loop.
///
/// Memory is bounded by the session's limits: a stream holds at most its window of a request and
/// `HTTP2Stream.highWaterBytes` of a response; little more than `outputBytes` waits in the connection itself, so that
/// what is most urgent goes next.
final class HTTP2Connection: ClientConnection, TCPHandler {
    /// More than this in the connection's queue, and no further frame is made.
    static let outputBytes = 64 * 1024

    let tcp: TCPConnection
    let worker: Worker
    let service: (any HTTPService)?
    var index = 0
    private(set) var idleSince: Int64
    /// For the heads of responses, one after the other.
    @exclusivity(unchecked) var headWriter = HeadWriter()

    @exclusivity(unchecked) var session: HTTP2Session
    /// By slot. Those of slots that are free wait for the next request.
    @exclusivity(unchecked) private var streams: [HTTP2Stream] = []
    @exclusivity(unchecked) private var openStreams = 0
    /// Heads that wait until the client takes more.
    @exclusivity(unchecked) var heldHeads: [HeldHead] = []
    private var isDraining = false
    private var hasEnded = false
    @exclusivity(unchecked) private var isReceiving = false
    @exclusivity(unchecked) private var isFlushing = false
    /// Streams whose queues became short while frames were made.
    @exclusivity(unchecked) private var progressed: [HTTP2Stream] = []
    private var progressMark: Int64 = 0
    /// Of all requests' bodies so far.
    private(set) var bodyBytes: Int64 = 0

    struct HeldHead {
        let stream: HTTP2Stream
        let id: Int32
        let bytes: [UInt8]
        let ends: Bool
    }

    init(tcp: TCPConnection, worker: Worker, service: (any HTTPService)?) {
        self.tcp = tcp
        self.worker = worker
        self.service = service
        idleSince = worker.loop.now
        session = HTTP2Session(
            limits: worker.settings.http2, wire: worker.settings.wireLimits, now: worker.loop.now)
    }

    /// Says what this side allows; once, first of all.
    func start() {
        tcp.setDeadline(afterMilliseconds: worker.settings.headerTimeoutMilliseconds)
        if worker.isDraining { beginDrain() }
        flush()
    }

    var isIdle: Bool { openStreams == 0 }

    // MARK: Input

    func received(_ bytes: Span<UInt8>) {
        isReceiving = true
        let now = worker.loop.now
        var position = 0
        var goesOn = true
        if session.output.capacity == 0 { session.output = tcp.takeBuffer() }
        events: while tcp.isOpen {
            switch session.next(bytes, &position, now: now) {
            case .request(let slot, let number, let isComplete): begin(slot, number, isComplete: isComplete)
            case .body(let slot, let range, let ends):
                bodyBytes += Int64(range.count)
                streams[slot].received(bytes.extracting(range), ends: ends)
            case .ended(let slot): streams[slot].ended(trailers: session.takeTrailers())
            case .closed(let slot, let code): over(streams[slot], code == 0 ? .local : .failed(104))
            case .nothing: break events
            case .failed:
                goesOn = false
                break events
            }
        }
        isReceiving = false
        flush()
        if !goesOn { tcp.closeAfterFlush(linger: true) }
    }

    private func begin(_ slot: Int, _ number: Int32, isComplete: Bool) {
        if openStreams == 0 { watchProgress() }
        openStreams += 1
        if slot == streams.count { streams.append(HTTP2Stream(connection: self)) }
        streams[slot].begin(number, slot: slot, isComplete: isComplete)
    }

    /// Streams that wait for the client to send more of a body.
    var awaitedBodies: Int { streams.count { $0.awaitsBody } }

    /// The stream is closed and its slot is free.
    func over(_ stream: HTTP2Stream, _ reason: CloseReason) {
        openStreams -= 1
        stream.lost(reason)
        guard openStreams == 0 else { return }
        idleSince = worker.loop.now
        tcp.setDeadline(afterMilliseconds: worker.settings.keepAliveTimeoutMilliseconds)
    }

    func receivedEnd() {
        // Responses under way could still be read, but nobody half-closes HTTP/2; windows would never open again.
        tcp.closeAfterFlush(linger: false)
    }

    func canSendMore() { flush() }

    func drained() {}

    func connected() {}

    func closed(_ reason: CloseReason) {
        // They and the connection hold each other.
        let known = streams
        streams = []
        heldHeads = []
        openStreams = 0
        for stream in known where stream.isLive { stream.lost(reason) }
        worker.connectionClosed(self)
    }

    // MARK: Output

    /// Sends what the session has, unless it is being told something: then that ends with a flush of its own.
    func flush() {
        guard !isReceiving, !isFlushing, tcp.isOpen else { return }
        isFlushing = true
        sendFrames()
        while !progressed.isEmpty {
            var streams: [HTTP2Stream] = []
            swap(&streams, &progressed)
            for stream in streams { stream.tellProgress() }
            sendFrames()
        }
        isFlushing = false
        if session.isFinished { tcp.closeAfterFlush(linger: true) }
    }

    private func sendFrames() {
        // Whoever was told of progress may have given the connection up.
        guard tcp.isOpen else { return }
        if !heldHeads.isEmpty { sendHeldHeads() }
        while let turn = session.nextTurn(), canSend { streams[turn.slot].takeTurn(turn.limit) }
        passOutput()
    }

    private func sendHeldHeads() {
        var count = 0
        while count < heldHeads.count, canSend {
            let head = heldHeads[count]
            count += 1
            if head.stream.isLive, head.stream.id == head.id { head.stream.sendHeld(head.bytes.span, ends: head.ends) }
        }
        heldHeads.removeFirst(count)
    }

    /// Tells the stream's exchange when the session is done: it may send at once.
    func progressed(_ stream: HTTP2Stream) { progressed.append(stream) }

    /// Frames that were made go into the connection's queue; an idle connection keeps no buffer.
    func passOutput() {
        if session.output.capacity > 0 { tcp.send(taking: &session.output) }
    }

    /// Bytes of a body, behind the head of their frame.
    func send(_ bytes: Span<UInt8>) { session.output.append(contentsOf: bytes) }

    /// The same of a segment that never changes.
    func send(shared segment: [UInt8], _ range: Range<Int>) {
        if range.count <= HTTP2Connection.copyBytes { return session.output.append(contentsOf: segment[range]) }
        passOutput()
        tcp.send(shared: segment, range)
    }

    /// What is cheaper to copy than to queue for itself.
    private static let copyBytes = 4 * 1024

    /// The connection takes more for now.
    var canSend: Bool {
        guard tcp.queuedBytes + session.output.count > HTTP2Connection.outputBytes else { return true }
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
        guard !isIdle else {
            session.end()
            flush()
            return tcp.closeAfterFlush(linger: true)
        }
        let hasProgress = tcp.sentBytes - progressMark >= Int64(worker.settings.minimumWriteBytesPerPeriod)
        if tcp.queuedBytes > 0, !hasProgress {
            for stream in streams where stream.isLive { stream.exchange?.clientStalled() }
            return tcp.abort()
        }
        // A client that opens no window for a stream holds what is queued for it.
        for stream in streams where stream.isLive { stream.checkProgress() }
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
        if isIdle { tcp.closeAfterFlush(linger: true) }
    }

    func closeWhenIdle() {
        guard isIdle else { return }
        if !hasEnded { session.end() }
        hasEnded = true
        flush()
        tcp.closeAfterFlush(linger: true)
    }

    func endStreams() {
        for stream in streams where stream.isLive { stream.exchange?.endStream() }
    }
}
