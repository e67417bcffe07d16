import HTTPWire
import Reactor

/// A client's HTTP/1.x connection: frames requests, runs their exchanges one after the other, and answers in order.
/// An idle one holds neither an exchange nor a buffer. Confined to its loop.
final class ServerConnection: ClientStream, ClientConnection, TCPHandler {
    /// Place in the worker's list of connections.
    var index = 0
    @exclusivity(unchecked) var requestCount = 0
    @exclusivity(unchecked) var idleSince: Int64

    /// Nothing has come yet that tells the versions apart.
    @exclusivity(unchecked) var mayBecomeHTTP2 = false
    /// The listener takes nothing else.
    var mustBecomeHTTP2 = false

    @exclusivity(unchecked) private var parser: RequestParser
    @exclusivity(unchecked) private var decoder = BodyDecoder(.none, limits: .client, isLenient: false)
    @exclusivity(unchecked) private var leftover: [UInt8] = []
    @exclusivity(unchecked) private var isProcessing = false
    @exclusivity(unchecked) private var periodMark: Int64 = 0
    /// Of the body that is skipped: where it is too much.
    @exclusivity(unchecked) private var skippedEnd: UInt64 = 0
    /// Armed while a client that has shut its sending side down waits for its answer to begin.
    private var halfClosedTimer: LoopTimer?

    override init(tcp: TCPConnection, worker: Worker, service: (any HTTPService)?) {
        parser = RequestParser(limits: worker.settings.wireLimits)
        idleSince = worker.loop.now
        super.init(tcp: tcp, worker: worker, service: service)
        tcp.setDeadline(afterMilliseconds: worker.settings.headerTimeoutMilliseconds)
    }

    var isIdle: Bool { exchange == nil && input == .head && leftover.isEmpty }

    // MARK: Input

    func received(_ bytes: Span<UInt8>) {
        if mayBecomeHTTP2, !staysHTTP1(bytes) { return }
        if leftover.isEmpty, !isProcessing {
            isProcessing = true
            let used = process(bytes)
            isProcessing = false
            if used < bytes.count { keep(bytes.extracting(used...)) }
        } else {
            keep(bytes)
            continueInput()
        }
    }

    private static let preface: [UInt8] = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    /// Looks for the preface of HTTP/2 (RFC 9113, 3.4), which may come in pieces.
    private func staysHTTP1(_ bytes: Span<UInt8>) -> Bool {
        let preface = ServerConnection.preface
        if mustBecomeHTTP2 {
            bytes.withUnsafeBufferPointer { leftover.append(contentsOf: $0) }
            becomeHTTP2()
            return false
        }
        let known = leftover.count
        for index in 0..<min(bytes.count, preface.count - known) where bytes[index] != preface[known + index] {
            mayBecomeHTTP2 = false
            if known > 0 {
                keep(bytes)
                continueInput()
            }
            return known == 0
        }
        bytes.withUnsafeBufferPointer { leftover.append(contentsOf: $0) }
        if leftover.count >= preface.count { becomeHTTP2() }
        return false
    }

    private func becomeHTTP2() {
        var bytes: [UInt8] = []
        swap(&bytes, &leftover)
        mayBecomeHTTP2 = false
        input = .ended
        let connection = worker.replaceByHTTP2(self)
        if !bytes.isEmpty { connection.received(bytes.span) }
    }

    func secured() {
        if tcp.tlsFacts?.applicationProtocol == "h2" {
            becomeHTTP2()
        } else if tcp.tlsFacts?.applicationProtocol != nil {
            mayBecomeHTTP2 = false
        }
    }

    private func keep(_ bytes: Span<UInt8>) {
        guard input != .ended else { return }
        bytes.withUnsafeBufferPointer { leftover.append(contentsOf: $0) }
        // A paused body keeps at most one read; a pipelining client waits for its turn.
        if isBodyPaused || leftover.count > worker.settings.maximumPipelinedBytes { tcp.pauseReading() }
    }

    /// Goes on with input that had to wait. Does nothing inside `process`, which goes on by itself.
    func continueInput() {
        guard !isProcessing else { return }
        isProcessing = true
        while !leftover.isEmpty, canProcess {
            var bytes: [UInt8] = []
            swap(&bytes, &leftover)
            let used = process(bytes.span)
            if used < bytes.count {
                bytes.removeFirst(used)
                bytes.append(contentsOf: leftover)
                leftover = bytes
            }
        }
        isProcessing = false
        if leftover.isEmpty, canProcess || input == .waiting { tcp.resumeReading() }
        if sawEnd, leftover.isEmpty { inputEnded() }
    }

