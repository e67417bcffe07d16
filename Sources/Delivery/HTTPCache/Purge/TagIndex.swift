import Bytes

/// How many stored responses of a shard have each tag, and when each tag was purged last. An entry lives as long as a
/// response with the tag lies in the shard, so that the index is bounded by what is stored; its cost is part of theirs.
///
/// Counting is what each storing and each leaving of a response pays, so tags have a table of few bytes a tag, with
/// open addressing; the few that were purged have their purge beside it.
struct TagIndex {
    private struct Place {
        var tag: UInt64 = 0
        /// Responses that no purge of this tag has met.
        var live: UInt32 = 0
        /// Responses that lie in the shard, those among them that a purge made invisible. Nought in a free place.
        var held: UInt32 = 0
    }

    struct Purge {
        /// Older generations than this are gone.
        var goneBefore: UInt64 = 0
        /// Older generations than this are stale since ``staleSecond``.
        var staleBefore: UInt64 = 0
        var staleSecond: Int64 = 0
    }

    /// Of a tag in an object and in the index, with the table's empty places.
    static let costPerTag = 8 + 32

    /// As many as a power of two, at most three in four of them taken.
    private var places: [Place] = []
    private var purges: [UInt64: Purge] = [:]

    private(set) var count = 0

    /// Nil if the tag was not purged since responses have it.
    func purge(of tag: UInt64) -> Purge? { purges.isEmpty ? nil : purges[tag] }

    mutating func insert(_ tag: UInt64) {
        if 4 * (count + 1) > 3 * places.count { grow() }
        let place = place(of: tag)
        if places[place].held == 0 {
            places[place].tag = tag
            count += 1
        }
        places[place].live += 1
        places[place].held += 1
    }

    /// - Parameter generation: of the object that leaves.
    mutating func remove(_ tag: UInt64, generation: UInt64) {
        guard count > 0 else { return }
        let place = place(of: tag)
        guard places[place].held > 0 else { return }
        places[place].held -= 1
        if generation >= purge(of: tag)?.goneBefore ?? 0 { places[place].live -= 1 }
        guard places[place].held == 0 else { return }
        if !purges.isEmpty { purges[tag] = nil }
        count -= 1
        close(place)
    }

    /// Makes all responses of the tag that are older than `generation` invisible, or stale.
    /// - Returns: how many.
    mutating func purge(_ tag: UInt64, isSoft: Bool, generation: UInt64, now: Int64) -> Int {
        guard count > 0 else { return 0 }
        let place = place(of: tag)
        guard places[place].held > 0 else { return 0 }
        let met = Int(places[place].live)
        if isSoft {
            purges[tag, default: Purge()].staleBefore = generation
            purges[tag, default: Purge()].staleSecond = now
        } else {
            purges[tag, default: Purge()].goneBefore = generation
            places[place].live = 0
        }
        return met
    }

    // MARK: The table

    private func home(_ tag: UInt64) -> Int {
        Int(truncatingIfNeeded: ByteHash.mix(tag, seed: ByteHash.processSeed)) & (places.count - 1)
    }

    /// Where the tag is, or would be.
    private func place(of tag: UInt64) -> Int {
        var place = home(tag)
        while places[place].held > 0, places[place].tag != tag { place = (place + 1) & (places.count - 1) }
        return place
    }

    /// Moves up what a free place would hide.
    private mutating func close(_ gap: Int) {
        let mask = places.count - 1
        var gap = gap
        var place = (gap + 1) & mask
        while places[place].held > 0 {
            if (place - home(places[place].tag)) & mask >= (place - gap) & mask {
                places[gap] = places[place]
                gap = place
            }
            place = (place + 1) & mask
        }
        places[gap] = Place()
    }

    private mutating func grow() {
        let old = places
        places = [Place](repeating: Place(), count: max(16, old.count * 2))
        for entry in old where entry.held > 0 { places[place(of: entry.tag)] = entry }
    }
}
