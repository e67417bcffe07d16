public import HTTPWire
import Synchronization

extension ResponseCache {
    /// Decides how a request is answered.
    /// - Parameters:
    ///   - now: seconds since 1970-01-01T00:00:00Z.
    ///   - wakeup: makes the callback, asked only if the request has to wait.
    public func lookup(
        key: CacheKey, request: RequestHead, now: Int64, wakeup: () -> CollapseWakeup
    ) -> CacheDecision {
        guard request.method == .get || request.method == .head else { return .pass(.method) }
        let directives = RequestDirectives(
            request.block, honorsAll: honorsRequestDirectives.load(ordering: .relaxed))
        if directives.noStore { return .pass(.request) }
        if let hit = find(key, request, directives, now: now) { return .serve(hit) }
        if let ticket = load(key, wakeup: wakeup) { return .load(ticket: ticket) }
        if directives.onlyIfCached { return .refuse }
        return miss(key, request, directives, now: now, wakeup: wakeup)
    }

    /// A stored response that answers a request as it is, where there is one; nothing is begun where there is none.
    /// - Parameter now: seconds since 1970-01-01T00:00:00Z.
    public func answer(key: CacheKey, request: RequestHead, now: Int64) -> CacheHit? {
        guard request.method == .get || request.method == .head else { return nil }
        let directives = RequestDirectives(
            request.block, honorsAll: honorsRequestDirectives.load(ordering: .relaxed))
        return directives.noStore ? nil : find(key, request, directives, now: now)
    }

    /// - Parameter counts: whether it is a use that keeps the response from being evicted.
    private func find(
        _ key: CacheKey, _ request: RequestHead, _ directives: RequestDirectives, now: Int64, counts: Bool = true
    ) -> CacheHit? {
        let found = shard(key.hash).part.withLock { part -> CachedObject? in
            if let only = part.store.only(hash: key.hash, key: key.bytes.span) {
                part.store.touch(only.index)
                return only.object
            }
            // Of most misses nothing is stored, which needs no list of what was found.
            guard part.store.mayHave(hash: key.hash) else { return nil }
            let found = part.find(key, request.block)
            if counts, found.index >= 0 { part.store.touch(found.index) }
            if found.freed > 0 { release(found.freed) }
            if found.match == nil, found.partIndex >= 0 {
                if counts { part.store.touch(found.partIndex) }
                return found.part
            }
            return found.match
        }
        switch consume found {
        case .some(let object):
            if object.isPartial, !object.answers(request, now: now, settings: settings) { return nil }
            return usable(object, request, directives, now: now)
        case .none: return nil
        }
    }

    /// Decides as ``lookup(key:request:now:wakeup:)`` does and begins nothing: a fetch is over when it is returned, a ticket is
    /// nobody's, and eviction does not learn of it.
    public func rehearse(key: CacheKey, request: RequestHead, now: Int64) -> CacheDecision {
        guard request.method == .get || request.method == .head else { return .pass(.method) }
        let directives = RequestDirectives(
            request.block, honorsAll: honorsRequestDirectives.load(ordering: .relaxed))
        if directives.noStore { return .pass(.request) }
        if let hit = find(key, request, directives, now: now, counts: false) { return .serve(hit) }
        if disk?.mayHave(key) == true { return .load(ticket: 0) }
        if directives.onlyIfCached { return .refuse }
        return shard(key.hash).part.withLock { part in
            let freed = part.store.settle(hash: key.hash, key: key.bytes.span)
            if freed > 0 { release(freed) }
            // What is decided changes a copy, which ends with the lock.
            var copy = part
            let decision = decide(&copy, key, request, directives, now: now) { { _ in } }
            switch decision {
            case .fetch(let fetch): fetch.renounce()
            case .serve(let hit): hit.refresh?.renounce()
            case .wait, .load, .pass, .refuse: break
            }
            return decision
        }
    }

    /// What is known of a key beside what a request gets of it.
    public func inspect(key: CacheKey, request: RequestHead, now: Int64) -> CacheInspection {
        let (found, count, isUncacheable) = shard(key.hash).part.withLock { part -> (CachedObject?, Int, Bool) in
            let found = part.find(key, request.block)
            if found.freed > 0 { release(found.freed) }
            var count = 0
            part.store.forEach(hash: key.hash, key: key.bytes.span) { _, _ in
                count += 1
                return true
            }
            return (
                found.match ?? found.part ?? found.other, count, part.collapser.hitForMiss.contains(key.hash, now: now)
            )
        }
        var inspection = CacheInspection(variants: count, isUncacheable: isUncacheable)
        inspection.stored = found.map { StoredFacts($0, now: now) }
        inspection.isOnDisk = disk?.contains(key) ?? false
        return inspection
    }