    private var canProcess: Bool {
        switch input {
        case .head: !tcp.isCongested
        case .body: !isBodyPaused
        case .waiting: false
        case .skipping, .ended: true
        }
    }

    /// Takes what it can; returns how much.
    private func process(_ bytes: Span<UInt8>) -> Int {
        var position = 0
        while position < bytes.count, canProcess {
            switch input {
            case .head: position += takeHead(bytes.extracting(position...))
            case .body: position += takeBody(bytes.extracting(position...))
            case .waiting: return position
            case .skipping: position += takeSkipped(bytes.extracting(position...))
            case .ended: return bytes.count
            }
        }
        return position
    }

    private func takeHead(_ bytes: Span<UInt8>) -> Int {
        let exchange = currentExchange()
        let step: ParseStep
        do throws(WireError) {
            step = try parser.parse(bytes, into: &exchange.head)
        } catch {
            exchange.row.requestHeaderBytes += Int32(bytes.count)
            input = .ended
            exchange.refuse(error)
            return bytes.count
        }
        exchange.row.requestHeaderBytes += Int32(step.consumed)
        guard step.isComplete else {
            if parser.isIdle {
                // Only empty lines so far: not a request yet.
                release(exchange)
            } else if exchange.headDeadline == 0 {
                exchange.headDeadline = worker.loop.now
                tcp.setDeadline(afterMilliseconds: worker.settings.headerTimeoutMilliseconds)
            }
            return step.consumed
        }
        requestCount += 1
        if !exchange.head.keepsAlive || worker.isDraining
            || requestCount >= worker.settings.maximumRequestsPerConnection
        {
            isLast = true
        }
        if exchange.head.framing.isEmpty {
            input = .waiting
        } else {
            input = .body
            isBodyPaused = true
            exchange.isRequestComplete = false
            decoder = BodyDecoder(
                exchange.head.framing, limits: worker.settings.wireLimits, isLenient: false)
        }
        exchange.begin()
        return step.consumed
    }

    private func takeBody(_ bytes: Span<UInt8>) -> Int {
        guard let exchange else { return bytes.count }
        let step: BodyStep
        do throws(WireError) {
            step = try decoder.decode(bytes)
        } catch {
            input = .ended
            exchange.bodyFailed(error)
            return bytes.count
        }
        exchange.row.requestBytes += Int64(step.consumed)
        if !step.data.isEmpty { exchange.requestBody(bytes.extracting(step.data)) }
        if step.isComplete, input == .body, self.exchange === exchange {
            input = .waiting
            watchWriting()
            exchange.requestBodyEnded(trailers: decoder.trailers)
        }
        return step.consumed
    }

    private func takeSkipped(_ bytes: Span<UInt8>) -> Int {
        guard let step = try? decoder.decode(bytes), decoder.received <= skippedEnd else {
            input = .ended
            tcp.closeAfterFlush(linger: true)
            return bytes.count
        }
        if step.isComplete { awaitNext() }
        return step.consumed
    }

    private func currentExchange() -> Exchange {
        if let exchange { return exchange }
        let exchange = worker.takeExchange()
        exchange.open(on: self)
        self.exchange = exchange
        return exchange
    }

    func release(_ exchange: Exchange) {
        self.exchange = nil
        worker.recycle(exchange)
    }

    // MARK: Body flow

    override func beginTunnel() {
        input = .body
        isBodyPaused = false
        decoder = BodyDecoder(.untilClose, limits: worker.settings.wireLimits, isLenient: false)
        watchTunnel()
        if !isProcessing { continueInput() }
    }

    private func watchTunnel() {
        periodMark = tcp.sentBytes + (exchange?.row.requestBytes ?? 0)
        tcp.setDeadline(afterMilliseconds: worker.settings.tunnelTimeoutMilliseconds)
    }

