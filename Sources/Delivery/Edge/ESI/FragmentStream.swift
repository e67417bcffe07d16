import Bytes
import ESI
import HTTPCache
import HTTPWire
import Reactor

/// The client of a fragment's request: a page that is being assembled. The request lives as any other does, through
/// cache, collapsing and origins; only its answer stays inside. Confined to its loop.
final class FragmentStream: ClientStream {
    private let page: PageAssembly
    /// Names it in what the page is told.
    let number: Int
    let fetch: ESIFetch
    private let client: ClientStream
    private var entity: [UInt8] = []
    /// Where the fragment comes compressed.
    private var coded: CodedBody?
    private var isPaused = false
    private var isOver = false
    private var timer: LoopTimer?
    private var deadline: LoopTimer?
    /// When the request began, on the loop's clock.
    let startedAt: Int64

    init(_ number: Int, _ fetch: ESIFetch, page: PageAssembly, client: ClientStream) {
        self.page = page
        self.number = number
        self.fetch = fetch
        self.client = client
        startedAt = client.worker.loop.now
        super.init(tcp: client.tcp, worker: client.worker, service: nil)
    }

    // MARK: Life

    func begin(_ head: RequestHead, entity: [UInt8]) {
        let exchange = worker.takeExchange()
        self.exchange = exchange
        self.entity = entity
        exchange.open(on: self)
        exchange.head = head
        exchange.row.requestHeaderBytes = Int32(clamping: head.block.bytes.count)
        exchange.isToldSecure = client.exchange?.isToldSecure
        exchange.fragmentLifetime = fetch.timeToLiveSeconds
        exchange.parentName = page.name
        input = entity.isEmpty ? .waiting : .body
        isBodyPaused = true
        exchange.isRequestComplete = entity.isEmpty
        if fetch.noStore { exchange.beginUncached() } else { exchange.begin() }
        guard !isOver else { return }
        let timer = LoopTimer(loop: worker.loop) { [weak self] in self?.timeIsOver() }
        timer.setDeadline(afterMilliseconds: fetch.maximumMilliseconds)
        self.timer = timer
    }

    /// Nobody wants the answer any more.
    func cancel(_ code: String = "esi_not_needed", _ message: String = "the page no longer needs this fragment") {
        guard !isOver else { return }
        close()
        guard let exchange else { return }
        exchange.note(error: code, message, .edge)
        exchange.clientGone(.local)
        release(exchange)
    }

    private func timeIsOver() {
        guard !isOver else { return }
        cancel("esi_timeout", "the fragment took too long")
        page.failed(
            self, ESIFault(.timeout, "maxwait", "no answer within \(fetch.maximumMilliseconds) ms", status: 504))
    }

    private func close() {
        isOver = true
        timer?.cancel()
        timer = nil
        deadline?.cancel()
        deadline = nil
    }

    private func release(_ exchange: Exchange) {
        guard self.exchange === exchange else { return }
        self.exchange = nil
        page.retire(exchange)
    }

    // MARK: Flow

    func pause() { isPaused = true }

    func resume() {
        guard isPaused else { return }
        isPaused = false
        exchange?.clientCanTakeMore()
    }

    // MARK: ClientStream

    override var delimitsBodies: Bool { true }
    override var isOpen: Bool { !isOver }
    override var isSecure: Bool { client.isSecure }
    override var queuedBytes: Int { 0 }
    override var isCongested: Bool { isPaused }
    override func reportWhenLow() {}
    override func reportDrained(_ isWanted: Bool) {}

    override func writeHead(_ build: (inout HeadWriter) -> Void) -> Int {
        var writer = HeadWriter(capacity: 512)
        build(&writer)
        // What comes before the response is no answer yet.
        guard !isOver, let exchange, exchange.hasResponded else { return writer.bytes.count }
        page.began(self, exchange, writer.bytes)
        return writer.bytes.count
    }

    override func writeBody(_ bytes: Span<UInt8>, isChunked: Bool) -> Int {
        guard !isOver else { return bytes.count }
        if let coded {
            decode(bytes, coded)
        } else {
            page.continued(self, Array(bytes)[...])
        }
        return bytes.count
    }

    override func writeBody(shared segment: [UInt8], _ range: Range<Int>, isChunked: Bool) -> Int {
        guard !isOver else { return range.count }
        if let coded {
            decode(segment.span.extracting(range), coded)
        } else {
            page.continued(self, segment[range])
        }
        return range.count
    }

    /// - Returns: why a fragment in this coding can't be read.
    func begin(_ coding: BodyCoding) -> ESIFault? {
        switch coding {
        case .plain: return nil
        case .unknown:
            return ESIFault(
                .network, "unknown_coding", "the fragment comes in a Content-Encoding that is not gzip, br or zstd")
        case .coded(let coding):
            do throws(ESIFault) {
                coded = try CodedBody(coding, settings: worker.settings.esi)
                return nil
            } catch {
                return error
            }
        }
    }

    private func decode(_ bytes: Span<UInt8>, _ coded: CodedBody) {
        do throws(ESIFault) {
            try coded.decode(bytes) { piece in
                if !isOver { page.continued(self, piece[...]) }
            }
        } catch {
            cancel("esi_\(error.code)", error.message)
            page.failed(self, error)
        }
    }

    override func exchangeFinished(_ exchange: Exchange) {
        guard !isOver else { return }
        close()
        release(exchange)
        do throws(ESIFault) {
            try coded?.finish()
        } catch {
            return page.failed(self, error)
        }
        page.ended(self)
    }

    override func exchangeTorn(_ exchange: Exchange, needsReset: Bool) {
        guard !isOver else { return release(exchange) }
        close()
        let error = exchange.error
        release(exchange)
        page.failed(
            self, ESIFault(.network, error?.code ?? "broken_off", error?.message ?? "the fragment broke off"))
    }

    override func resumeBody() {
        guard isBodyPaused, input == .body, let exchange else { return }
        isBodyPaused = false
        input = .waiting
        let entity = entity
        exchange.requestBody(entity.span)
        exchange.requestBodyEnded(trailers: HeaderBlock())
    }

    override func setDeadline(afterMilliseconds milliseconds: Int) {
        let timer =
            deadline
            ?? LoopTimer(loop: worker.loop) { [weak self] in
                if self?.exchange?.phase == .awaitingFetch { self?.exchange?.collapseTimedOut() }
            }
        timer.setDeadline(afterMilliseconds: milliseconds)
        deadline = timer
    }
}
