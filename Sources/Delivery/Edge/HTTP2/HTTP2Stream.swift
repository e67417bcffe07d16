import HTTPWire
import Reactor

/// One request and its response on an HTTP/2 connection. Confined to its loop.
final class HTTP2Stream: ClientStream {
    /// The exchange is told to wait when more of the response than this is queued here…
    static let highWaterBytes = 256 * 1024
    /// …and to go on below this.
    static let lowWaterBytes = 64 * 1024
    let id: Int32
    @exclusivity(unchecked) private var connection: HTTP2Connection?

    // Request.
    @exclusivity(unchecked) private var held: [UInt8] = []
    @exclusivity(unchecked) private var hasEnded = false
    private var trailers = HeaderBlock()
    private var bodyMark: Int64 = 0

    // Response.
    @exclusivity(unchecked) private var queue = BodyQueue()
    @exclusivity(unchecked) private var hasResponded = false
    @exclusivity(unchecked) private var isComplete = false
    private var responseTrailers: HeaderBlock?
    @exclusivity(unchecked) private var wantsMore = false
    @exclusivity(unchecked) private var reportsDrained = false
    private var sentMark: Int64 = 0
    @exclusivity(unchecked) private var sentBytes: Int64 = 0
    private var timer: LoopTimer?

    init(id: Int32, connection: HTTP2Connection) {
        self.id = id
        self.connection = connection
        super.init(tcp: connection.tcp, worker: connection.worker, service: connection.service)
    }

    override var delimitsBodies: Bool { true }
    override var isOpen: Bool { connection != nil && tcp.isOpen }
    override var isSecure: Bool { tcp.tlsFacts != nil }

    // MARK: Request

    func begin(_ head: inout RequestHead, error: WireError?, isComplete: Bool) {
        let exchange = worker.takeExchange()
        exchange.open(on: self)
        self.exchange = exchange
        swap(&exchange.head, &head)
        exchange.row.requestHeaderBytes = Int32(clamping: exchange.head.block.bytes.count)
        if let error {
            input = .ended
            hasEnded = isComplete
            return exchange.refuse(error)
        }
        if isComplete {
            hasEnded = true
            input = .waiting
        } else {
            input = .body
            isBodyPaused = true
            exchange.isRequestComplete = false
        }
        exchange.begin()
    }

    func received(_ bytes: Span<UInt8>) {
        exchange?.row.requestBytes += Int64(bytes.count)
        guard input == .body, let exchange else {
            connection?.session.consumed(id, bytes.count)
            return
        }
        if isBodyPaused || !held.isEmpty {
            bytes.withUnsafeBufferPointer { held.append(contentsOf: $0) }
            return
        }
        connection?.session.consumed(id, bytes.count)
        exchange.requestBody(bytes)
    }

    func ended(trailers: HeaderBlock) {
        hasEnded = true
        self.trailers = trailers
        if held.isEmpty, !isBodyPaused { finishRequest() }
    }

    private func finishRequest() {
        guard input == .body, let exchange else { return }
        input = .waiting
        timer?.clearDeadline()
        exchange.requestBodyEnded(trailers: trailers)
    }

    override func resumeBody() {
        guard isBodyPaused else { return }
        isBodyPaused = false
        guard input == .body else { return }
        watchBody()
        if !held.isEmpty {
            var bytes: [UInt8] = []
            swap(&bytes, &held)
            connection?.session.consumed(id, bytes.count)
            exchange?.requestBody(bytes.span)
        }
        if hasEnded, held.isEmpty, !isBodyPaused { finishRequest() }
        connection?.flush()
    }

    // MARK: Response

    override var queuedBytes: Int { queue.count }

    override var isCongested: Bool {
        if queue.count > HTTP2Stream.highWaterBytes { wantsMore = true }
        return wantsMore
    }

    override func reportWhenLow() { wantsMore = true }

    override func reportDrained(_ isWanted: Bool) { reportsDrained = isWanted }

    override func writeHead(_ build: (inout HeadWriter) -> Void) -> Int {
        guard let connection, !hasResponded else { return 0 }
        var writer = HeadWriter(capacity: 0)
        swap(&writer, &connection.headWriter)
        writer.removeAll()
        build(&writer)
        let count = writer.bytes.count
        let isInterim = count > 9 && writer.bytes[9] == 0x31
        if !isInterim { hasResponded = true }
        connection.session.respond(id, head: writer.bytes.span, hasBody: !isInterim && bodyFollows)
        swap(&writer, &connection.headWriter)
        if isInterim { connection.flush() }
        return count
    }

