import HTTPWire
import Synchronization

/// Between memory and disk.
extension ResponseCache {
    /// Begins to read a key's objects from disk, or joins who does.
    /// - Returns: the ticket of the one who waits; nil if there is nothing to wait for.
    func load(_ key: CacheKey, wakeup: () -> CollapseWakeup) -> UInt64? {
        guard let disk else { return nil }
        let mayHave = disk.mayHave(key)
        let (ticket, number) = shard(key.hash).part.withLock { part -> (UInt64?, UInt64?) in
            if let ticket = part.collapser.joinLoad(hash: key.hash, key: key.bytes, wakeup: wakeup) {
                return (ticket, nil)
            }
            guard mayHave, !part.collapser.isFetching(hash: key.hash, key: key.bytes) else { return (nil, nil) }
            let number = part.collapser.startLoad(
                hash: key.hash, key: key.bytes, generation: part.store.purges.generation)
            return (part.collapser.joinLoad(hash: key.hash, key: key.bytes, wakeup: wakeup), number)
        }
        guard let number else { return ticket }
        if disk.load(key, completion: { [self] in loaded($0, key, number) }) { return ticket }
        if let ticket { leave(key: key, ticket: ticket) }
        endLoad(key, number)
        return nil
    }

    /// Puts what was read in memory, where nothing newer is, and no purge has come in between.
    private func loaded(_ objects: [CachedObject], _ key: CacheKey, _ number: UInt64) {
        let limit = settings.memoryBytes
        for object in objects {
            let cost = object.cost
            guard reserve(cost, limit: limit) else { continue }
            let isStored = shard(key.hash).part.withLock { part -> Bool in
                guard part.mayKeep(object, hash: key.hash, number: number), !part.has(object, key: key) else {
                    return false
                }
                part.store.insert(object, hash: key.hash, cost: cost)
                return true
            }
            if !isStored { release(cost) }
        }
        endLoad(key, number)
    }

    private func endLoad(_ key: CacheKey, _ number: UInt64) {
        let wakeups = shard(key.hash).part.withLock { $0.collapser.end(hash: key.hash, number: number) }
        for wakeup in wakeups ?? [] { wakeup(.retry) }
    }

    /// Writes to disk what was asked for more than once and is not there yet, for the next start. Blocks; the tier must
    /// still run.
    public func spill() {
        guard let disk, !disk.counters.isPaused else { return }
        for shard in shards {
            let count = shard.part.withLock { $0.store.slots.count }
            for index in 0..<count {
                for _ in 0..<2 {
                    let isRefused = shard.part.withLock { part -> Bool in
                        guard index < part.store.slots.count, let object = part.store.hotObject(index) else {
                            return false
                        }
                        return !disk.offer(object, isHot: true)
                    }
                    guard isRefused else { break }
                    disk.flush()
                }
            }
        }
        disk.flush()
    }
}

extension ResponseCache.Part {
    /// Whether there is a response for the same requests.
    fileprivate func has(_ object: CachedObject, key: CacheKey) -> Bool {
        var found = false
        store.forEach(hash: key.hash, key: key.bytes.span) { _, other in
            found = other.hasSameVariance(as: object)
            return !found
        }
        return found
    }
}

extension StoreShard {
    /// What lies in a slot, if no purge has met it, it was asked for again, and it is not on disk.
    fileprivate mutating func hotObject(_ index: Int) -> CachedObject? {
        guard let object = slots[index].object,
            object.freshness.flags.isDisjoint(with: [.isOnDisk, .isEncoded, .isPartial]),
            slots[index].isMain || slots[index].frequency > 0 || object.isSegmented || object.isPiece,
            purges.judge(object, seen: slots[index].generation) == .stays
        else { return nil }
        return object
    }
}
