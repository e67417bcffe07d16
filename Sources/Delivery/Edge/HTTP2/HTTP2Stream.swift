import Bytes
import HTTPWire
import Reactor

/// One request and its response on an HTTP/2 connection. Confined to its loop.
final class HTTP2Stream: ClientStream {
    /// The exchange is told to wait when more of the response than this is queued here…
    static let highWaterBytes = 256 * 1024
    /// …and to go on below this.
    static let lowWaterBytes = 64 * 1024
    let connection: HTTP2Connection
    /// The stream's number.
    private(set) var id: Int32 {
        get { number }
        set { number = newValue }
    }
    @exclusivity(unchecked) private var number: Int32 = 0
    /// Its place in the session.
    @exclusivity(unchecked) private var slot = 0
    /// It is open; else it waits to be used for another one.
    @exclusivity(unchecked) private(set) var isLive = false

    // Request.
    @exclusivity(unchecked) private var held: [UInt8] = []
    @exclusivity(unchecked) private var hasEnded = false
    private var trailers = HeaderBlock()
    private var bodyMark: Int64 = 0
    private var connectionBodyMark: Int64 = 0

    // Response.
    @exclusivity(unchecked) private var queue = BodyQueue()
    @exclusivity(unchecked) private var hasResponded = false
    /// Heads that the connection holds.
    @exclusivity(unchecked) private var heldHeads = 0
    /// The last frame was made.
    @exclusivity(unchecked) private var hasSentEnd = false
    /// The exchange is over.
    @exclusivity(unchecked) private var isComplete = false
    @exclusivity(unchecked) private var responseTrailers: HeaderBlock?
    @exclusivity(unchecked) private var wantsMore = false
    @exclusivity(unchecked) private var reportsDrained = false
    @exclusivity(unchecked) private var sentMark: Int64 = 0
    @exclusivity(unchecked) private var sentBytes: Int64 = 0
    /// `sentBytes` as of the last period in which something was queued; -1 for nothing.
    @exclusivity(unchecked) private var queuedSince: Int64 = -1
    @exclusivity(unchecked) private var timer: LoopTimer?

    init(connection: HTTP2Connection) {
        self.connection = connection
        super.init(tcp: connection.tcp, worker: connection.worker, service: connection.service)
    }

    override var delimitsBodies: Bool { true }
    override var isOpen: Bool { isLive && tcp.isOpen }
    override var isSecure: Bool { tcp.tlsFacts != nil }

    // MARK: Request

    /// Begins with the head that the session has just read.
    func begin(_ number: Int32, slot: Int, isComplete: Bool) {
        id = number
        self.slot = slot
        forget()
        let exchange = worker.takeExchange()
        exchange.open(on: self)
        self.exchange = exchange
        let error = connection.session.takeHead(&exchange.head)
        exchange.row.requestHeaderBytes = Int32(clamping: exchange.head.block.bytes.count)
        hasEnded = isComplete
        if let error {
            input = .ended
            return exchange.refuse(error)
        }
        if isComplete {
            input = .waiting
        } else {
            input = .body
            isBodyPaused = true
            exchange.isRequestComplete = false
        }
        exchange.begin()
    }

    /// As it was when it was made.
    private func forget() {
        isLive = true
        sawEnd = false
        isBodyPaused = false
        isLast = false
        hasResponded = false
        heldHeads = 0
        hasSentEnd = false
        isComplete = false
        wantsMore = false
        reportsDrained = false
        sentMark = 0
        sentBytes = 0
        queuedSince = -1
    }

    func received(_ bytes: Span<UInt8>, ends: Bool) {
        exchange?.row.requestBytes += Int64(bytes.count)
        if input == .body, let exchange {
            if isBodyPaused || !held.isEmpty {
                held.append(contentsOf: bytes)
            } else {
                connection.session.consumed(slot, bytes.count)
                exchange.requestBody(bytes)
            }
        } else {
            connection.session.consumed(slot, bytes.count)
        }
        if ends, isLive { ended() }
    }

    func ended(trailers: HeaderBlock) {
        self.trailers = trailers
        ended()
    }

