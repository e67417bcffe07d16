public import HTTPWire
import Synchronization

/// One trip to the origin on the cache's behalf. Report what came of it once; dropping it unreported counts as given
/// up and lets the next request try.
public final class CacheFetch: CacheErrand, Sendable {
    let cache: ResponseCache
    let key: CacheKey
    let number: UInt64
    /// The response to validate, if there is one.
    public let stored: CachedObject?
    public let reason: CacheStatus.Forward
    /// Others may wait for this fetch.
    public let isShared: Bool
    /// It asks for a part, as its client asked for it.
    let isPartial: Bool
    /// A stored part, of which it asks for the rest.
    let completes: CachedObject?
    /// What the origin is told of the client's wishes.
    let negotiation: Negotiation
    private let isOver = Atomic<Bool>(false)

    init(
        _ cache: ResponseCache, _ key: CacheKey, _ number: UInt64, stored: CachedObject?,
        reason: CacheStatus.Forward, isShared: Bool, isPartial: Bool = false, completes: CachedObject? = nil,
        negotiation: Negotiation = Negotiation()
    ) {
        self.cache = cache
        self.key = key
        self.number = number
        self.stored = stored
        self.reason = reason
        self.isShared = isShared
        self.isPartial = isPartial
        self.completes = completes
        self.negotiation = negotiation
    }

    deinit {
        if takeEnd() { end(.retry) }
    }

    /// Whether the request to the origin asks "has it changed?".
    public var isConditional: Bool { stored?.freshness.hasValidator ?? false }

    /// Client fields that must not go to the origin: a fetch for all asks for the whole, and a validation asks with
    /// the stored validators.
    public var droppedFields: HeaderSet {
        guard isShared && !isPartial || isConditional else { return negotiation.fields }
        return negotiation.fields.union(.conditionsAndRanges)
    }

    public func writeNegotiation(to writer: inout HeadWriter) { negotiation.write(to: &writer) }

    /// Writes If-None-Match and If-Modified-Since of the stored response (RFC 9111 §4.3.1), or what asks for the rest of
    /// a part.
    public func writeConditions(to writer: inout HeadWriter) {
        if let completes { return writeCompletion(of: completes, to: &writer) }
        guard let stored, isConditional else { return }
        let fields = stored.fields()
        if let tag = fields.value(of: .etag) { writer.field("If-None-Match", tag) }
        if let modified = fields.value(of: .lastModified) { writer.field("If-Modified-Since", modified) }
        // What has changed since is fetched in pieces as well.
        if stored.isSegmented { writer.field("Range", "bytes=0-0") }
    }

    /// What to do with the origin's response.
    public enum Outcome: Sendable {
        /// It is being stored: feed the body to the fill, and answer the request with the hit, as any reader does.
        case store(CacheFill, CacheHit)
        /// It is being stored in pieces: feed the body to the run, and answer the request with the hit.
        case segments(SegmentRun, CacheHit)
        /// Pass it on as it is, and feed the fill what passes, to be stored as well.
        case keep(AsideFill)
        /// Pass it on as it is; the reason says why it isn't stored.
        case relay(StaticString)
        /// Answer with a stored response; drop the origin's body.
        case serve(CacheHit)
        /// The origin says "not modified" about something else than what is stored: look up and fetch again.
        case retry
    }

