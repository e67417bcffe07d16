public import HTTPWire
import Synchronization

/// The shared cache of an edge: one for all event loops, used from any of them.
///
/// A request's way: ``lookup(key:request:now:wakeup:)`` decides; a ``CacheFetch`` takes what the origin answers; a
/// ``CacheFill`` takes the body while readers already stream it. Locks are per shard and held for well under a
/// microsecond; no callback is called under a lock.
public final class ResponseCache: Sendable {
    struct Part {
        var store = StoreShard()
        var collapser = Collapser()
        var formsUnderWay = FormsUnderWay()
        var vary: VaryRules

        init(vary: VaryRules) { self.vary = vary }
    }

    final class Shard: Sendable {
        let part: Mutex<Part>

        init(vary: VaryRules) { part = Mutex(Part(vary: vary)) }
    }

    static let shardBits = 5

    let shards: [Shard]
    private let settingsBox: Mutex<CacheSettingsBox>
    /// The settings that each hit needs, so that loops don't meet at a lock for them.
    let honorsRequestDirectives: Atomic<Bool>
    let servesStaleWhileRevalidate: Atomic<Bool>
    let storesSegments: Atomic<Bool>
    let storesParts: Atomic<Bool>
    let usedBytes = Atomic<Int>(0)
    private let nextVictim = Atomic<Int>(0)
    private let storedCount = Atomic<Int>(0)
    private let evictedCount = Atomic<Int>(0)
    private let invalidatedCount = Atomic<Int>(0)
    let purgedCount = Atomic<Int>(0)
    /// What responses said about queries.
    let searchRules = SearchRules()
    /// Something was stored under a URL with something more in its key.
    let hasRuledKeys: Atomic<Bool>
    /// What was emptied and not destroyed yet: that takes as long as there were objects.
    let emptied = Mutex<[StoreShard]>([])

    /// What leaves memory may go on there.
    let disk: DiskTier?

    /// - Parameter disk: a tier on disk, if there is one; its owner stops it.
    public init(settings: CacheSettings, disk: DiskTier? = nil) {
        self.disk = disk
        self.shards = (0..<(1 << ResponseCache.shardBits)).map { _ in Shard(vary: settings.vary) }
        self.settingsBox = Mutex(CacheSettingsBox(settings))
        self.honorsRequestDirectives = Atomic(settings.honorsRequestDirectives)
        self.servesStaleWhileRevalidate = Atomic(settings.servesStaleWhileRevalidate)
        self.storesSegments = Atomic(settings.segmentBytes > 0)
        self.storesParts = Atomic(settings.partialBytes > 0)
        // What lies on disk may have been.
        self.hasRuledKeys = Atomic(disk != nil)
    }

    public var settings: CacheSettings { box.settings }

    /// The same without a copy of them all.
    public var box: CacheSettingsBox { settingsBox.withLock { $0 } }

    /// Takes new settings; a smaller limit evicts at once.
    public func update(_ settings: CacheSettings) {
        settingsBox.withLock { $0 = CacheSettingsBox(settings) }
        honorsRequestDirectives.store(settings.honorsRequestDirectives, ordering: .relaxed)
        servesStaleWhileRevalidate.store(settings.servesStaleWhileRevalidate, ordering: .relaxed)
        storesSegments.store(settings.segmentBytes > 0, ordering: .relaxed)
        storesParts.store(settings.partialBytes > 0, ordering: .relaxed)
        for shard in shards { shard.part.withLock { $0.vary = settings.vary } }
        _ = makeRoom(limit: settings.memoryBytes)
    }

    @inline(__always)
    func shard(_ hash: UInt64) -> Shard { shards[Int(truncatingIfNeeded: hash >> 59)] }

    // MARK: - Memory

    /// Reserves memory, evicting as needed.
    /// - Returns: whether it was possible; if not, nothing is reserved.
    func reserve(_ count: Int, limit: Int) -> Bool {
        usedBytes.wrappingAdd(count, ordering: .relaxed)
        if makeRoom(limit: limit) { return true }
        usedBytes.wrappingSubtract(count, ordering: .relaxed)
        return false
    }

    func release(_ count: Int) { usedBytes.wrappingSubtract(count, ordering: .relaxed) }

