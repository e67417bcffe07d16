import Synchronization

extension ResponseCache {
    /// Puts a complete response in the place of those that it supersedes, unless the fetch was forgotten meanwhile.
    /// - Parameter isPublished: it was held against the purges when its head came, and is known to them since.
    func store(_ object: CachedObject, fetch: CacheFetch, limit: Int, isPublished: Bool = true) {
        let cost = object.cost
        let hasRoom = reserve(cost, limit: limit)
        let settings = self.settings
        let (freed, isStored, wakeups) = shard(fetch.key.hash).part.withLock { part -> (Int, Bool, [CollapseWakeup]) in
            let isAllowed =
                isPublished && !object.isSegmented
                || part.mayKeep(object, hash: fetch.key.hash, number: fetch.number)
            guard let wakeups = part.collapser.end(hash: fetch.key.hash, number: fetch.number) else {
                return (0, false, [])
            }
            guard hasRoom, isAllowed else { return (0, false, wakeups) }
            let freed = part.supersede(object, key: fetch.key, maximumVariants: settings.maximumVariants)
            part.store.insert(object, hash: fetch.key.hash, cost: cost)
            disk?.supersede(fetch.key, variance: object)
            return (freed, true, wakeups)
        }
        release(freed)
        if isStored {
            countStored()
        } else if hasRoom {
            release(cost)
        }
        for wakeup in wakeups { wakeup(.retry) }
    }

    /// Puts a validated response in the place of the one that was validated, if that is still there.
    func replace(_ old: CachedObject, with new: CachedObject, key: CacheKey, number: UInt64, limit: Int) {
        let cost = new.cost
        guard reserve(cost, limit: limit) else { return }
        let (freed, isStored) = shard(key.hash).part.withLock { part -> (Int, Bool) in
            var freed = part.store.settle(hash: key.hash, key: key.bytes.span)
            guard part.mayKeep(new, hash: key.hash, number: number), let index = part.index(of: old, key: key) else {
                return (freed, false)
            }
            freed += part.store.remove(index, hash: key.hash)
            part.store.insert(new, hash: key.hash, cost: cost)
            return (freed, true)
        }
        release(freed)
        if !isStored { release(cost) }
    }

    /// Takes a response out, of memory and disk, that another one has replaced which isn't stored. What was stored
    /// after it stays.
    func dropReplaced(_ object: CachedObject, key: CacheKey) {
        let freed = shard(key.hash).part.withLock { part -> Int in
            var found: (index: Int, time: Int64)?
            part.store.forEach(hash: key.hash, key: key.bytes.span) { index, other in
                guard other.hasSameVariance(as: object) else { return true }
                found = (index, other.freshness.responseTime)
                return false
            }
            if let found, found.time > object.freshness.responseTime { return 0 }
            // It may have left memory meanwhile.
            disk?.supersede(key, variance: object)
            guard let found else { return 0 }
            return part.store.remove(found.index, hash: key.hash)
        }
        release(freed)
        // Nothing else may come to be written before a crash.
        disk?.wake()
    }

    /// Takes one response out.
    func drop(_ object: CachedObject, key: CacheKey) {
        let freed = shard(key.hash).part.withLock { part -> Int in
            guard let index = part.index(of: object, key: key) else { return 0 }
            disk?.supersede(key, variance: object)
            return part.store.remove(index, hash: key.hash)
        }
        release(freed)
    }
}

extension ResponseCache.Part {
    /// Whether no purge met a fetch's response since it began.
    func mayKeep(_ object: CachedObject, hash: UInt64, number: UInt64) -> Bool {
        guard let began = collapser.generation(hash: hash, number: number) else { return false }
        return store.purges.allows(object.tags, since: began)
    }

    /// The head of a fetch's response has come: newcomers read along, and who waited finds it.
    /// - Returns: whom to wake, and whether a purge forbids to keep the response.
    mutating func publish(_ object: CachedObject, hash: UInt64, number: UInt64) -> ([CollapseWakeup], isPurged: Bool) {
        guard mayKeep(object, hash: hash, number: number) else {
            return (collapser.end(hash: hash, number: number) ?? [], true)
        }
        return (collapser.publish(hash: hash, number: number, object: object) ?? [], false)
    }

    /// Takes out what a new response replaces: the same variant, and the oldest one if there are too many. Returns the
    /// bytes that are free now.
    mutating func supersede(_ object: CachedObject, key: CacheKey, maximumVariants: Int) -> Int {
        var freed = 0
        var same: Int?
        var oldest: (index: Int, time: Int64)?
        var count = 0
        store.forEach(hash: key.hash, key: key.bytes.span) { index, other in
            count += 1
            if other.hasSameVariance(as: object) { same = index }
            if oldest.map({ other.freshness.responseTime < $0.time }) ?? true {
                oldest = (index, other.freshness.responseTime)
            }
            return true
        }
        if let same {
            freed += store.remove(same, hash: key.hash)
        } else if let oldest, count >= maximumVariants {
            freed += store.remove(oldest.index, hash: key.hash)
        }
        return freed
    }

    func index(of object: CachedObject, key: CacheKey) -> Int? {
        var found: Int?
        store.forEach(hash: key.hash, key: key.bytes.span) { index, other in
            if other.isSame(as: object) { found = index }
            return found == nil
        }
        return found
    }
}
