import Bytes
import HTTPCache
import HTTPWire
import Reactor
import Upstream

/// One request and its response, from the first byte to the event. Taken from the worker's pool when bytes arrive and
/// given back when the response is complete, so that serving from the cache allocates nothing. Confined to its loop.
final class Exchange {
    enum Phase {
        case reading
        /// Gathering a body for a service.
        case collecting
        /// A service has the request, or a stored body is being sent.
        case serving
        /// Asking an origin for this client alone.
        case forwarding
        /// Another request fetches the same.
        case awaitingFetch
        /// Fetching for the cache.
        case fetching
        /// Everything is in the output queue, which is large.
        case draining
        case done
    }

    /// How the response's body is framed for the client.
    enum ResponseFraming: Equatable {
        case none
        case length
        case chunked
        /// By the wire itself (HTTP/2).
        case delimited
        case untilClose
    }

    let worker: Worker
    // Unchecked: loaded and stored on one thread, see `LoopSource`.
    @exclusivity(unchecked) var connection: ClientStream?
    @exclusivity(unchecked) var phase = Phase.reading
    private let headPlace = Place(RequestHead())
    var head: RequestHead {
        _read { yield headPlace.value }
        _modify { yield &headPlace.value }
    }
    @exclusivity(unchecked) var row = EventRow()
    @exclusivity(unchecked) var startedAt: Int64 = 0
    /// When the head was first found incomplete; 0 before.
    @exclusivity(unchecked) var headDeadline: Int64 = 0
    @exclusivity(unchecked) var isRequestComplete = true
    @exclusivity(unchecked) var isAwaitingContinue = false
    /// Whether a trusted proxy says that it was asked over https; nil where none says.
    @exclusivity(unchecked) var isToldSecure: Bool?
    /// The client was told to go on.
    @exclusivity(unchecked) var hasContinued = false

    @exclusivity(unchecked) var hasResponded = false
    @exclusivity(unchecked) var responseFraming = ResponseFraming.none
    /// Body bytes that a declared length still owes.
    @exclusivity(unchecked) var owedBytes: UInt64 = 0
    /// The body is left out (HEAD, 204, 304).
    @exclusivity(unchecked) var skipsBody = false
    @exclusivity(unchecked) var mimeType: [UInt8] = []
    @exclusivity(unchecked) var error: EventBlock.ErrorNote?

    @exclusivity(unchecked) var key = CacheKey()
    @exclusivity(unchecked) var lookups = 0
    @exclusivity(unchecked) var didWait = false
    var collapseTicket: UInt64 = 0
    var pieceKey: CacheKey?
    @exclusivity(unchecked) var job: CacheFetchJob?
    @exclusivity(unchecked) var source: BodySource?
    /// What passes is stored as well.
    @exclusivity(unchecked) var aside: AsideFill?
    @exclusivity(unchecked) var isKept = false
    /// Counts the requests this object has served, see `Visit`.
    @exclusivity(unchecked) var generation: UInt64 = 0

    @exclusivity(unchecked) var origin: OriginCall?
    /// The client and the origin have gone over to another protocol.
    @exclusivity(unchecked) var isTunnel = false
    var originName = ""
    var forwardReason = CacheStatus.Forward.bypass
    @exclusivity(unchecked) var responder: ResponderCore?
    @exclusivity(unchecked) var collected: [UInt8] = []
    /// The body is compressed on its way.
    @exclusivity(unchecked) var encoder: LiveEncoder?
    /// The answer is a page that is being assembled.
    @exclusivity(unchecked) var assembly: PageAssembly?
    /// The answer asks for ESI.
    @exclusivity(unchecked) var asksForESI = false
    /// How the body of a page or fragment came.
    @exclusivity(unchecked) var bodyCoding = BodyCoding.plain
    /// The request is for a fragment of this page.
    @exclusivity(unchecked) var parentName: String?
    /// How long a fragment may be kept, where its page says so.
    @exclusivity(unchecked) var fragmentLifetime: Int64?
    @exclusivity(unchecked) var pageNote: EventBlock.PageNote?
    /// What the rules have said about the request.
    @exclusivity(unchecked) var decisions = RuleDecisions()
    /// The request as the cache is asked for it, where rules of phase miss have changed it for its origin.
    @exclusivity(unchecked) var lookedUpHead: RequestHead?
    /// Server-sent events by a service.
    @exclusivity(unchecked) var isEventStream = false

    init(worker: Worker) {
        self.worker = worker
    }

    // MARK: Life

    func open(on connection: ClientStream) {
        self.connection = connection
        let loop = worker.loop
        startedAt = loop.now
        row.timestamp = loop.wallMicroseconds
        let peer = connection.tcp.peer
        row.clientHigh = peer.high
        row.clientLow = peer.low
        row.clientPort = peer.port
        phase = .reading
    }

    /// Lends the head out for several calls, which must not change it.
    @inline(__always)
    func lendHead<Result>(_ body: (borrowing RequestHead) -> Result) -> Result { headPlace.lend(body) }