    /// Evicts from the shards in turn until the limit is kept. False if there is nothing left to evict.
    private func makeRoom(limit: Int) -> Bool {
        var emptyInARow = 0
        while usedBytes.load(ordering: .relaxed) > limit {
            let turn = nextVictim.wrappingAdd(1, ordering: .relaxed).newValue
            var isOffered = false
            let freed = shards[turn & (shards.count - 1)].part.withLock { part in
                guard let disk else { return part.store.evictOne() }
                return part.store.evictOne { object, isHot in
                    if disk.offer(object, isHot: isHot) { isOffered = true }
                }
            }
            if isOffered { disk?.wake() }
            if freed > 0 {
                usedBytes.wrappingSubtract(freed, ordering: .relaxed)
                evictedCount.wrappingAdd(1, ordering: .relaxed)
                emptyInARow = 0
            } else {
                emptyInARow += 1
                if emptyInARow > shards.count { return false }
            }
        }
        return true
    }

    func countStored() { storedCount.wrappingAdd(1, ordering: .relaxed) }

    // MARK: - Invalidation

    /// Makes all stored responses of a key invalid, and what is being fetched for it.
    /// - Returns: how many stored responses went.
    @discardableResult
    public func invalidate(_ key: CacheKey) -> Int {
        let (freed, count, wakeups) = shard(key.hash).part.withLock { part -> (Int, Int, [CollapseWakeup]) in
            var freed = part.store.settle(hash: key.hash, key: key.bytes.span)
            var count = 0
            while let index = part.firstIndex(key) {
                freed += part.store.remove(index, hash: key.hash)
                count += 1
            }
            disk?.supersede(key, variance: nil)
            return (freed, count, part.collapser.forget(hash: key.hash, key: key.bytes))
        }
        release(freed)
        if count > 0 { removeForms(of: key) }
        invalidatedCount.wrappingAdd(count, ordering: .relaxed)
        for wakeup in wakeups { wakeup(.retry) }
        return count
    }

    /// What a response to an unsafe request invalidates (RFC 9111 §4.4): its URL and, of the same origin, those of
    /// Location and Content-Location. Does nothing for other requests and responses.
    public func invalidate(after request: RequestHead, key: CacheKey, response: ResponseHead) {
        guard CachePolicy.invalidates(request.method, status: response.status) else { return }
        invalidate(key)
        // What rules put in a URL's place is all that is known then.
        let url = key.bytes.first == 0x0A ? key : CacheKey(request, isHTTPS: key.isHTTPS)
        invalidate(url: url)
        for header in [KnownHeader.location, .contentLocation] {
            guard let value = response.block.value(of: header), let related = url.related(value) else { continue }
            invalidate(url: related)
        }
    }

    /// All keys of a URL.
    private func invalidate(url: CacheKey) {
        for key in keys(of: url) { invalidate(key) }
        if hasRuledKeys.load(ordering: .relaxed) {
            purgeFamily(CacheKey.family(ofURL: url.bytes), isSoft: false, now: 0)
        }
    }

    /// The URL's own key, and that under which its path's rule about queries has it.
    func keys(of url: CacheKey) -> [CacheKey] {
        var unified = url
        unify(&unified)
        return unified == url ? [url] : [url, unified]
    }

    /// Empties the cache. Returns how many responses went.
    @discardableResult
    public func invalidateAll() -> Int {
        let count = emptyAll()
        _ = takeEmptied()
        return count
    }

    /// Makes all responses invisible and leaves their destruction to ``sweep(while:)``.
    func emptyAll() -> Int {
        var total = 0
        var olds: [StoreShard] = []
        for shard in shards {
            let (old, wakeups) = shard.part.withLock { part -> ((bytes: Int, old: StoreShard), [CollapseWakeup]) in
                part.collapser.hitForMiss.removeAll()
                return (part.store.takeAll(), part.collapser.forgetAll())
            }
            release(old.bytes)
            let count = old.old.countedCount
            olds.append(old.old)
            total += count
            for wakeup in wakeups { wakeup(.retry) }
        }
        invalidatedCount.wrappingAdd(total, ordering: .relaxed)
        emptied.withLock { $0 += olds }
        return total
    }

    /// What was emptied and is still there; whoever takes it destroys it.
    func takeEmptied() -> [StoreShard] {
        emptied.withLock { list -> [StoreShard] in
            defer { list = [] }
            return list
        }
    }

    // MARK: - Figures

