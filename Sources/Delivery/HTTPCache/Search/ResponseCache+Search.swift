import HTTPWire
import Synchronization

/// One key for all queries of a path between which its responses make no difference. The key has the rule in it, so that
/// what was unified by one rule is not found by another. A rule that is new to the cache, or new again, begins with nothing:
/// what was stored by it before may have been purged by URLs that nobody could relate to it.
extension ResponseCache {
    /// Gives a request's key the spelling of its path's rule, where there is one.
    public func unify(_ key: inout CacheKey) {
        guard !searchRules.isEmpty else { return }
        let bytes = key.bytes
        guard let (rule, identity) = searchRules.find(bytes.span.extracting(0..<key.pathEnd)) else { return }
        key.unify(by: rule, identity)
    }

    /// The fetch under whose key a response is stored: this one, unless the response says something else about queries than
    /// was known when the fetch began.
    func settled(_ fetch: CacheFetch, _ request: RequestHead, _ response: ResponseHead, limit: Int) -> CacheFetch {
        guard !fetch.key.isRuled else { return fetch }
        let rule = limit > 0 ? SearchVariance(response.block) : nil
        // What most responses and requests are.
        if rule == nil, !fetch.key.isUnified, searchRules.isEmpty { return fetch }
        var key = CacheKey(request, isHTTPS: fetch.key.isHTTPS)
        learn(rule, key, limit: limit)
        if let rule { key.unify(by: rule, rule.identity) }
        guard key != fetch.key, let tags = CacheTags.read(response.block, limit: CachedObject.maximumTags) else {
            return fetch
        }
        return fetch.moved(to: key, tags)
    }

    /// A 304 that says something about queries.
    func noteSearch(_ fetch: CacheFetch, _ request: RequestHead, _ response: ResponseHead, limit: Int) {
        guard !fetch.key.isRuled, limit > 0, let rule = SearchVariance(response.block) else { return }
        learn(rule, CacheKey(request, isHTTPS: fetch.key.isHTTPS), limit: limit)
    }

    private func learn(_ rule: SearchVariance?, _ key: CacheKey, limit: Int) {
        let path = Array(key.bytes[..<key.pathEnd])
        let identity = rule?.identity ?? 0
        guard searchRules.learn(rule, identity, for: path, limit: limit), rule != nil else { return }
        var unified = key
        if let rule { unified.unify(by: rule, identity) }
        guard let family = unified.family else { return }
        purgeFamily(family, isSoft: false, now: 0)
    }

    /// Takes out what is stored for a family of keys, in memory and on disk, for as long as this process lives.
    @discardableResult
    func purgeFamily(_ family: [UInt8], isSoft: Bool, now: Int64) -> Int {
        _ = disk?.note(.tag(family), isSoft: isSoft, now: now)
        return purge(tag: CacheTags.hash(family.span), isSoft: isSoft, now: now)
    }
}

extension CacheFetch {
    /// Whether a part may lie under this fetch's key, which may stand for several queries.
    func suitsKey(_ response: ResponseHead, _ request: RequestHead) -> Bool {
        guard key.isUnified else { return true }
        guard let rule = SearchVariance(response.block) else { return false }
        var own = CacheKey(request, isHTTPS: key.isHTTPS)
        own.unify(by: rule, rule.identity)
        return own == key
    }

    /// The same fetch under another key. Who waits looks again, and finds it there; what a purge met stays met.
    /// - Parameter tags: of the response.
    fileprivate func moved(to key: CacheKey, _ tags: [UInt64]) -> CacheFetch {
        let number = cache.shard(key.hash).part.withLock { part in
            part.collapser.start(
                hash: key.hash, key: key.bytes, predicted: nil, isShared: isShared,
                generation: part.store.purges.generation)
        }
        let next = CacheFetch(cache, key, number, stored: nil, reason: reason, isShared: isShared)
        next.renounce()
        let (isKept, wakeups) = cache.shard(self.key.hash).part.withLock { part -> (Bool, [CollapseWakeup]) in
            guard let began = part.collapser.generation(hash: self.key.hash, number: self.number) else {
                return (false, [])
            }
            let isKept = part.store.purges.allows(tags, since: began)
            return (isKept, part.collapser.end(hash: self.key.hash, number: self.number) ?? [])
        }
        if !isKept { next.end(.retry) }
        if let stored { cache.drop(stored, key: self.key) }
        for wakeup in wakeups { wakeup(.retry) }
        return next
    }
}
