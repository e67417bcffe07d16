/// How many stored responses of a shard have each tag, and when each tag was purged last. An entry lives as long as a
/// response with the tag lies in the shard, so that the index is bounded by what is stored; its cost is part of theirs.
struct TagIndex {
    struct Entry {
        /// Responses that no purge of this tag has met.
        var live: UInt32 = 0
        /// Responses that lie in the shard, those among them that a purge made invisible.
        var held: UInt32 = 0
        /// Older generations than this are gone.
        var goneBefore: UInt64 = 0
        /// Older generations than this are stale since ``staleSecond``.
        var staleBefore: UInt64 = 0
        var staleSecond: Int64 = 0
    }

    /// Of a tag in an object and in the index, with the dictionary's empty places.
    static let costPerTag = 8 + 72

    private var entries: [UInt64: Entry] = [:]

    var count: Int { entries.count }

    subscript(tag: UInt64) -> Entry? { entries[tag] }

    mutating func insert(_ tag: UInt64) {
        var entry = entries[tag] ?? Entry()
        entry.live += 1
        entry.held += 1
        entries[tag] = entry
    }

    /// - Parameter generation: of the object that leaves.
    mutating func remove(_ tag: UInt64, generation: UInt64) {
        guard var entry = entries[tag] else { return }
        entry.held -= 1
        if generation >= entry.goneBefore { entry.live -= 1 }
        entries[tag] = entry.held == 0 ? nil : entry
    }

    /// Makes all responses of the tag that are older than `generation` invisible, or stale.
    /// - Returns: how many.
    mutating func purge(_ tag: UInt64, isSoft: Bool, generation: UInt64, now: Int64) -> Int {
        guard var entry = entries[tag] else { return 0 }
        let count = Int(entry.live)
        if isSoft {
            entry.staleBefore = generation
            entry.staleSecond = now
        } else {
            entry.goneBefore = generation
            entry.live = 0
        }
        entries[tag] = entry
        return count
    }
}