    public struct Counters: Sendable, Equatable {
        /// Stored responses now, and those in compressed forms beside them.
        public var objects = 0
        public var encodedObjects = 0
        /// Stored pieces of large bodies now.
        public var pieces = 0
        /// Memory now, fills under way included.
        public var bytes = 0
        /// Since the start.
        public var stored = 0
        public var evicted = 0
        public var invalidated = 0
        /// By ``ResponseCache/purge(_:isSoft:now:)``, since the start.
        public var purged = 0
        /// Tags of the stored responses; one counts in each shard that has it.
        public var tags = 0
        /// Paths whose rule about queries (`No-Vary-Search`) is known.
        public var searchRules = 0
        /// Of the tier on disk; nil where there is none.
        public var disk: DiskTier.Counters?
        /// Fetches under way, and requests that wait for them.
        public var fetches = 0
        public var waiters = 0
    }

    public var counters: Counters {
        var out = Counters()
        for shard in shards {
            shard.part.withLock { part in
                out.objects += part.store.countedCount
                out.encodedObjects += part.store.encodedCount
                out.pieces += part.store.pieceCount
                out.tags += part.store.purges.tags.count
                out.fetches += part.collapser.fetchCount
                out.waiters += part.collapser.waiterCount
            }
        }
        out.disk = disk?.counters
        out.bytes = usedBytes.load(ordering: .relaxed)
        out.stored = storedCount.load(ordering: .relaxed)
        out.evicted = evictedCount.load(ordering: .relaxed)
        out.invalidated = invalidatedCount.load(ordering: .relaxed)
        out.searchRules = searchRules.count
        out.purged = purgedCount.load(ordering: .relaxed)
        return out
    }
}

extension ResponseCache.Part {
    /// Any stored response of a key, or the one with a number.
    func firstIndex(_ key: CacheKey, serial: UInt32? = nil) -> Int? {
        var found: Int?
        store.forEach(hash: key.hash, key: key.bytes.span) { index, object in
            if serial ?? object.serial == object.serial { found = index }
            return found == nil
        }
        return found
    }

    /// The newest stored response that the request selects (RFC 9111 §4), and whether the key has any.
    mutating func find(_ key: CacheKey, _ request: HeaderBlock) -> Found {
        guard store.mayHave(hash: key.hash) else { return Found() }
        var found = scan(key, request)
        if found.mustSettle {
            let freed = store.settle(hash: key.hash, key: key.bytes.span)
            found = scan(key, request)
            found.freed = freed
        }
        if found.other != nil, found.match == nil, found.part == nil { findByLanguage(key, request, &found) }
        return found
    }

    /// The newest response in the one language that a client likes best. Whoever negotiates would give it that, for it
    /// is there.
    private func findByLanguage(_ key: CacheKey, _ request: HeaderBlock, _ found: inout Found) {
        guard vary.usesContentLanguage, vary.languages.isEmpty, let other = found.other,
            other.freshness.flags.contains(.hasLanguage), let language = AcceptLanguage.favourite(request)
        else { return }
        store.forEach(hash: key.hash, key: key.bytes.span) { index, object in
            if object.selects(request, vary, language: language) { found.choose(object, index) }
            return true
        }
    }

    private func scan(_ key: CacheKey, _ request: HeaderBlock) -> Found {
        var found = Found()
        let generation = store.purges.generation
        store.forEach(hash: key.hash, key: key.bytes.span) { index, object in
            if store.slots[index].generation != generation {
                found.mustSettle = true
                return false
            }
            if object.selects(request, vary) {
                found.choose(object, index)
            } else {
                found.other = object
            }
            return true
        }
        return found
    }

    struct Found {
        /// What the request selects, and its slot.
        var match: CachedObject?
        var index = -1
        /// A part of what it selects, and its slot.
        var part: CachedObject?
        var partIndex = -1
        /// Another variant of the key.
        var other: CachedObject?
        /// There were purges since these responses were last looked at.
        var mustSettle = false
        /// Bytes of what those purges met, to be released.
        var freed = 0

        /// Takes it if it is newer than what is there.
        mutating func choose(_ object: CachedObject, _ slot: Int) {
            if object.isPartial {
                guard part.map({ $0.freshness.responseTime < object.freshness.responseTime }) ?? true else { return }
                (part, partIndex) = (object, slot)
            } else if match.map({ $0.freshness.responseTime < object.freshness.responseTime }) ?? true {
                match = object
                index = slot
            }
        }
    }
}
