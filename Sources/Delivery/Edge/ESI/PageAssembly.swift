import Bytes
import ESI
import HTTPCache
import HTTPWire
import Reactor

/// A page's exchange while its answer is assembled: feeds the page to the parser, performs what the assembly asks for,
/// and keeps count for the event. Confined to its loop.
final class PageAssembly {
    let exchange: Exchange
    let worker: Worker
    var assembly: ESIAssembly
    private var parser: ESIParser
    /// The page's own head, without what belongs to its bytes.
    let head: PageHead
    /// In the events of its fragments.
    let name: String

    /// The stored response that the page is made of.
    var template: CachedObject?
    /// Where the page comes compressed.
    private var coded: CodedBody?

    var actions: [ESIAction] = []
    var next = 0
    private var isPerforming = false
    /// Output is on its way to the client: the exchange must not take it for the page.
    var isSending = false
    private(set) var isOver = false
    /// What the exchange sends is the page, not the answer.
    var takesPage: Bool { !isSending && !isOver }
    private var pageEnded = false
    private var holdsPage = false
    var clientIsFull = false
    var gathered: [UInt8] = []

    var stored = StoredFragments()
    /// Fragments that were found and not told of yet.
    var found: [ESIEvent] = []
    var streams: [Int: FragmentStream] = [:]
    var retired: [Exchange] = []
    private var timer: LoopTimer?
    var requestParser: RequestParser
    var slowest: (nanoseconds: Int64, url: [UInt8]) = (-1, [])

    init(_ exchange: Exchange, head: PageHead) {
        self.exchange = exchange
        self.head = head
        worker = exchange.worker
        name = worker.requestName(exchange)
        let settings = worker.settings.esi.page
        assembly = ESIAssembly(exchange.esiRequest(), settings: settings)
        parser = ESIParser(settings: settings)
        requestParser = RequestParser(limits: worker.settings.wireLimits)
        worker.counters.assembledPages += 1
    }

    var url: ESIURL { assembly.url }

    // MARK: The page

    /// - Returns: whether a page in this coding can be read; otherwise it has failed.
    func begin(_ coding: BodyCoding) -> Bool {
        do throws(ESIFault) {
            switch coding {
            case .plain: break
            case .coded(let coding): coded = try CodedBody(coding, settings: worker.settings.esi)
            case .unknown:
                throw ESIFault(
                    .network, "unknown_coding", "the page comes in a Content-Encoding that is not gzip, br or zstd")
            }
            return true
        } catch {
            send(.pageFailed(error))
            return false
        }
    }

    /// A whole page as it is without its coding; nil if it has failed.
    func decodeWhole(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        guard let coded else { return Array(bytes) }
        var plain: [UInt8] = []
        do throws(ESIFault) {
            try coded.decode(bytes.span) { plain.append(contentsOf: $0) }
            try coded.finish()
            return plain
        } catch {
            send(.pageFailed(error))
            return nil
        }
    }

    /// Takes a part of the page.
    /// - Returns: whether more should come now.
    func feed(_ bytes: Span<UInt8>) -> Bool {
        guard !isOver else { return true }
        guard let coded else {
            for program in parser.feed(bytes) { send(.page(program)) }
            return mayGoOn
        }
        do throws(ESIFault) {
            try coded.decode(bytes) { piece in
                for program in parser.feed(piece.span) { send(.page(program)) }
            }
        } catch {
            send(.pageFailed(error))
        }
        return mayGoOn
    }

    /// Takes all of a page that the cache has compiled.
    func feed(_ page: ESIPage) {
        for program in page.programs { enqueue(.page(program)) }
        pageEnded = true
        send(.pageEnded)
    }

    /// The page is whole.
    func end() {
        guard !pageEnded else { return }
        pageEnded = true
        do throws(ESIFault) {
            try coded?.finish()
        } catch {
            return send(.pageFailed(error))
        }
        for program in parser.finish() { enqueue(.page(program)) }
        for note in parser.notes.prefix(1) where note.severity == .fault { exchange.noteMarkup(note) }
        send(.pageEnded)
    }

    /// The page broke off.
    func breakOff() {
        guard !isOver else { return }
        let error = exchange.error
        send(.pageFailed(ESIFault(.network, error?.code ?? "broken_off", error?.message ?? "the page broke off")))
    }

    private var mayGoOn: Bool {
        holdsPage = !assembly.wantsPage || clientIsFull
        return !holdsPage
    }

    /// The client takes more again.
    func clientTakesMore() {
        guard !isOver, clientIsFull else { return resumePage() }
        clientIsFull = false
        send(.clientTakesMore)
        resumePage()
    }

    private func resumePage() {
        guard holdsPage, !isOver, !pageEnded, mayGoOn else { return }
        exchange.resumePage()
    }

    // MARK: Events and actions

    func enqueue(_ event: ESIEvent) { assembly.on(CollectionOfOne(event), &actions) }

    /// What an action causes at once comes after what was asked for before it.
    func send(_ event: ESIEvent) {
        guard !isOver else { return }
        enqueue(event)
        guard !isPerforming else { return }
        isPerforming = true
        performAll()
        sendGathered()
        actions.removeAll(keepingCapacity: true)
        next = 0
        isPerforming = false
        if !isOver, timer == nil { watchTime() }
        resumePage()
    }

    private func performAll() {
        while next < actions.count, !isOver {
            let action = actions[next]
            next += 1
            perform(action)
            guard next == actions.count, !found.isEmpty else { continue }
            var events: [ESIEvent] = []
            swap(&events, &found)
            assembly.on(events, &actions)
        }
    }

    /// A page that is complete at once needs no time.
    private func watchTime() {
        let timer = LoopTimer(loop: worker.loop) { [weak self] in self?.send(.timeOver) }
        timer.setDeadline(afterMilliseconds: worker.settings.esi.page.pageMilliseconds)
        self.timer = timer
    }

    private func perform(_ action: ESIAction) {
        switch action {
        case .output(let bytes): return gather(bytes)
        case .fetch(let number, let fetch): if !findStored(number, fetch) { start(number, fetch) }
        case .publish(let url, let bytes): publish(url, bytes)
        case .cancel(let id): streams.removeValue(forKey: id)?.cancel()
        case .pause(let id): streams[id]?.pause()
        case .resume(let id): streams[id]?.resume()
        case .head(let head): sendHead(head)
        case .end:
            sendGathered()
            finish()
        case .fail(let fault): fail(fault)
        }
    }

    private func finish() {
        isOver = true
        // A page may be at its end before the template is.
        if !pageEnded { exchange.dropOrigin() }
        exchange.finishResponse()
    }

    private func fail(_ fault: ESIFault) {
        sendGathered()
        isOver = true
        worker.counters.failedPages += 1
        if !pageEnded { exchange.dropOrigin() }
        exchange.failAssembled(fault)
    }

    /// The exchange is over, in whichever way.
    func close() {
        isOver = true
        timer?.cancel()
        timer = nil
        for stream in streams.values { stream.cancel() }
        streams = [:]
        for exchange in retired { worker.recycle(exchange) }
        retired = []
        note()
    }
}
