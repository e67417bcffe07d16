import Bytes
import HTTPCache
import HTTPWire
import Reactor
import Upstream

/// A fetch on the cache's behalf. It belongs to the request that started it but may outlive it: when that client
/// leaves, what is being stored is finished for the others. Confined to its loop; the origin exchange holds it.
final class CacheFetchJob: OriginHandler {
    private enum Mode {
        case awaitingHead
        case filling(CacheFill)
        /// Stored in pieces.
        case running(SegmentRun)
        /// The response passes to the first client, and may be kept beside.
        case relaying(AsideFill?)
        /// A stored response was served instead; the origin's body is nobody's.
        case discarding
    }

    /// A body nobody wants is read up to here, to keep the connection; beyond it the connection is closed.
    private static let discardLimit = 64 * 1024

    private let worker: Worker
    private let fetch: CacheFetch
    /// The request where it is not to be read from the exchange: there is none any more, or rules change it. Until the
    /// response's head is there.
    @exclusivity(unchecked) private var head: RequestHead?
    /// The request as it was looked up, where rules have changed it since: it says for whom the response is.
    @exclusivity(unchecked) private var lookedUpHead: RequestHead?
    /// What the rules said before the fetch, and what they are told after it.
    @exclusivity(unchecked) private var decisions: RuleDecisions?
    private var subject: RuleSubject?
    /// On the clock that never goes back.
    private let requestedAt: Int64
    /// A fragment's page says how long it may be kept.
    private let lifetime: Int64?
    @exclusivity(unchecked) private var mode = Mode.awaitingHead
    @exclusivity(unchecked) private var discarded = 0
    @exclusivity(unchecked) private var exchange: Exchange?
    @exclusivity(unchecked) private(set) var origin: OriginCall?
    let originName: String

    private init(_ fetch: CacheFetch, for exchange: Exchange, route: RouteTable.Route, isRefresh: Bool) {
        worker = exchange.worker
        self.fetch = fetch
        if isRefresh || worker.rules != nil {
            head = exchange.head
            lookedUpHead = exchange.lookedUpHead
        }
        // They are large, and without rules they say nothing.
        if worker.rules != nil { decisions = exchange.decisions }
        if worker.rules?.set.has(.fetch) == true { subject = exchange.ruleSubject() }
        requestedAt = worker.loop.now
        lifetime = exchange.fragmentLifetime
        originName = route.origin.name
        self.exchange = isRefresh ? nil : exchange
        origin = OriginCall(
            exchange.tiers(route, fetch: fetch), method: .get, framing: .none, handler: self)
        if let origin, origin.wantsClient { origin.client = exchange.clientAddresses }
        origin?.isConditional = fetch.isConditional || exchange.head.block.isConditional
        worker.counters.originRequests += 1
    }

    /// Starts a fetch for a request that waits for it. Nil where no origin serves the host.
    static func start(_ fetch: CacheFetch, for exchange: Exchange) -> CacheFetchJob? {
        guard let route = exchange.route else { return nil }
        let job = CacheFetchJob(fetch, for: exchange, route: route, isRefresh: false)
        return job
    }

    /// Renews a stored response beside the answer that was given from it (RFC 5861, 3).
    static func refresh(_ fetch: CacheFetch, for exchange: Exchange) {
        exchange.missAside { route in CacheFetchJob(fetch, for: exchange, route: route, isRefresh: true).run() }
    }

    func run() { origin?.start() }

    /// The client left or got another answer. What can still be stored goes on.
    func detach() {
        if case .awaitingHead = mode, fetch.isShared, head == nil { head = exchange?.head }
        exchange = nil
        switch mode {
        case .awaitingHead: if !fetch.isShared { abandon() }
        case .filling(let fill): if !fill.isStored, fill.readerCount == 0 { abandon() }
        case .relaying: abandon()
        // It sees by itself that nobody reads.
        case .running, .discarding: break
        }
    }

    private func abandon() {
        origin?.cancel()
        if case .filling(let fill) = mode { fill.abort() }
        origin = nil
    }

    // MARK: OriginHandler

    func originReady() {}
    func originContinues() {}
    func originCanTakeMore() {}

    func originInterim(_ response: ResponseHead) { exchange?.originInterim(response) }

    /// When the origin was asked, by whole seconds that passed: two readings of the clock on the two sides of a second
    /// would make the response a second older than it is, and a clock that was set meanwhile any time.
    private var requestSeconds: Int64 { worker.nowSeconds - (worker.loop.now - requestedAt) / 1_000_000_000 }

    func originResponded(_ response: ResponseHead) {
        // A copy only where something is changed.
        guard lifetime != nil || worker.rules != nil else { return answer(with: response) }
        var changed = lifetime.map { response.kept(seconds: $0) } ?? response
        guard worker.rules != nil, fetch.isValidated(by: changed) else {
            if worker.rules != nil { askRules(&changed) }
            return answer(with: changed)
        }
        // A 304 says little by itself: rules are asked about what it renews. One about something else is thrown away.
        guard var renewed = fetch.renewed(by: changed) else { return answer(with: changed) }
        askRules(&renewed)
        answer(with: changed, renewed)
    }