    /// A stored response that may be sent without asking the origin first.
    private func usable(
        _ object: consuming CachedObject, _ request: RequestHead, _ directives: RequestDirectives, now: Int64
    ) -> CacheHit? {
        if request.block.contains(.authorization), !object.freshness.flags.contains(.allowsAuthorization) { return nil }
        switch reuse(object.freshness, directives, now: now) {
        case .fresh: return CacheHit(object, .hit, now: now)
        case .stale: return CacheHit(object, .stale, now: now)
        case .staleWhileRevalidate, .validate: return nil
        }
    }

    private func reuse(_ freshness: Freshness, _ directives: RequestDirectives, now: Int64) -> Reuse {
        CachePolicy.reuse(
            freshness, directives, now: now,
            allowsRefresh: servesStaleWhileRevalidate.load(ordering: .relaxed))
    }

    /// The second look, under one lock with the decision who fetches, so that there is one fetch.
    private func miss(
        _ key: CacheKey, _ request: RequestHead, _ directives: RequestDirectives, now: Int64,
        wakeup: () -> CollapseWakeup
    ) -> CacheDecision {
        shard(key.hash).part.withLock { decide(&$0, key, request, directives, now: now, wakeup: wakeup) }
    }

    private func decide(
        _ part: inout Part, _ key: CacheKey, _ request: RequestHead, _ directives: RequestDirectives, now: Int64,
        wakeup: () -> CollapseWakeup
    ) -> CacheDecision {
        let found = part.find(key, request.block)
        if found.freed > 0 { release(found.freed) }
        if let match = found.match, let hit = usable(match, request, directives, now: now) {
            return .serve(hit)
        }
        let reason = reason(found, directives, now: now)
        let isPart = request.block.contains(.range)
        let isPlain =
            request.method == .get && !request.block.contains(.authorization)
            && (!isPart || found.match?.isSegmented == true)
        guard isPlain else {
            return attachOrPass(&part, key, request, found.match, reason, now: now, wakeup: wakeup)
        }
        if part.collapser.hitForMiss.contains(key.hash, now: now) || directives.noCache {
            let number = part.start(key)
            return .fetch(
                CacheFetch(
                    self, key, number, stored: found.match, reason: reason, isShared: false,
                    negotiation: Negotiation(request.block, part.vary)))
        }
        let predicted = (found.match ?? found.part ?? found.other)?.predictedVariance(request.block, part.vary)
        let join = part.collapser.join(
            hash: key.hash, key: key.bytes, request: request.block, predicted: predicted,
            generation: part.store.purges.generation, vary: part.vary,
            wakeup: !isRefreshable(found.match, now: now)
                ? wakeup : { { _ in } })
        return decision(
            join, key, found.match, reason, now: now, completes: found.match == nil ? found.part : nil,
            Negotiation(request.block, part.vary))
    }

    private func decision(
        _ join: Collapser.Join, _ key: CacheKey, _ stored: CachedObject?, _ reason: CacheStatus.Forward, now: Int64,
        completes part: CachedObject?, _ negotiation: Negotiation
    ) -> CacheDecision {
        let isRefreshable = isRefreshable(stored, now: now)
        switch join {
        case .lead(let number):
            let fetch = CacheFetch(
                self, key, number, stored: stored, reason: reason, isShared: true,
                completes: part.flatMap { $0.canBeCompleted ? $0 : nil }, negotiation: negotiation)
            guard let stored, isRefreshable else { return .fetch(fetch) }
            var hit = CacheHit(stored, .stale, now: now)
            hit.refresh = fetch
            return .serve(hit)
        case .wait(let ticket):
            guard let stored, isRefreshable else { return .wait(ticket: ticket) }
            return .serve(CacheHit(stored, .stale, now: now))
        case .attach(let object):
            return .serve(CacheHit(object, .collapsed, now: now, status: .collapsed(reason)))
        }
    }

    /// Stale within its `stale-while-revalidate`.
    private func isRefreshable(_ object: CachedObject?, now: Int64) -> Bool {
        guard let object else { return false }
        return reuse(object.freshness, RequestDirectives(), now: now) == .staleWhileRevalidate
    }