    /// Forgets the request and keeps the memory.
    func reset() {
        generation &+= 1
        connection = nil
        head.reset()
        lookups = 0
        didWait = false
        if job != nil { job = nil }
        if source != nil { source = nil }
        if encoder != nil { encoder = nil }
        row = EventRow()
        headDeadline = 0
        isRequestComplete = true
        isAwaitingContinue = false
        hasContinued = false
        isToldSecure = nil
        hasResponded = false
        responseFraming = .none
        owedBytes = 0
        skipsBody = false
        isEventStream = false
        isTunnel = false
        if !mimeType.isEmpty { mimeType.removeAll(keepingCapacity: true) }
        if error != nil { error = nil }
        if origin != nil { origin = nil }
        if !originName.isEmpty { originName = "" }
        if responder != nil { responder = nil }
        if !collected.isEmpty { collected = [] }
        resetESI()
        resetRules()
    }

    /// The head is complete; a body may follow.
    func begin() {
        if let connection, connection.isService, let service = connection.service { return beginService(service) }
        switch head.method {
        case .connect:
            return refuse(WireError(.unsupportedMethod, status: 501, "this is not a tunnel"))
        case .trace:
            return refuse(WireError(.unsupportedMethod, status: 405, "TRACE is not allowed"))
        default: break
        }
        if case .length(let length) = head.framing, length > worker.settings.maximumBodyBytes {
            return refuseBody()
        }
        stripUntrusted()
        takeDebugTicket()
        if head.block.contains(.xForwardedFor) || head.block.contains(.xForwardedProto) { believeTrustedProxy() }
        if head.block.contains(.cdnLoop), isLooping { return refuseLoop() }
        if !worker.challenges.isEmpty, answersChallenge() { return }
        if worker.rules != nil, !asksRules(.receive) { return }
        let cache = worker.cache
        let isPast = decisions.isBypassed || cache == nil || head.block.contains(.upgrade) && head.asksForUpgrade
        switch CacheUse(head.method, head.framing, isPast: isPast) {
        case .past(let reason): forward(reason)
        case .ask: if let cache { lookUp(cache) }
        }
    }

    /// Whether the client asked over https: of us, or of a trusted proxy that says so.
    var isSecure: Bool { isToldSecure ?? connection?.isSecure ?? false }

    var queuedBytes: Int { connection?.queuedBytes ?? 0 }

    // MARK: Request body

    func requestBody(_ bytes: Span<UInt8>) {
        row.requestBodyBytes += Int64(bytes.count)
        if row.requestBodyBytes > worker.settings.maximumBodyBytes, !isTunnel { return refuseBody() }
        switch phase {
        case .collecting: collect(bytes)
        case .forwarding:
            origin?.sendBody(bytes)
            if origin?.isCongested == true { connection?.pauseBody() }
        default: break
        }
    }

    func requestBodyEnded(trailers: HeaderBlock) {
        isRequestComplete = true
        switch phase {
        case .collecting: startService()
        case .forwarding: origin?.finishBody(trailers: trailers)
        default: break
        }
    }

    /// The body is malformed, too slow or cut off.
    func bodyFailed(_ cause: WireError) {
        note(error: cause.code.rawValue, cause.message, .client)
        dropOrigin()
        if hasResponded { return tear() }
        if connection?.sawEnd == true, cause.code == .truncated { return tear() }
        respondError(cause.status)
    }

    private func refuseBody() {
        note(error: "body_too_large", "the request body is over the limit", .client)
        dropOrigin()
        connection?.input = .ended
        if hasResponded { return tear() }
        respondError(413)
    }

    func dropOrigin() {
        guard let origin else { return }
        origin.cancel()
        noteOrigin()
        self.origin = nil
    }

    // MARK: The client

    /// The client shut its sending side down. It may well wait for the answer; a stream without end would never find
    /// out that nobody listens.
    func clientHalfClosed() {
        if phase == .serving, responder != nil, hasResponded { clientGone(.local) }
    }

    func clientCanTakeMore() {
        if let assembly { return assembly.clientTakesMore() }
        switch phase {
        case .forwarding: origin?.resume()
        case .fetching: job?.resume()
        case .serving:
            if let responder { responder.noteProgress(queued: queuedBytes) } else { pump() }
        default: break
        }
    }

    /// Too slow a reader; the connection is closed next.
    func clientStalled() {
        note(error: "client_stalled", "the client stopped taking the response", .client)
    }

    /// It has shut its sending side down for too long; the connection is closed next.
    func clientIsTakenForGone() {
        note(error: "client_gone", "the client shut its sending side down, and no answer came in time", .client)
    }

    func clientGone(_ reason: CloseReason) {
        guard phase != .done else { return }
        if error == nil, reason != .local {
            note(error: "client_gone", "the client left before the response was complete", .client)
        }
        if phase == .reading, row.requestHeaderBytes > 0, error == nil {
            note(error: "client_gone", "the client left inside its request", .client)
        }
        leaveCollapse()
        dropOrigin()
        // What waits may be sealed already and so count a little more than was written.
        row.responseBytes = max(0, row.responseBytes - Int64(queuedBytes))
        end()
        if let connection, connection.isOpen { connection.exchangeTorn(self, needsReset: true) }
    }
}