    /// The origin's final response head.
    /// - Parameters:
    ///   - renewed: of ``renewed(by:)``, where somebody has changed it.
    ///   - request: the client's request, as it was looked up: it says for whom the response is.
    ///   - requestTime: when it was sent to the origin, seconds.
    ///   - now: seconds.
    ///   - override: what the operator says about keeping it.
    public func received(
        _ response: ResponseHead, renewed: ResponseHead? = nil, request: RequestHead, requestTime: Int64, now: Int64,
        override: CacheOverride = CacheOverride()
    ) -> Outcome {
        guard takeEnd() else { return .relay("over") }
        let box = cache.box
        if isValidated(by: response), let stored {
            // What only the stored head says was learnt when it came.
            if renewed == nil || SearchVariance(response.block) != nil {
                cache.noteSearch(self, request, renewed ?? response, limit: box.settings.maximumSearchRules)
            }
            return validated(
                stored, response, renewed, requestTime: requestTime, now: now, settings: box.settings,
                override: override)
        }
        if CachePolicy.isError(response.status), let hit = standIn(graceSeconds: 0, now: now) {
            end(.failed(status: response.status))
            return .serve(hit)
        }
        if let completes, response.status == 206 || response.status == 416 {
            return completed(
                completes, response, requestTime: requestTime, now: now, settings: box.settings, override: override)
        }
        if response.status == 206, isPartial, !suitsKey(response, request) {
            refused(response.status, now: now, box)
            return .relay("no-vary-search")
        }
        if response.status == 206, isPartial || stored?.isSegmented == true {
            return receivedPart(
                response, request, requestTime: requestTime, now: now, settings: box.settings, override: override)
        }
        let storage = override.storage(
            request: request, response: response, requestTime: requestTime, now: now, rules: box.storageRules)
        switch storage {
        case .refuse(let reason):
            if mayReplace(request, status: response.status) { replaceStored(status: response.status) }
            refused(response.status, now: now, box)
            return .relay(reason)
        case .store where isPartial && ![200, 404, 410].contains(response.status):
            refused(response.status, now: now, box)
            return .relay("partial")
        case .store(let freshness):
            let fetch = cache.settled(taker(), request, response, limit: box.settings.maximumSearchRules)
            return fetch.store(response, request, freshness, now: now, settings: box.settings)
        }
    }

    /// There is no response: the origin can't be reached, broke off, or timed out.
    /// - Parameter status: what requests that waited should answer, 502 to 504.
    /// - Returns: a stale response that may stand in.
    public func failed(status: Int, now: Int64) -> CacheHit? {
        guard takeEnd() else { return nil }
        end(.failed(status: status))
        return standIn(graceSeconds: cache.settings.staleWhenUnreachableSeconds, now: now)
    }

    private func standIn(graceSeconds: Int64, now: Int64) -> CacheHit? {
        guard let stored, CachePolicy.mayServeOnError(stored.freshness, graceSeconds: graceSeconds, now: now) else {
            return nil
        }
        return CacheHit(stored, .stale, now: now)
    }

    /// A response that isn't stored: its URL is remembered, and who waited goes alone; unless it is an error.
    func refused(_ status: Int, now: Int64, _ box: CacheSettingsBox) {
        if CachePolicy.isError(status) {
            end(.failed(status: status))
        } else {
            markUncacheable(now: now, seconds: box.settings.hitForMissSeconds)
            end(.retry)
        }
    }

    func markUncacheable(now: Int64, seconds: Int64) {
        guard isShared else { return }
        let hash = isPartial ? key.hash ^ CacheFetch.partialSalt : key.hash
        cache.shard(key.hash).part.withLock {
            $0.collapser.hitForMiss.insert(hash, now: now, seconds: seconds)
        }
    }

    /// Keeps what is remembered of requests for parts apart from that of requests for the whole.
    static let partialSalt: UInt64 = 0x9E37_79B9_7F4A_7C15

