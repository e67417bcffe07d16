import Runtime
import Synchronization

/// What waits to be written.
struct DiskQueue {
    enum Item {
        case object(CachedObject, sequence: UInt64)
        /// Objects of a key that were written before this; of one variance, or of all.
        case drop(hash: UInt64, variance: UInt32?, sequence: UInt64)
    }

    private(set) var items: [Item] = []
    private(set) var bytes = 0
    /// Hashes of the keys of objects that wait.
    private var keys: [UInt64: Int] = [:]

    mutating func put(_ object: CachedObject, hash: UInt64, sequence: UInt64) {
        items.append(.object(object, sequence: sequence))
        bytes += object.cost
        keys[hash, default: 0] += 1
    }

    mutating func drop(hash: UInt64, variance: UInt32?, sequence: UInt64) {
        items.append(.drop(hash: hash, variance: variance, sequence: sequence))
    }

    func holds(_ hash: UInt64) -> Bool { keys[hash] != nil }

    /// Takes everything; ``holds(_:)`` goes on saying yes for it until ``written()``.
    mutating func takeAll() -> [Item] {
        defer { items = [] }
        return items
    }

    /// What was taken is in the index.
    mutating func written() {
        keys = [:]
        bytes = 0
        for item in items {
            guard case .object(let object, _) = item else { continue }
            bytes += object.cost
        }
    }
}

/// Between those who ask for something and the writer.
struct DiskSignal {
    /// Rounds that were asked for, and done.
    var asked = 0
    var done = 0
    var isStopping = false
    var hasStopped = false
}

extension DiskTier {
    /// Takes an object that leaves memory, if it is worth it. Called under the lock of the object's shard, so that no purge
    /// comes between its judgement and its number.
    /// - Parameter isHot: it was asked for again while it was in memory.
    /// - Returns: whether to call ``wake()`` once the lock is free.
    func offer(_ object: CachedObject, isHot: Bool) -> Bool {
        let hash = self.hash.hash(object.keyBytes.span)
        if object.freshness.flags.contains(.isOnDisk) {
            let variance = object.diskVariance(self.hash)
            state.withLock { $0.index.update(hash: hash) { if $0.variance == variance { $0.isResident = false } } }
            return false
        }
        guard object.body?.isOrphan != true, object.freshness.flags.isDisjoint(with: [.isEncoded, .isPartial]),
            object.freshness.hasValidator || object.freshness.lifetime > 0
        else {
            return false
        }
        let (isKnown, pausedUntil) = state.withLock { ($0.index.contains(hash), $0.pausedUntil) }
        // Once the pause is over the writer tries with what comes.
        let isPaused = pausedUntil > 0 && clock.monotonicNanoseconds() < pausedUntil
        guard isHot || isKnown || object.isSegmented || object.cost >= settings.largeBytes else { return false }
        let isTaken = queue.withLock { queue -> Bool in
            guard !isPaused, queue.bytes + object.cost <= settings.queueBytes else { return false }
            queue.put(object, hash: hash, sequence: takeSequence())
            return true
        }
        if !isTaken { state.withLock { $0.counters.dropped += 1 } }
        return isTaken
    }

    func wake() { signal.update { $0.asked += 1 } }

    /// Another response has taken the place of what may lie on disk. Called under the lock of the key's shard.
    /// - Parameter variance: of which; nil for all of the key.
    func supersede(_ key: CacheKey, variance object: CachedObject?) {
        let hash = self.hash.hash(key.bytes.span)
        let variance = object?.diskVariance(self.hash)
        let removed = state.withLock { state in
            state.index.remove(hash: hash) { variance == nil || $0.variance == variance }
        }
        queue.withLock { queue in
            guard removed > 0 || queue.holds(hash) else { return }
            queue.drop(hash: hash, variance: variance, sequence: takeSequence())
        }
    }
}
