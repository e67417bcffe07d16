import Bytes
import HTTPCache
import HTTPWire
import Reactor
import Upstream

/// Fetching on the cache's behalf, as the request that started it sees it.
extension Exchange {
    func startFetch(_ fetch: CacheFetch) {
        if worker.rules != nil, !asksMissRules() { return }
        guard let job = CacheFetchJob.start(fetch, for: self) else { return refuseUnknownHost() }
        phase = .fetching
        row.cacheStatus = .miss
        row.forward = fetch.reason
        self.job = job
        originName = job.originName
        connection?.watchWriting()
        job.run()
    }

    /// The response passes through.
    /// - Parameter reason: why it isn't stored; nil where what passes is.
    func relay(
        _ response: ResponseHead, from call: OriginCall?, reason: StaticString?, forward: CacheStatus.Forward
    ) {
        phase = .fetching
        row.cacheStatus = reason == nil ? .miss : .bypass
        isKept = reason == nil
        pass(response, from: call, reason: forward, detail: reason ?? "")
    }

    /// The origin answered "not modified" about something else; look again.
    func fetchMustRetry() {
        detachJob()
        guard let cache = worker.cache else { return forward(.miss) }
        lookUp(cache)
    }

    /// Takes down what the fetch cost and lets go of it.
    func detachJob() {
        guard let job else { return }
        self.job = nil
        if let facts = job.origin?.facts { note(facts, name: job.originName) }
        job.detach()
    }

    func note(_ failure: UpstreamError) {
        note(error: failure.code.rawValue, failure.message, failure.blame == .origin ? .origin : .edge)
    }
}