    /// HEAD, Range and Authorization don't start a fetch for others; they may read along, or go alone.
    private func attachOrPass(
        _ part: inout Part, _ key: CacheKey, _ request: RequestHead, _ stored: CachedObject?,
        _ reason: CacheStatus.Forward, now: Int64, wakeup: () -> CollapseWakeup
    ) -> CacheDecision {
        if request.block.contains(.authorization) {
            guard request.method == .get, !request.block.contains(.range) else { return .pass(reason) }
            let number = part.start(key)
            return .fetch(
                CacheFetch(
                    self, key, number, stored: nil, reason: reason, isShared: false,
                    negotiation: Negotiation(request.block, part.vary)))
        }
        guard
            let object = part.collapser.attachable(
                hash: key.hash, key: key.bytes, request: request.block, vary: part.vary),
            object.freshness.isFresh(now: now)
        else {
            return request.method == .get && stored == nil
                ? learn(&part, key, request, reason, now: now, wakeup: wakeup) : .pass(reason)
        }
        return .serve(CacheHit(object, .collapsed, now: now, status: .collapsed(reason)))
    }

    /// A range of something unknown: one request asks, the others wait to hear what it is a part of.
    private func learn(
        _ part: inout Part, _ key: CacheKey, _ request: RequestHead, _ reason: CacheStatus.Forward, now: Int64,
        wakeup: () -> CollapseWakeup
    ) -> CacheDecision {
        let storesParts = storesParts.load(ordering: .relaxed)
        guard storesParts || storesSegments.load(ordering: .relaxed),
            !part.collapser.hitForMiss.contains(key.hash ^ CacheFetch.partialSalt, now: now)
        else { return .pass(reason) }
        let negotiation = Negotiation(request.block, part.vary)
        if part.collapser.hitForMiss.contains(key.hash ^ CacheFetch.aloneSalt, now: now) {
            let number = part.start(key)
            return .fetch(
                CacheFetch(
                    self, key, number, stored: nil, reason: reason, isShared: false, isPartial: true,
                    negotiation: negotiation))
        }
        let join = part.collapser.join(
            hash: key.hash, key: key.bytes, request: request.block, predicted: nil,
            generation: part.store.purges.generation, isPartial: true, vary: part.vary, wakeup: wakeup)
        guard case .lead(let number) = join else {
            return decision(join, key, nil, reason, now: now, completes: nil, negotiation)
        }
        return .fetch(
            CacheFetch(
                self, key, number, stored: nil, reason: reason, isShared: true, isPartial: true,
                negotiation: negotiation))
    }

    private func reason(
        _ found: Part.Found, _ directives: RequestDirectives, now: Int64
    ) -> CacheStatus.Forward {
        guard let match = found.match else {
            return found.part != nil ? .partial : found.other == nil ? .uriMiss : .varyMiss
        }
        switch reuse(match.freshness, directives, now: now) {
        case .validate(let reason): return reason
        // Nobody renews it beside an answer where the URL turned out not to be cacheable.
        case .staleWhileRevalidate: return .stale
        case .fresh, .stale: return .request
        }
    }

    /// A waiting request gives up (its client is gone, or it waited too long).
    public func leave(key: CacheKey, ticket: UInt64) {
        _ = shard(key.hash).part.withLock { $0.collapser.leave(hash: key.hash, ticket: ticket) }
    }

    /// A stale response that may stand in for an origin that fails, for requests that didn't fetch themselves.
    public func standIn(key: CacheKey, request: RequestHead, now: Int64) -> CacheHit? {
        guard request.method == .get || request.method == .head else { return nil }
        let object = shard(key.hash).part.withLock { part -> CachedObject? in
            let found = part.find(key, request.block)
            if found.freed > 0 { release(found.freed) }
            return found.match
        }
        guard let object, !request.block.contains(.authorization),
            CachePolicy.mayServeOnError(
                object.freshness, graceSeconds: settings.staleWhenUnreachableSeconds, now: now)
        else { return nil }
        return CacheHit(object, .stale, now: now)
    }
}

extension ResponseCache.Part {
    /// Starts a fetch that nobody else waits for.
    fileprivate mutating func start(_ key: CacheKey) -> UInt64 {
        collapser.start(
            hash: key.hash, key: key.bytes, predicted: nil, isShared: false, generation: store.purges.generation)
    }
}

extension CacheStatus {
    static func collapsed(_ reason: CacheStatus.Forward) -> CacheStatus {
        var status = CacheStatus.forwarded(reason)
        status.isCollapsed = true
        return status
    }
}