    /// A tunnel ends when nothing went either way for a whole period.
    private func tunnelDeadlinePassed(_ exchange: Exchange) {
        if tcp.sentBytes + exchange.row.requestBytes > periodMark { return watchTunnel() }
        exchange.note(error: "tunnel_idle", "nothing went through the tunnel for too long", .edge)
        exchange.tunnelEnded()
    }

    override func resumeBody() {
        guard isBodyPaused else { return }
        isBodyPaused = false
        if input == .body, exchange?.isTunnel == false { watchBody() }
        if !isProcessing { continueInput() }
    }

    override var isSecure: Bool { tcp.tlsFacts != nil }

    // MARK: Output

    /// Whether the connection goes on; once decided, every later step keeps to it.
    override func writeConnectionField(_ writer: inout HeadWriter, minorVersion: UInt8) {
        if isLast || input == .ended {
            writer.field("Connection", "close")
        } else if minorVersion == 0 {
            writer.field("Connection", "keep-alive")
        }
    }

    /// Straight into the output buffer.
    override func writeHead(_ build: (inout HeadWriter) -> Void) -> Int {
        var length = 0
        tcp.send { buffer in
            var writer = HeadWriter(capacity: 0)
            let start = buffer.count
            swap(&writer.bytes, &buffer)
            build(&writer)
            length = writer.bytes.count - start
            swap(&writer.bytes, &buffer)
        }
        return length
    }

    override func writeBody(_ bytes: Span<UInt8>, isChunked: Bool) -> Int {
        let before = tcp.queuedBytes
        if isChunked {
            tcp.send { ChunkedWriter.appendHead(size: bytes.count, to: &$0) }
            tcp.send(bytes)
            tcp.send { $0.append(contentsOf: ChunkedWriter.lineEnd) }
        } else {
            tcp.send(bytes)
        }
        return tcp.queuedBytes - before
    }

    override func writeBody(shared segment: [UInt8], _ range: Range<Int>, isChunked: Bool) -> Int {
        let before = tcp.queuedBytes
        if isChunked {
            tcp.send { ChunkedWriter.appendHead(size: range.count, to: &$0) }
            tcp.send(shared: segment, range)
            tcp.send { $0.append(contentsOf: ChunkedWriter.lineEnd) }
        } else {
            tcp.send(shared: segment, range)
        }
        return tcp.queuedBytes - before
    }

    override func writeEnd(trailers: HeaderBlock) -> Int {
        let before = tcp.queuedBytes
        tcp.send { buffer in
            if trailers.fields.isEmpty {
                buffer.append(contentsOf: ChunkedWriter.end)
            } else {
                ChunkedWriter.appendEnd(trailers: trailers, to: &buffer)
            }
        }
        return tcp.queuedBytes - before
    }

    // MARK: End of an exchange

    /// What is left of the body is little enough, as far as can be known.
    override var canSkipBody: Bool {
        decoder.remaining ?? 0 <= UInt64(worker.settings.skippedBodyBytes)
    }

    override func exchangeFinished(_ exchange: Exchange) {
        if input == .body, !isLast, !sawEnd, !exchange.isTunnel, canSkipBody {
            input = decoder.isComplete ? .waiting : .skipping
        }
        if input == .body || input == .ended || isLast || sawEnd && leftover.isEmpty {
            // An unread body could be taken for the next request.
            let lingers = input != .waiting || !leftover.isEmpty
            input = .ended
            release(exchange)
            tcp.closeAfterFlush(linger: lingers)
            return
        }
        release(exchange)
        if input == .skipping {
            skippedEnd = decoder.received + UInt64(worker.settings.skippedBodyBytes)
            isBodyPaused = false
            tcp.setDeadline(afterMilliseconds: worker.settings.bodyTimeoutMilliseconds)
        } else {
            awaitNext()
        }
        if !isProcessing { continueInput() }
    }

    /// Between two requests.
    private func awaitNext() {
        if isLast {
            input = .ended
            return tcp.closeAfterFlush(linger: true)
        }
        input = .head
        idleSince = worker.loop.now
        tcp.setDeadline(
            afterMilliseconds: tcp.queuedBytes > 64 * 1024
                ? worker.settings.writeTimeoutMilliseconds : worker.settings.keepAliveTimeoutMilliseconds)
    }

    override func exchangeTorn(_ exchange: Exchange, needsReset: Bool) {
        input = .ended
        release(exchange)
        if needsReset { tcp.abort() } else { tcp.closeAfterFlush(linger: false) }
    }

