import Bytes

/// The purges of one shard. A purge does not look for what it meets: it notes itself under a new generation, and a
/// response of an older generation is held against the notes before it is used again, once.
///
/// So a purge of a million responses costs what a purge of one does, and a hit pays one comparison of two numbers as
/// long as nothing was purged.
struct PurgeLedger {
    enum Verdict: Equatable {
        case stays
        /// Stale since this second.
        case stale(Int64)
        case gone
    }

    /// A purge by prefix under way; it is dropped once the sweep has held every response against it.
    private struct Prefix {
        let bytes: [UInt8]
        let isSoft: Bool
        let generation: UInt64
        let second: Int64
        var met = 0
    }

    /// Tags that were purged while fetches were under way whose tags nobody knew yet. Beyond this many, all those
    /// fetches count as met.
    static let maximumRecentTags = 4096

    /// Grows with each purge.
    private(set) var generation: UInt64 = 0
    private(set) var tags = TagIndex()
    private var prefixes: [Prefix] = []
    private var staleBefore: UInt64 = 0
    private var staleSecond: Int64 = 0
    private var recentTags: [UInt64: UInt64] = [:]
    /// Fetches begun in an older generation may have missed a purge.
    private var recentFloor: UInt64 = 0
    /// Responses that purges made invisible and that are still there; rather too many, for one may have two tags.
    private(set) var invisibleCount = 0

    // MARK: Purging

    /// - Parameter hasFetches: whether fetches are under way in this shard.
    mutating func purge(tag: UInt64, isSoft: Bool, hasFetches: Bool, now: Int64) -> Int {
        generation += 1
        remember(tag, hasFetches: hasFetches)
        let met = tags.purge(tag, isSoft: isSoft, generation: generation, now: now)
        if !isSoft { invisibleCount += met }
        return met
    }

    /// Makes everything stale.
    mutating func purgeAllSoftly(now: Int64) {
        generation += 1
        staleBefore = generation
        staleSecond = now
    }

    /// Begins a purge by prefix. Returns its number.
    mutating func beginPurge(prefix: [UInt8], isSoft: Bool, now: Int64) -> UInt64 {
        generation += 1
        prefixes.append(Prefix(bytes: prefix, isSoft: isSoft, generation: generation, second: now))
        return generation
    }

    /// Ends a purge by prefix after the sweep. Returns how many responses it met.
    mutating func endPurge(_ number: UInt64) -> Int {
        guard let index = prefixes.firstIndex(where: { $0.generation == number }) else { return 0 }
        return prefixes.remove(at: index).met
    }

    private mutating func remember(_ tag: UInt64, hasFetches: Bool) {
        guard hasFetches else { return recentTags = [:] }
        if recentTags.count >= PurgeLedger.maximumRecentTags {
            recentTags = [:]
            recentFloor = generation
        }
        recentTags[tag] = generation
    }

    // MARK: Judging

    /// Whether what a fetch that began in `began` brings may be kept.
    func allows(_ tags: [UInt64], since began: UInt64) -> Bool {
        guard began >= recentFloor else { return false }
        guard began < generation, !recentTags.isEmpty else { return true }
        return !tags.contains { (recentTags[$0] ?? 0) > began }
    }

    /// What the purges since `seen` make of an object. Counts it with those by prefix.
    mutating func judge(_ object: CachedObject, seen: UInt64) -> Verdict {
        var verdict = Verdict.stays
        if staleBefore > seen { verdict = .stale(staleSecond) }
        for index in 0..<object.tagCount {
            guard let purge = tags.purge(of: object.tag(index)) else { continue }
            if purge.goneBefore > seen { return .gone }
            if purge.staleBefore > seen { verdict = .stale(purge.staleSecond) }
        }
        for index in prefixes.indices where prefixes[index].generation > seen {
            let prefix = prefixes[index].bytes
            guard object.hasKey(prefix: prefix.span) else { continue }
            // A compressed form or a piece goes with its original, which is counted.
            if object.isCounted { prefixes[index].met += 1 }
            if !prefixes[index].isSoft { return .gone }
            verdict = .stale(prefixes[index].second)
        }
        return verdict
    }

    // MARK: Keeping count

    /// One that was invisible is gone.
    mutating func tookOut() { if invisibleCount > 0 { invisibleCount -= 1 } }

    /// All responses of the shard were held against the purges up to this generation.
    mutating func swept(since begun: UInt64) { if begun == generation { invisibleCount = 0 } }

    mutating func stored(_ object: CachedObject) {
        for index in 0..<object.tagCount { tags.insert(object.tag(index)) }
    }

    mutating func removed(_ object: CachedObject, generation: UInt64) {
        for index in 0..<object.tagCount { tags.remove(object.tag(index), generation: generation) }
    }

    /// Everything was thrown out at once.
    mutating func removedAll() {
        generation += 1
        tags = TagIndex()
        invisibleCount = 0
    }
}