    private var bodyFollows: Bool {
        guard let exchange, !exchange.skipsBody else { return false }
        return exchange.responseFraming != .length || exchange.owedBytes > 0
    }

    override func writeBody(_ bytes: Span<UInt8>, isChunked: Bool) -> Int {
        queue.append(bytes)
        announceBody()
        return bytes.count
    }

    override func writeBody(shared segment: [UInt8], _ range: Range<Int>, isChunked: Bool) -> Int {
        queue.append(shared: segment, range)
        announceBody()
        return range.count
    }

    override func writeEnd(trailers: HeaderBlock) -> Int {
        if trailers.fields.contains(where: { $0.id == .other }) { responseTrailers = trailers }
        return 0
    }

    private func announceBody() {
        guard let connection else { return }
        connection.session.bodyGrew(id)
        connection.flush()
    }

    func bodyAvailable(limit: Int) -> (count: Int, end: HTTP2BodyEnd) {
        let count = min(limit, queue.count)
        guard isComplete, count == queue.count else { return (count, .goesOn) }
        if !hasEnded { connection?.session.discardRest(id) }
        return (count, responseTrailers.map { .endsWithTrailers($0) } ?? .ends)
    }

    /// Sends the next bytes of the queue, which `bodyAvailable` named.
    func sendBody(_ count: Int) {
        queue.send(count, on: tcp)
        sentBytes += Int64(count)
        let isLow = wantsMore && queue.count <= HTTP2Stream.lowWaterBytes
        if isLow || reportsDrained && queue.count == 0 { connection?.progressed(self) }
    }

    func tellProgress() {
        if reportsDrained, queue.count == 0 {
            exchange?.clientDrained()
            return
        }
        guard wantsMore, queue.count <= HTTP2Stream.lowWaterBytes else { return }
        wantsMore = false
        exchange?.clientCanTakeMore()
    }

    override func exchangeFinished(_ exchange: Exchange) {
        isComplete = true
        release(exchange)
        guard let connection else { return }
        let discards = !hasEnded
        if hasResponded, queue.count == 0 { connection.session.bodyGrew(id) }
        if discards { input = .ended }
        connection.flush()
    }

    override func exchangeTorn(_ exchange: Exchange, needsReset: Bool) {
        release(exchange)
        input = .ended
        guard let connection else { return }
        connection.session.reset(id, code: hasResponded ? .internalError : .refusedStream)
        connection.flush()
    }

    private func release(_ exchange: Exchange) {
        timer?.cancel()
        timer = nil
        guard self.exchange === exchange else { return }
        self.exchange = nil
        worker.recycle(exchange)
    }

    /// The stream is closed, by both sides' ends or before.
    func lost(_ reason: CloseReason) {
        connection = nil
        input = .ended
        held = []
        queue = BodyQueue()
        if let exchange {
            exchange.clientGone(reason)
            release(exchange)
        }
        timer?.cancel()
        timer = nil
    }

    // MARK: Time

    override func setDeadline(afterMilliseconds milliseconds: Int) {
        if timer == nil { timer = LoopTimer(loop: worker.loop) { [unowned self] in deadlinePassed() } }
        timer?.setDeadline(afterMilliseconds: milliseconds)
    }

    /// The connection watches writing for all streams.
    override func watchWriting() { timer?.clearDeadline() }

    private func watchBody() {
        bodyMark = exchange?.row.requestBytes ?? 0
        setDeadline(afterMilliseconds: worker.settings.bodyTimeoutMilliseconds)
    }

    private func deadlinePassed() {
        guard let exchange else { return }
        if exchange.phase == .awaitingFetch { return exchange.collapseTimedOut() }
        if exchange.isAwaitingContinue { return exchange.continueTimedOut() }
        guard input == .body else { return }
        if isBodyPaused || exchange.row.requestBytes - bodyMark >= Int64(worker.settings.minimumBodyBytesPerPeriod) {
            return watchBody()
        }
        input = .ended
        exchange.bodyFailed(WireError(.truncated, status: 408, "the request body did not come in time"))
    }

    /// Called once a period: a client that leaves no window for what is queued loses the stream.
    func checkProgress() {
        defer { sentMark = sentBytes }
        guard queue.count > 0, sentBytes == sentMark, queuedSince == sentMark else {
            queuedSince = queue.count > 0 ? sentBytes : -1
            return
        }
        exchange?.clientStalled()
        connection?.session.reset(id, code: .cancel)
    }

    /// `sentBytes` as of the last period in which something was queued; -1 for nothing.
    private var queuedSince: Int64 = -1
}