    // MARK: ClientConnection

    func beginDrain() {
        if !isIdle { isLast = true }
    }

    func closeWhenIdle() {
        if isIdle { tcp.closeAfterFlush(linger: true) }
    }

    func endStreams() { exchange?.endStream() }

    // MARK: TCPHandler

    func connected() {}

    func receivedEnd() {
        sawEnd = true
        if leftover.isEmpty { inputEnded() }
    }

    private func inputEnded() {
        guard let exchange else {
            if !isProcessing { tcp.closeAfterFlush(linger: false) }
            return
        }
        switch input {
        case .head:
            // A head that will never be complete.
            input = .ended
            exchange.refuse(WireError(.truncated, "the client left inside a request head"))
        case .body where exchange.isTunnel: exchange.tunnelEnded()
        case .body:
            if !isBodyPaused || leftover.isEmpty {
                input = .ended
                exchange.bodyFailed(WireError(.truncated, "the client left inside a request body"))
            }
        case .waiting:
            exchange.clientHalfClosed()
            if self.exchange === exchange, !exchange.hasResponded { watchHalfClosed() }
        case .skipping, .ended: break
        }
    }

    func canSendMore() {
        exchange?.clientCanTakeMore()
        if input == .head { continueInput() }
    }

    func drained() { exchange?.clientDrained() }

    func closed(_ reason: CloseReason) {
        leftover = []
        input = .ended
        halfClosedTimer?.cancel()
        halfClosedTimer = nil
        if let exchange {
            exchange.clientGone(reason)
            if self.exchange === exchange { release(exchange) }
        }
        worker.connectionClosed(self)
    }

    // MARK: Deadlines

    func watchBody() {
        periodMark = exchange?.row.requestBytes ?? 0
        tcp.setDeadline(afterMilliseconds: worker.settings.bodyTimeoutMilliseconds)
    }

    private func watchHalfClosed() {
        guard halfClosedTimer == nil else { return }
        let timer = LoopTimer(loop: worker.loop) { [unowned self] in halfClosedDeadlinePassed() }
        timer.setDeadline(afterMilliseconds: worker.settings.halfClosedTimeoutMilliseconds)
        halfClosedTimer = timer
    }

    private func halfClosedDeadlinePassed() {
        guard let exchange, !exchange.hasResponded else { return }
        exchange.clientIsTakenForGone()
        tcp.abort()
    }

    override func watchWriting() {
        periodMark = tcp.sentBytes
        tcp.setDeadline(afterMilliseconds: worker.settings.writeTimeoutMilliseconds)
    }

    func deadlinePassed() {
        switch input {
        case .head: headDeadlinePassed()
        // Its answer is complete, and only the client's reading is waited for.
        case .body where exchange?.phase == .draining: writeDeadlinePassed()
        case .body: bodyDeadlinePassed()
        case .waiting where exchange?.phase == .awaitingFetch: exchange?.collapseTimedOut()
        case .skipping where tcp.queuedBytes == 0: tcp.closeAfterFlush(linger: false)
        case .waiting, .skipping, .ended: writeDeadlinePassed()
        }
    }

    private func headDeadlinePassed() {
        if tcp.queuedBytes > 0 { return writeDeadlinePassed() }
        guard let exchange else { return tcp.closeAfterFlush(linger: false) }
        input = .ended
        exchange.refuse(WireError(.truncated, status: 408, "the request head did not come in time"))
    }

    private func bodyDeadlinePassed() {
        guard let exchange else { return }
        if exchange.isTunnel { return tunnelDeadlinePassed(exchange) }
        if exchange.isAwaitingContinue { return exchange.continueTimedOut() }
        if isBodyPaused { return watchBody() }
        if exchange.row.requestBytes - periodMark >= worker.settings.minimumBodyBytesPerPeriod {
            return watchBody()
        }
        input = .ended
        exchange.bodyFailed(WireError(.truncated, status: 408, "the request body did not come in time"))
    }

    private func writeDeadlinePassed() {
        let isStalled =
            tcp.queuedBytes > 0
            && tcp.sentBytes - periodMark < Int64(worker.settings.minimumWriteBytesPerPeriod)
        guard isStalled else { return watchWriting() }
        exchange?.clientStalled()
        tcp.abort()
    }
}
