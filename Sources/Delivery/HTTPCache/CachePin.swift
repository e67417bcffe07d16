public import HTTPWire
import Synchronization

/// A stored response and where it lay when it was found: whether it is still what answers its URL is told without a key
/// and a look-up. It keeps nothing in memory.
public struct CachePin: Sendable {
    let hash: UInt64
    let slot: Int
    let identity: CachedObject.Identity
}

extension ResponseCache {
    /// Remembers where a response that ``answer(key:request:now:)`` found lies.
    /// - Parameter absent: fields that none of the requests has that the response shall answer. None of them may have
    ///   `Authorization`, `Cache-Control` or `Pragma` either.
    /// - Returns: nil where the answer is not the same for all such requests.
    public func pin(_ object: CachedObject, key: CacheKey, absent: HeaderSet) -> CachePin? {
        guard !object.freshness.flags.contains(.needsValidation), !object.isPartial, object.suitsAll(without: absent)
        else { return nil }
        return shard(key.hash).part.withLock { part in
            guard let slot = part.index(of: object, key: key), part.store.isAlone(slot, hash: key.hash) else {
                return nil
            }
            return CachePin(hash: key.hash, slot: slot, identity: object.identity)
        }
    }

    /// Whether each response is still fresh and what a look-up would find. It counts as one for all of them.
    /// - Parameter now: seconds since 1970-01-01T00:00:00Z.
    public func hold(_ pins: [CachePin], now: Int64) -> Bool {
        for index in pins.indices {
            guard pins[index].identity.freshness.isFresh(now: now) else { return false }
            let holds = shard(pins[index].hash).part.withLock { part in
                guard part.store.holds(pins[index]) else { return false }
                part.store.touch(pins[index].slot)
                return true
            }
            guard holds else { return false }
        }
        return true
    }
}

extension StoreShard {
    /// Whether a slot's response is the only one that its key can have, judged by the hash.
    func isAlone(_ slot: Int, hash: UInt64) -> Bool {
        let tag = StoreShard.tag(hash)
        var isThere = false
        var index = buckets[bucket(hash)]
        while index != StoreShard.none {
            let position = Int(index)
            if slots[position].tag == tag {
                guard position == slot else { return false }
                isThere = true
            }
            index = slots[position].bucketNext
        }
        return isThere
    }

    /// Whether a pinned response is where it was, alone, and met by no purge since it was last looked at.
    func holds(_ pin: CachePin) -> Bool {
        isAlone(pin.slot, hash: pin.hash) && slots[pin.slot].generation == purges.generation
            && slots[pin.slot].object?.identity == pin.identity
    }
}