    /// - Parameter renewed: what a 304 makes of the stored head, after the rules.
    private func answer(with response: ResponseHead, _ renewed: ResponseHead? = nil) {
        switch take(response, renewed) {
        case .store(let fill, let hit):
            mode = .filling(fill)
            if let exchange { hit.object.follow(&exchange.key) }
            exchange?.serve(hit)
        case .segments(let run, let hit):
            mode = .running(run)
            if let exchange { hit.object.follow(&exchange.key) }
            exchange?.serve(hit)
        case .keep(let fill):
            mode = .relaying(fill)
            guard let exchange else { return abandon() }
            exchange.relay(response, from: origin, reason: nil, forward: fetch.reason)
        case .relay(let reason):
            mode = .relaying(nil)
            guard let exchange else { return abandon() }
            exchange.relay(response, from: origin, reason: reason, forward: fetch.reason)
        case .serve(let hit):
            mode = .discarding
            exchange?.serve(hit)
        case .retry:
            mode = .discarding
            exchange?.fetchMustRetry()
        }
    }

    private func take(_ response: ResponseHead, _ renewed: ResponseHead?) -> CacheFetch.Outcome {
        let (requestTime, now) = (requestSeconds, worker.nowSeconds)
        let override = decisions?.cache ?? CacheOverride()
        // The exchange's own copy is alone then, and keeps its memory for the next request.
        let sent = head.take()
        if let request = lookedUpHead.take() ?? sent {
            return fetch.received(
                response, renewed: renewed, request: request, requestTime: requestTime, now: now, override: override)
        }
        guard let exchange else { return .relay("over") }
        return exchange.lendHead {
            fetch.received(response, request: $0, requestTime: requestTime, now: now, override: override)
        }
    }

    /// Phase fetch.
    private func askRules(_ response: inout ResponseHead) {
        // What was said before anybody knew the answer is not meant for failures.
        if response.status >= 500 { decisions?.cache.lifetimeSeconds = nil }
        guard var decisions else { return }
        if let rules = worker.rules, var subject {
            subject.originName = originName
            subject.now = worker.loop.now
            subject.wallMicroseconds = worker.loop.wallMicroseconds
            let before = decisions.fired.count
            if var head {
                rules.run(.fetch, subject, head: &head, response: &response, &decisions)
                self.head = head
            }
            exchange?.decisions.fired.append(contentsOf: decisions.fired[before...])
            if let trace = decisions.trace { exchange?.decisions.trace = trace }
            self.decisions = decisions
        }
        let tags = decisions.tags
        guard !tags.isEmpty else { return }
        let name = Array("Surrogate-Key".utf8)
        response.block.append(name.span, tags.span.extracting(1...))
    }

    func originBody(_ bytes: Span<UInt8>) {
        switch mode {
        case .awaitingHead: break
        case .filling(let fill): self.fill(fill, bytes)
        case .running(let run): take(run.append(bytes, now: worker.nowSeconds, onDrained: whenDrained))
        case .relaying(let fill):
            fill?.append(bytes)
            if exchange?.sendBody(bytes) == false { origin?.pause() }
        case .discarding:
            discarded += bytes.count
            if discarded > CacheFetchJob.discardLimit { abandon() }
        }
    }

    private func fill(_ fill: CacheFill, _ bytes: Span<UInt8>) {
        let goesOn = fill.append([UInt8](bytes), now: worker.nowSeconds, onDrained: whenDrained)
        // Too large to store: it goes on only as long as somebody reads.
        if exchange == nil, !fill.isStored, fill.readerCount == 0 { return abandon() }
        if !goesOn { origin?.pause() }
    }

    private var whenDrained: @Sendable () -> Void {
        let loop = worker.loop
        let job = Confined(self)
        return { loop.execute { job.value.resume() } }
    }

    private func take(_ step: SegmentRun.Step) {
        switch step {
        case .goOn: break
        case .pause: origin?.pause()
        case .stop: abandon()
        }
    }

    func resume() {
        if case .running(let run) = mode {
            let step = run.goOn(onDrained: whenDrained)
            return step == .goOn ? origin?.resume() ?? () : take(step)
        }
        if case .filling(let fill) = mode, !fill.isStored, fill.readerCount == 0 { return abandon() }
        origin?.resume()
    }

    func originEnded(trailers: HeaderBlock) {
        switch mode {
        case .filling(let fill): fill.finish()
        case .running(let run): run.finish()
        case .relaying(let fill):
            // What came is stored before its client can ask again.
            fill?.finish()
            exchange?.finishResponse(trailers: trailers)
        case .awaitingHead, .discarding: break
        }
    }

    func originFailed(_ failure: UpstreamError) {
        worker.counters.originFailures += 1
        switch mode {
        case .awaitingHead: failWithoutResponse(failure)
        case .filling(let fill):
            exchange?.note(failure)
            fill.abort()
        case .running(let run):
            exchange?.note(failure)
            run.finish()
        case .relaying:
            exchange?.note(failure)
            exchange?.tear()
        case .discarding: break
        }
    }

    private func failWithoutResponse(_ failure: UpstreamError) {
        let standIn = fetch.failed(status: failure.status, now: worker.nowSeconds)
        mode = .discarding
        guard let exchange else { return }
        exchange.note(failure)
        if let standIn { exchange.serve(standIn) } else { exchange.respondError(failure.status) }
    }
}
