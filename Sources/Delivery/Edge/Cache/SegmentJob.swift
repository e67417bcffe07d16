import HTTPCache
import HTTPWire
import Reactor
import Upstream

/// Fetches pieces of a large body for whoever reads it. Confined to its loop; the origin call holds it.
final class SegmentJob: OriginHandler {
    private let worker: Worker
    private let run: SegmentRun
    /// The request that can't answer before the first piece has come; nil where its head is sent already.
    private let waiting: (visit: Visit, hit: CacheHit)?
    private let reader: Visit
    private let originName: String
    private var origin: OriginCall?
    private var isFilling = false

    private init(_ run: SegmentRun, for exchange: Exchange, hit: CacheHit?, _ route: RouteTable.Route) {
        worker = exchange.worker
        self.run = run
        reader = Visit(exchange)
        waiting = hit.map { (Visit(exchange), $0) }
        originName = route.origin.name
        origin = OriginCall(exchange.tiers(route, fetch: run), method: .get, framing: .none, handler: self)
        worker.counters.originRequests += 1
    }

    /// Starts a run for a request.
    /// - Parameter hit: what the request is served with once the first piece comes; nil where it is being served.
    /// - Returns: false where no origin serves the host.
    static func start(_ run: SegmentRun, for exchange: Exchange, hit: CacheHit?) -> Bool {
        guard let route = exchange.route else { return false }
        SegmentJob(run, for: exchange, hit: hit, route).origin?.start()
        return true
    }

    // MARK: OriginHandler

    func originReady() {}
    func originContinues() {}
    func originCanTakeMore() {}
    func originInterim(_ response: ResponseHead) {}

    func originResponded(_ response: ResponseHead) {
        noteFacts()
        switch run.received(response, now: worker.nowSeconds) {
        case .fills:
            isFilling = true
            if let waiting, let exchange = waiting.visit.exchange { exchange.pieceCame(waiting.hit, response.status) }
        case .changed:
            drop(response)
            waiting?.visit.exchange?.pieceIsGone()
        case .failed(let status):
            drop(response)
            waiting?.visit.exchange?.pieceFailed(status, nil)
        }
    }

    func originBody(_ bytes: Span<UInt8>) {
        guard isFilling else { return }
        take(run.append(bytes, now: worker.nowSeconds, onDrained: whenDrained))
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
        case .stop: stop()
        }
    }

    private func resume() {
        let step = run.goOn(onDrained: whenDrained)
        if step == .goOn { origin?.resume() } else { take(step) }
    }

    /// Nobody wants this body; without one the connection may be kept.
    private func drop(_ response: ResponseHead) {
        if !response.framing.isEmpty { stop() }
    }

    private func stop() {
        origin?.cancel()
        origin = nil
    }

    func originEnded(trailers: HeaderBlock) {
        origin = nil
        run.finish()
    }

    func originFailed(_ failure: UpstreamError) {
        worker.counters.originFailures += 1
        noteFacts()
        origin = nil
        run.fail(status: failure.status, now: worker.nowSeconds)
        guard !isFilling else { return }
        waiting?.visit.exchange?.pieceFailed(failure.status, failure)
    }

    /// The request's event tells of its latest trip to the origin.
    private func noteFacts() {
        guard let exchange = reader.exchange, let facts = origin?.facts else { return }
        exchange.note(facts, name: originName)
    }
}