    private func ended() {
        hasEnded = true
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
            connection.session.consumed(slot, bytes.count)
            exchange?.requestBody(bytes.span)
        }
        if hasEnded, held.isEmpty, !isBodyPaused { finishRequest() }
        connection.flush()
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
        guard isLive, !hasResponded else { return 0 }
        var writer = HeadWriter(capacity: 0)
        swap(&writer, &connection.headWriter)
        writer.removeAll()
        build(&writer)
        let count = writer.bytes.count
        let isInterim = count > 9 && writer.bytes[9] == 0x31
        hasResponded = !isInterim
        send(head: writer.bytes.span, ends: !isInterim && !bodyFollows)
        swap(&writer, &connection.headWriter)
        if isInterim { connection.flush() }
        return count
    }

    private func send(head: Span<UInt8>, ends: Bool) {
        if connection.heldHeads.isEmpty, connection.canSend {
            hasSentEnd = ends
            return connection.session.respond(slot, head: head, ends: ends)
        }
        let bytes = [UInt8](head)
        connection.heldHeads.append(.init(stream: self, id: id, bytes: bytes, ends: ends))
        heldHeads += 1
    }

    /// The time has come for a head that the connection held.
    func sendHeld(_ head: Span<UInt8>, ends: Bool) {
        heldHeads -= 1
        hasSentEnd = ends
        connection.session.respond(slot, head: head, ends: ends)
        if queue.count > 0 { announceBody() } else { finishIfComplete() }
    }

    private var bodyFollows: Bool {
        guard let exchange, !exchange.skipsBody else { return false }
        return exchange.responseFraming != .length || exchange.owedBytes > 0
    }

    override func writeBody(_ bytes: Span<UInt8>, isChunked: Bool) -> Int {
        if startFrame(bytes.count) {
            connection.send(bytes)
        } else {
            queue.append(bytes)
            announceBody()
        }
        return bytes.count
    }

    override func writeBody(shared segment: [UInt8], _ range: Range<Int>, isChunked: Bool) -> Int {
        if startFrame(range.count) {
            connection.send(shared: segment, range)
        } else {
            queue.append(shared: segment, range)
            announceBody()
        }
        return range.count
    }

    /// Writes the head of a frame of the next `count` bytes, where nothing of the stream, and nothing that is more urgent,
    /// has to go before.
    private func startFrame(_ count: Int) -> Bool {
        guard isLive, queue.count == 0, heldHeads == 0, connection.canSend else { return false }
        let ends = owesNothing(beyond: count)
        guard connection.session.sendAtOnce(slot, count: count, ends: ends) else { return false }
        hasSentEnd = ends
        sentBytes += Int64(count)
        return true
    }

    /// The body ends with the next `count` bytes, as far as its length was known before.
    private func owesNothing(beyond count: Int) -> Bool {
        guard let exchange else { return false }
        return exchange.responseFraming == .length && exchange.owedBytes == UInt64(count)
    }

    override func writeEnd(trailers: HeaderBlock) -> Int {
        if trailers.fields.contains(where: { $0.id == .other }) { responseTrailers = trailers }
        return 0
    }

    private func announceBody() {
        guard isLive else { return }
        if heldHeads == 0 { connection.session.requestTurn(slot) }
        connection.flush()
    }

    /// Makes a frame of what is queued.
    func takeTurn(_ limit: Int) {
        let count = min(limit, queue.count)
        let isWhole = count == queue.count && (isComplete || owesNothing(beyond: 0))
        hasSentEnd = isWhole && responseTrailers == nil
        connection.session.sendData(slot, count: count, ends: hasSentEnd, goesOn: count < queue.count)
        queue.send(count, on: connection)
        sentBytes += Int64(count)
        if isComplete, queue.count == 0 { return finishIfComplete() }
        let isLow = wantsMore && queue.count <= HTTP2Stream.lowWaterBytes
        if isLow || reportsDrained && queue.count == 0 { connection.progressed(self) }
    }

    /// Ends the stream where all of the response was sent.
    private func finishIfComplete() {
        guard isComplete, queue.count == 0, heldHeads == 0 else { return }
        if !hasSentEnd {
            if let responseTrailers {
                connection.session.sendTrailers(slot, responseTrailers)
            } else {
                connection.session.sendData(slot, count: 0, ends: true, goesOn: false)
            }
        }
        connection.session.finish(slot)
        connection.over(self, .local)
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
        guard isLive else { return }
        if !hasEnded { input = .ended }
        if hasResponded { finishIfComplete() }
        connection.flush()
    }

    override func exchangeTorn(_ exchange: Exchange, needsReset: Bool) {
        release(exchange)
        input = .ended
        guard isLive else { return }
        connection.session.reset(slot, code: hasResponded ? .internalError : .refusedStream)
        connection.over(self, .local)
        connection.flush()
    }

    private func release(_ exchange: Exchange) {
        if let timer {
            timer.cancel()
            self.timer = nil
        }
        guard self.exchange === exchange else { return }
        self.exchange = nil
        worker.recycle(exchange)
    }

    /// The stream is closed, by both sides' ends or before.
    func lost(_ reason: CloseReason) {
        isLive = false
        input = .ended
        if !held.isEmpty { held = [] }
        queue.removeAll()
        if responseTrailers != nil { responseTrailers = nil }
        if !trailers.fields.isEmpty { trailers = HeaderBlock() }
        if let exchange {
            exchange.clientGone(reason)
            release(exchange)
        }
        if let timer {
            timer.cancel()
            self.timer = nil
        }
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
        connectionBodyMark = connection.bodyBytes
        setDeadline(afterMilliseconds: worker.settings.bodyTimeoutMilliseconds)
    }

    private func deadlinePassed() {
        guard let exchange else { return }
        if exchange.phase == .awaitingFetch { return exchange.collapseTimedOut() }
        if exchange.isAwaitingContinue { return exchange.continueTimedOut() }
        guard input == .body else { return }
        if bodyGoesOn(exchange) { return watchBody() }
        input = .ended
        exchange.bodyFailed(WireError(.truncated, status: 408, "the request body did not come in time"))
    }

    /// The client may send its body now.
    var awaitsBody: Bool { isLive && input == .body && !isBodyPaused }

    /// The body came fast enough, or couldn't. A client may send one body after the other, so that a stream gets nothing
    /// while others do: what counts then is what each of them got on average.
    private func bodyGoesOn(_ exchange: Exchange) -> Bool {
        if isBodyPaused || connection.session.isWindowClosed { return true }
        let least = worker.settings.minimumBodyBytesPerPeriod
        if exchange.row.requestBytes - bodyMark >= least { return true }
        return connection.bodyBytes - connectionBodyMark >= least * Int64(connection.awaitedBodies)
    }

    /// Called once a period: a client that leaves no window for what is queued loses the stream.
    func checkProgress() {
        defer { sentMark = sentBytes }
        guard queue.count > 0, sentBytes == sentMark, queuedSince == sentMark else {
            queuedSince = queue.count > 0 ? sentBytes : -1
            return
        }
        exchange?.clientStalled()
        guard isLive else { return }
        connection.session.reset(slot, code: .cancel)
        connection.over(self, .local)
    }
}