    private func store(
        _ response: ResponseHead, _ request: RequestHead, _ freshness: Freshness, now: Int64, settings: CacheSettings
    ) -> Outcome {
        let announced = response.framing.announcedLength
        if let outcome = storeInSegments(response, request, freshness, announced, now: now, settings: settings) {
            return outcome
        }
        if let announced, announced > UInt64(settings.maximumObjectBytes) {
            replaceStored(status: response.status)
            markUncacheable(now: now, seconds: settings.hitForMissSeconds)
            end(.retry)
            return .relay("too-large")
        }
        let body = CachedBody(announced: announced, windowBytes: settings.streamWindowBytes)
        let object: CachedObject
        switch prepare(response, request, freshness, body, now: now, settings: settings) {
        case .object(let prepared): object = prepared
        case .refused(let reason):
            replaceStored(status: response.status)
            markUncacheable(now: now, seconds: settings.hitForMissSeconds)
            end(.retry)
            return .relay(reason)
        }
        let (wakeups, isPurged) = cache.shard(key.hash).part.withLock { part in
            part.collapser.hitForMiss.remove(key.hash)
            return part.publish(object, hash: key.hash, number: number)
        }
        for wakeup in wakeups { wakeup(.retry) }
        let fill = CacheFill(self, object, body, settings: settings, isForgotten: isPurged)
        var status = CacheStatus.forwarded(reason)
        status.forwardStatus = response.status
        status.isStored = true
        var hit = CacheHit(object, .filled, now: now, status: status)
        hit.ownFields = StoredHead.ownLines(
            response.block, names: CacheControl.forCDN(response.block).withheldFields)
        return .store(fill, hit)
    }

    enum Prepared {
        case object(CachedObject)
        case refused(StaticString)
    }

    /// What is stored of a response, but for its body.
    func prepare(
        _ response: ResponseHead, _ request: RequestHead, _ freshness: Freshness, _ body: CachedBody?, now: Int64,
        settings: CacheSettings
    ) -> Prepared {
        guard let variance = variance(response, request) else { return .refused("too-long") }
        guard let tags = tags(response.block, settings) else { return .refused("too-many-tags") }
        var freshness = freshness
        if CachePolicy.mayBeEncoded(response, settings: settings.compression) { freshness.flags.insert(.mayBeEncoded) }
        if response.block.contains(.contentEncoding) { freshness.flags.insert(.isCoded) }
        return .object(
            CachedObject(
                key: key.bytes, variance: variance, tags: tags, statusLine: StoredHead.statusLine(response),
                head: StoredHead.fields(response, freshness, now: now, settings: settings), status: response.status,
                freshness: freshness, body: body))
    }

    /// Those of a response, and the family of the key; nil where there are too many.
    /// - Parameter older: whose tags stay where the response has none.
    func tags(_ block: HeaderBlock, _ settings: CacheSettings, else older: CachedObject? = nil) -> [UInt64]? {
        guard var tags = CacheTags.read(block, limit: settings.maximumTags) else { return nil }
        if tags.isEmpty, let older { return older.tags }
        if let family = key.family {
            if key.isRuled { cache.hasRuledKeys.store(true, ordering: .relaxed) }
            tags.append(CacheTags.hash(family.span))
        }
        return tags
    }

    /// Nil if it, or the key, is too long.
    func variance(_ response: ResponseHead, _ request: RequestHead) -> [UInt8]? {
        guard let variance = Variance.encode(VaryList(response.block), request.block, cache.settings.vary),
            variance.count <= CachedObject.maximumVarianceBytes, key.bytes.count <= CachedObject.maximumKeyBytes
        else { return nil }
        return variance
    }

    /// Nobody fetches: it was a question only.
    func renounce() { _ = takeEnd() }

    /// True for the one who may end the fetch.
    private func takeEnd() -> Bool { !isOver.exchange(true, ordering: .acquiringAndReleasing) }

    /// Ends the fetch in the collapser. False if an invalidation came in between.
    @discardableResult
    func end(_ outcome: CollapseOutcome) -> Bool {
        let wakeups = cache.shard(key.hash).part.withLock { $0.collapser.end(hash: key.hash, number: number) }
        for wakeup in wakeups ?? [] { wakeup(outcome) }
        return wakeups != nil
    }
}

extension BodyFraming {
    var announcedLength: UInt64? {
        switch self {
        case .none: 0
        case .length(let length): length
        case .chunked, .untilClose: nil
        }
    }
}

extension Freshness {
    /// The 304 may have brought `no-store`, `private` or another Vary, which ``Freshening`` tells by a negative lifetime.
    var mayStay: Bool { lifetime >= 0 }
}
