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
        row.cacheDetail = CacheDetail(fetch.reason)
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

    /// `Content-Type` without parameters out of a head that was just written.
    func keepMimeType(_ bytes: [UInt8], from start: Int) {
        let span = bytes.span
        mimeType.append(contentsOf: span.extracting(Exchange.mimeType(span, start..<span.count)))
    }

    /// Where the value of `Content-Type` stands in a head's lines, without parameters; empty where there is none.
    static func mimeType(_ span: Span<UInt8>, _ lines: Range<Int>) -> Range<Int> {
        var line = lines.lowerBound
        while line + 14 < lines.upperBound {
            if span[line] | 0x20 == 0x63, span[line + 12] == 0x3A,
                span.extracting(line..<line + 12).equalsIgnoringCase(Exchange.contentType.span)
            {
                var index = line + 13
                while index < lines.upperBound, span[index] == 0x20 { index += 1 }
                let first = index
                while index < lines.upperBound, span[index] > 0x20, span[index] != 0x3B { index += 1 }
                return first..<index
            }
            guard let end = span.firstIndex(of: 0x0A, from: line) else { break }
            line = end + 1
        }
        return lines.lowerBound..<lines.lowerBound
    }

    private static let contentType: [UInt8] = Array("content-type".utf8)
}
