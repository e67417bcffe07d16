import Runtime
import Synchronization

/// A sweep takes out what purges made invisible while loops look responses up. Nobody should notice it:
///
/// - It takes a lock only when nobody else has it, for a look at some slots or to take out one response, which is well
///   under a microsecond; who wants the lock meanwhile spins for less than it would take to fall asleep.
/// - What it will need is brought from memory before it takes the lock, and memory is freed after it has let it go.
/// - Its owner decides how much of a core it gets.
extension ResponseCache {
    /// Slots that are looked at under one hold of a lock.
    private static let sweepSlots = 32
    /// How often it yields to whoever has the lock before it queues.
    private static let sweepTries = 32

    /// Gives back the memory of what purges made invisible, a little at a time between the look-ups of others. Blocks
    /// for a second or two for a million responses, and for as long as it is told to rest.
    /// - Parameter goesOn: asked every few microseconds, with no lock held, so that it may sleep; `false` leaves the
    ///   rest to another sweep, to look-ups and to eviction.
    public func sweep(while goesOn: () -> Bool) { sweep(seeingAll: false, while: goesOn) }

    /// - Parameter seeingAll: also shards in which nothing is known to be invisible; for purges that count as they go.
    func sweep(seeingAll: Bool, while goesOn: () -> Bool) {
        guard destroyEmptied(while: goesOn) else { return }
        for shard in shards where !sweep(shard, seeingAll: seeingAll, while: goesOn) { return }
    }

    /// False if it was told to stop.
    private func sweep(_ shard: Shard, seeingAll: Bool, while goesOn: () -> Bool) -> Bool {
        var overdue = StoreShard.Overdue()
        overdue.seesAll = seeingAll
        while !overdue.isComplete {
            shard.whenFree(ResponseCache.sweepTries) { $0.store.findOverdue(ResponseCache.sweepSlots, &overdue) }
            for (index, object) in overdue.found {
                guard goesOn() else { return false }
                takeOut(object, index, shard)
            }
            // Whoever holds an object last destroys it: that is here, where no lock is held.
            overdue.found.removeAll(keepingCapacity: true)
            guard goesOn() else { return false }
        }
        return true
    }

    private func takeOut(_ object: CachedObject, _ index: Int, _ shard: Shard) {
        // Reads the key, beside which the tags lie.
        let hash = object.keyHash
        var orphaned: [CachedObject] = []
        let freed = shard.whenFree(ResponseCache.sweepTries) { part -> Int in
            let freed = part.store.settle(object, at: index, hash: hash)
            if !part.store.orphaned.isEmpty { swap(&orphaned, &part.store.orphaned) }
            return freed
        }
        if freed > 0 { release(freed) }
        for original in orphaned { removeForms(of: CacheKey(stored: Array(original.keyBytes)), made: original) }
    }

    /// Destroys what was emptied at once, some at a time. False if it was told to stop; then the rest goes in one go.
    private func destroyEmptied(while goesOn: () -> Bool) -> Bool {
        var olds = takeEmptied()
        for shard in olds.indices {
            for index in olds[shard].slots.indices {
                olds[shard].slots[index].object = nil
                if index % ResponseCache.sweepSlots == 0, !goesOn() { return false }
            }
        }
        return true
    }
}

extension ResponseCache.Shard {
    /// Takes the lock when nobody else has it, so that it is never the reason why somebody waits in a queue.
    /// - Parameter tries: after so many it queues like everybody.
    func whenFree<Result>(_ tries: Int, _ body: (inout ResponseCache.Part) -> Result) -> Result {
        for _ in 0..<tries {
            if let result = part.withLockIfAvailable({ body(&$0) }) { return result }
            Thread.yield()
        }
        return part.withLock { body(&$0) }
    }
}
