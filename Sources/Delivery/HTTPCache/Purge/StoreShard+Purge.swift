extension StoreShard {
    /// Holds the responses of a key against the purges since they were last looked at. Returns the bytes that are free
    /// now.
    mutating func settle(hash: UInt64, key: Span<UInt8>) -> Int {
        var freed = 0
        while true {
            var next: Int?
            let current = purges.generation
            forEach(hash: hash, key: key) { index, _ in
                if slots[index].generation != current { next = index }
                return next == nil
            }
            guard let next else { return freed }
            freed += settle(next, hash: hash)
        }
    }

    /// The same for a run of slots, which may be empty. Returns the bytes that are free now.
    /// - Parameter gone: takes what left, for its destruction outside the lock.
    mutating func settle(slots range: Range<Int>, gone: inout [CachedObject]) -> Int {
        var freed = 0
        for index in range {
            guard let object = slots[index].object else { continue }
            let before = count
            if object.body?.isOrphan == true {
                freed += remove(index, hash: object.keyHash)
            } else if slots[index].generation != purges.generation {
                freed += settle(index, hash: object.keyHash)
            }
            if count < before { gone.append(object) }
        }
        return freed
    }

    private mutating func settle(_ index: Int, hash: UInt64) -> Int {
        guard let object = slots[index].object else { return 0 }
        switch purges.judge(object, seen: slots[index].generation) {
        case .gone:
            if object.freshness.flags.contains(.mayBeEncoded), orphaned.count < StoreShard.maximumOrphaned {
                orphaned.append(object)
            }
            return remove(index, hash: hash)
        case .stale(let second):
            slots[index].object?.freshness.expire(at: second)
            slots[index].generation = purges.generation
        case .stays: slots[index].generation = purges.generation
        }
        return 0
    }

    /// Makes the responses of a key stale. Returns how many.
    mutating func expire(hash: UInt64, key: Span<UInt8>, now: Int64) -> Int {
        var found: [Int] = []
        forEach(hash: hash, key: key) { index, _ in
            found.append(index)
            return true
        }
        for index in found { slots[index].object?.freshness.expire(at: now) }
        return found.count
    }
}
