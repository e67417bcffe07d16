import HTTPCache
import HTTPWire
import Upstream

/// Answering with a large body that lies in the cache in pieces.
extension Exchange {
    /// Sends the head once the first piece is at hand, so that a version which the origin no longer has, or an origin
    /// that fails, is found out before the client is promised anything.
    func serveSegmented(_ hit: CacheHit) {
        guard let cache = worker.cache else { return forward(.miss) }
        guard let range = firstBytes(hit) else { return beginSegmented(hit, cache) }
        switch cache.firstPiece(of: hit.object, range, wakeup: wakeup) {
        case .ready: beginSegmented(hit, cache)
        case .wait(let key, let ticket): wait(ticket, at: key)
        case .load(let key, let ticket): wait(ticket, at: key, isLoad: true)
        case .gone: lookUp(cache)
        case .missing(let run):
            if worker.rules != nil, !asksMissRules() { return }
            phase = .fetching
            connection?.watchWriting()
            if !SegmentJob.start(run, for: self, hit: hit) { refuseUnknownHost() }
        }
    }

    /// In a function of its own, see `decide`.
    private func firstBytes(_ hit: CacheHit) -> Range<UInt64>? {
        lendLookedUp { hit.firstBytes(of: $0, now: worker.nowSeconds, settings: worker.cacheBox.settings) }
    }

    private func beginSegmented(_ hit: CacheHit, _ cache: ResponseCache) {
        phase = .serving
        noteHit(hit)
        let body = startStored(hit)
        guard !skipsBody else { return finishResponse() }
        switch body {
        case .none: return finishResponse()
        case .whole, .stream: source = BodySource(hit.object, segments: SegmentedReader(cache, hit.object))
        case .range(let range):
            source = BodySource(hit.object, segments: SegmentedReader(cache, hit.object, range: range))
        case .ranges(let parts): source = BodySource(hit.object, multipart: parts, cache)
        }
        pump()
    }

    // MARK: What became of the first piece

    func pieceCame(_ hit: CacheHit, _ originStatus: Int) {
        guard phase == .fetching, let cache = worker.cache else { return }
        beginSegmented(hit.kind == .hit ? hit.fetchedInPart(originStatus: originStatus) : hit, cache)
    }

    func pieceIsGone() {
        guard phase == .fetching, let cache = worker.cache else { return }
        lookUp(cache)
    }

    func pieceFailed(_ status: Int, _ failure: UpstreamError?) {
        guard phase == .fetching else { return }
        if let failure { note(failure) } else { note(error: "segment_failed", "the origin gave no part", .origin) }
        respondError(status)
    }
}
