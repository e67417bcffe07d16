import HTTPWire
import Synchronization

/// Responses that are stored in pieces.
extension CacheFetch {
    /// Stores a whole response in pieces, if it is large and its origin can be asked for parts. Nil if not.
    func storeInSegments(
        _ response: ResponseHead, _ request: RequestHead, _ freshness: Freshness, _ announced: UInt64?, now: Int64,
        settings: CacheSettings
    ) -> Outcome? {
        guard response.status == 200, let length = announced, length > settings.segmentedAboveBytes,
            Validators.acceptsRanges(response.block),
            // What clients get compressed lies in one piece.
            !CachePolicy.mayBeEncoded(response, settings: settings.compression),
            let whole = whole(response, request, freshness, length: length, now: now, settings: settings)
        else { return nil }
        guard let run = keep(whole, from: 0, end: nil, settings: settings) else { return nil }
        return .segments(run, hit(whole, response, now: now))
    }

    /// A 206 tells what the whole is like; its bytes are stored where they are whole pieces from the first on.
    func receivedPart(
        _ response: ResponseHead, _ request: RequestHead, requestTime: Int64, now: Int64, settings: CacheSettings,
        override: CacheOverride
    ) -> Outcome {
        var head = response
        head.status = 200
        head.block.remove(.contentRange)
        guard let value = response.block.value(of: .contentRange), response.block.count(of: .contentRange) == 1,
            case (let range, let length?)? = ByteRanges.contentRange(value), length > settings.segmentedAboveBytes,
            case .store(let freshness) = override.storage(
                request: request, response: head, requestTime: requestTime, now: now, rules: settings.storageRules),
            let whole = whole(head, request, freshness, length: length, now: now, settings: settings)
        else {
            return keepPart(
                response, request, requestTime: requestTime, now: now, settings: settings, override: override)
                ?? notLearned(now: now, settings: settings)
        }
        guard isPartial else {
            cache.store(whole, fetch: self, limit: settings.memoryBytes)
            return .retry
        }
        let size = UInt64(settings.segmentBytes)
        let end = range.upperBound == length ? nil : range.upperBound / size
        guard range.lowerBound % size == 0, range.upperBound - range.lowerBound >= min(size, length),
            response.framing == .length(UInt64(range.count)),
            let run = keep(whole, from: range.lowerBound / size, end: end, settings: settings)
        else {
            cache.store(whole, fetch: self, limit: settings.memoryBytes)
            return .relay("partial")
        }
        return .segments(run, hit(whole, response, now: now))
    }

    private func notLearned(now: Int64, settings: CacheSettings) -> Outcome {
        if let stored {
            cache.drop(stored, key: key)
            end(.retry)
            return .retry
        }
        markUncacheable(now: now, seconds: settings.hitForMissSeconds)
        end(.retry)
        return .relay("partial")
    }

    private func hit(_ whole: CachedObject, _ response: ResponseHead, now: Int64) -> CacheHit {
        var status = CacheStatus.forwarded(reason)
        status.forwardStatus = response.status
        status.isStored = true
        var hit = CacheHit(whole, .filled, now: now, status: status)
        hit.ownFields = StoredHead.ownLines(
            response.block, names: CacheControl.forCDN(response.block).withheldFields)
        return hit
    }

    /// The object that stands for all pieces.
    private func whole(
        _ response: ResponseHead, _ request: RequestHead, _ freshness: Freshness, length: UInt64, now: Int64,
        settings: CacheSettings
    ) -> CachedObject? {
        guard settings.segmentBytes > 0, freshness.isFresh(now: now), !freshness.flags.contains(.asksForESI),
            Validators.hasStrong(response.block, now: now), let variance = variance(response, request),
            let tags = tags(response.block, settings)
        else { return nil }
        return CachedObject(
            key: key.bytes, variance: variance, tags: tags, statusLine: [],
            head: StoredHead.fields(response, freshness, now: now, settings: settings), status: 200,
            freshness: freshness,
            segments: SegmentedBody(
                id: UInt64.random(in: .min ... .max), length: length, segmentBytes: settings.segmentBytes))
    }

    /// Stores the whole's head and begins with the pieces of a body that comes. Nil if the first is being fetched, which
    /// can't be with a new number.
    private func keep(_ whole: CachedObject, from segment: UInt64, end: UInt64?, settings: CacheSettings) -> SegmentRun?
    {
        guard let body = whole.segments, let first = cache.begin(whole, body, segment) else { return nil }
        let run = SegmentRun(whole, body, first, segment, end: end ?? body.count)
        run.begin(at: body.range(segment).lowerBound)
        cache.store(whole, fetch: self, limit: settings.memoryBytes)
        return run
    }

    /// The fetch under which a whole response is stored that was asked for as a part.
    func taker() -> CacheFetch {
        guard isPartial else { return self }
        let (number, wakeups) = cache.shard(key.hash).part.withLock { part -> (UInt64, [CollapseWakeup]) in
            // Nil where a purge has come in between; then the new fetch is one that nobody knows.
            guard let began = part.collapser.generation(hash: key.hash, number: self.number) else { return (0, []) }
            let wakeups = part.collapser.end(hash: key.hash, number: self.number) ?? []
            let next = part.collapser.start(
                hash: key.hash, key: key.bytes, predicted: nil, isShared: true, generation: began)
            return (next, wakeups)
        }
        for wakeup in wakeups { wakeup(.retry) }
        return CacheFetch(cache, key, number, stored: nil, reason: reason, isShared: true)
    }

    /// Opens a piece for its bytes: readers that wait for it read along from now on.
    func fillPiece(of body: SegmentedBody, _ segment: UInt64) -> CacheFill {
        let settings = cache.settings
        let range = body.range(segment)
        let piece = CachedBody(
            announced: UInt64(range.count), windowBytes: settings.streamWindowBytes, whole: body.life)
        let object = CachedObject(
            key: key.bytes, variance: [], statusLine: [], head: [], status: 206, freshness: .segment, body: piece)
        let (wakeups, isPurged) = cache.shard(key.hash).part.withLock { part in
            part.publish(object, hash: key.hash, number: number)
        }
        for wakeup in wakeups { wakeup(.retry) }
        return CacheFill(self, object, piece, settings: settings, isForgotten: isPurged)
    }
}

extension Freshness {
    /// A piece is as fresh as its whole.
    fileprivate static let segment = Freshness(
        responseTime: 0, initialAge: 0, lifetime: .max, staleWhileRevalidate: 0, staleIfError: 0, flags: .isSegment)
}
