import Bytes
import Synchronization

/// What a purge is about.
public enum PurgeTarget: Sendable, Equatable {
    /// All variants of a URL, also those in whose keys rules have added something to it, or that stand for several queries.
    case key(CacheKey)
    /// Every URL that starts so; see ``CacheKey/init(url:)`` for the spelling. With a part of a query it also meets all that
    /// stands for several queries of its path.
    case prefix(CacheKey)
    /// Every response whose `Surrogate-Key` or `Cache-Tag` names it.
    case tag([UInt8])
    case everything
}

extension ResponseCache {
    /// Purges: no look-up that begins after the return finds what was stored, or was being fetched, before the call.
    ///
    /// By key, by tag and of everything it returns at once, however much it meets, and the memory comes back with
    /// ``sweep(while:)``; by prefix it returns after a sweep of its own. Blocks for that long; not for an event loop.
    /// - Parameters:
    ///   - isSoft: what is met becomes stale instead, so that it can be validated, served while it is refreshed, or
    ///     stand in for an origin that fails. What is being fetched is not stored either way.
    ///   - now: seconds.
    /// - Returns: how many stored responses it met; of those that lie on disk alone only those purged by key.
    public func purge(_ target: PurgeTarget, isSoft: Bool, now: Int64) -> Int {
        guard case .key(let url) = target else { return purgeOne(target, isSoft: isSoft, now: now) }
        var count = keys(of: url).reduce(0) { $0 + purgeOne(.key($1), isSoft: isSoft, now: now) }
        if hasRuledKeys.load(ordering: .relaxed) {
            count += purgeOne(.tag(CacheKey.family(ofURL: url.bytes)), isSoft: isSoft, now: now)
        }
        return count
    }

    private func purgeOne(_ target: PurgeTarget, isSoft: Bool, now: Int64) -> Int {
        let onDisk = disk?.note(target, isSoft: isSoft, now: now) ?? 0
        let inMemory =
            switch target {
            case .key(let key): isSoft ? expire(key, now: now) : invalidate(key)
            case .tag(let tag): purge(tag: CacheTags.hash(tag.span), isSoft: isSoft, now: now)
            case .prefix(let key): purge(prefix: key.bytes, isSoft: isSoft, now: now)
            case .everything: isSoft ? expireAll(now: now) : emptyAll()
            }
        disk?.keep(target, isSoft: isSoft, now: now)
        purgedCount.wrappingAdd(onDisk + inMemory, ordering: .relaxed)
        return onDisk + inMemory
    }

    private func expire(_ key: CacheKey, now: Int64) -> Int {
        let (freed, count, wakeups) = shard(key.hash).part.withLock { part -> (Int, Int, [CollapseWakeup]) in
            let freed = part.store.settle(hash: key.hash, key: key.bytes.span)
            let count = part.store.expire(hash: key.hash, key: key.bytes.span, now: now)
            return (freed, count, part.collapser.forget(hash: key.hash, key: key.bytes))
        }
        release(freed)
        for wakeup in wakeups { wakeup(.retry) }
        return count
    }

    func purge(tag: UInt64, isSoft: Bool, now: Int64) -> Int {
        var total = 0
        for shard in shards {
            let (count, wakeups) = shard.part.withLock { part -> (Int, [CollapseWakeup]) in
                let count = part.store.purges.purge(
                    tag: tag, isSoft: isSoft, hasFetches: part.collapser.fetchCount > 0, now: now)
                return (count, part.collapser.forget { $0.object?.hasTag(tag) ?? false })
            }
            total += count
            for wakeup in wakeups { wakeup(.retry) }
        }
        return total
    }

    private func expireAll(now: Int64) -> Int {
        var total = 0
        for shard in shards {
            let (count, wakeups) = shard.part.withLock { part -> (Int, [CollapseWakeup]) in
                part.store.purges.purgeAllSoftly(now: now)
                return (part.store.countedCount, part.collapser.forgetAll())
            }
            total += count
            for wakeup in wakeups { wakeup(.retry) }
        }
        return total
    }

    private func purge(prefix: [UInt8], isSoft: Bool, now: Int64) -> Int {
        var numbers: [UInt64] = []
        for shard in shards {
            let (number, wakeups) = shard.part.withLock { part -> (UInt64, [CollapseWakeup]) in
                let number = part.store.purges.beginPurge(prefix: prefix, isSoft: isSoft, now: now)
                return (number, part.collapser.forget { CacheKey.meets(prefix: prefix.span, key: $0.key.span) })
            }
            numbers.append(number)
            for wakeup in wakeups { wakeup(.retry) }
        }
        sweep(seeingAll: true) { true }
        var total = 0
        for (shard, number) in zip(shards, numbers) {
            total += shard.part.withLock { $0.store.purges.endPurge(number) }
        }
        return total
    }
}
