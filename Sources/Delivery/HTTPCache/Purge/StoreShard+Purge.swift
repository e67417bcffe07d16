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

    /// What a sweep found and where it is.
    struct Overdue {
        /// Also where nothing is known to be invisible.
        var seesAll = false
        /// Responses with their slots, until they are dealt with.
        var found: [(index: Int, object: CachedObject)] = []
        fileprivate(set) var isComplete = false
        fileprivate var next = 0
        /// The purges when the shard's first slot was looked at.
        fileprivate var generation: UInt64 = 0
    }

    /// Looks at the next slots for what was not held against the latest purges, or is a piece of what is no longer
    /// stored.
    mutating func findOverdue(_ count: Int, _ overdue: inout Overdue) {
        if overdue.next == 0 { overdue.generation = purges.generation }
        guard overdue.seesAll || purges.invisibleCount > 0 || pieceCount > 0, overdue.next < slots.count else {
            overdue.isComplete = true
            if overdue.next >= slots.count { purges.swept(since: overdue.generation) }
            return
        }
        let end = min(slots.count, overdue.next + count)
        // A span lends what an array would copy.
        let slots = self.slots.span
        for index in overdue.next..<end {
            if slots[index].generation == purges.generation, pieceCount == 0 { continue }
            guard let object = slots[index].object else { continue }
            if slots[index].generation != purges.generation || object.body?.isOrphan == true {
                overdue.found.append((index, object))
            }
        }
        overdue.next = end
    }

    /// Holds one against the purges, if it is still where it was found. Returns the bytes that are free now.
    mutating func settle(_ object: CachedObject, at index: Int, hash: UInt64) -> Int {
        guard index < slots.count, slots[index].object?.isIdentical(to: object) == true else { return 0 }
        if object.body?.isOrphan == true { return remove(index, hash: hash) }
        return slots[index].generation == purges.generation ? 0 : settle(index, hash: hash)
    }

    private mutating func settle(_ index: Int, hash: UInt64) -> Int {
        guard let object = slots[index].object else { return 0 }
        switch purges.judge(object, seen: slots[index].generation) {
        case .gone:
            purges.tookOut()
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
