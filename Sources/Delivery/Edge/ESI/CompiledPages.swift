import ESI
import HTTPCache

/// Compiled forms of cached pages and fragments, for one worker, and pages as they were put together last. An entry says
/// what it was made of without keeping that: what the cache has let go of is gone.
struct CompiledPages {
    private struct Entry {
        let key: UInt64
        let source: CachedObject.Identity
        let page: ESIPage
        var ready: ReadyPage?
        /// Of both forms.
        var bytes: Int
        /// Slots of its neighbours by time of last use; -1 at the ends.
        var newer = -1
        var older = -1
    }

    private var slots: [Entry?] = []
    private var free: [Int] = []
    private var places: [UInt64: Int] = [:]
    private var newest = -1
    private var oldest = -1
    /// Memory of all forms.
    private(set) var heldBytes = 0
    var count: Int { places.count }

    /// The compiled form of a stored response.
    mutating func find(_ key: UInt64, _ object: CachedObject) -> ESIPage? {
        guard let slot = use(key, object) else { return nil }
        return slots[slot]?.page
    }

    /// The page that a stored response became last.
    mutating func findReady(_ key: UInt64, _ object: CachedObject) -> ReadyPage? {
        guard let slot = use(key, object) else { return nil }
        return slots[slot]?.ready
    }

    /// Keeps a compiled form; the least recently used go when there is no room.
    mutating func keep(_ page: ESIPage, _ key: UInt64, _ object: CachedObject, limit: Int) {
        drop(key)
        let bytes = page.memoryBytes
        guard makeRoom(bytes, limit: limit) else { return }
        let slot = free.popLast() ?? slots.count
        if slot == slots.count { slots.append(nil) }
        slots[slot] = Entry(key: key, source: object.identity, page: page, bytes: bytes)
        places[key] = slot
        heldBytes += bytes
        link(slot)
    }

    /// Keeps what became of a page whose compiled form is here.
    mutating func keep(ready: ReadyPage, _ key: UInt64, _ object: CachedObject, limit: Int) {
        forgetReady(key)
        // In use now, it is the last to go for the room that this takes.
        guard use(key, object) != nil, makeRoom(ready.memoryBytes, limit: limit), let slot = places[key] else { return }
        slots[slot]?.ready = ready
        slots[slot]?.bytes += ready.memoryBytes
        heldBytes += ready.memoryBytes
    }

    /// What a page became holds no longer.
    mutating func forgetReady(_ key: UInt64) {
        guard let slot = places[key], let ready = slots[slot]?.ready else { return }
        slots[slot]?.ready = nil
        slots[slot]?.bytes -= ready.memoryBytes
        heldBytes -= ready.memoryBytes
    }

    mutating func removeAll() { self = CompiledPages() }

    /// - Returns: whether something of this size may be kept.
    private mutating func makeRoom(_ bytes: Int, limit: Int) -> Bool {
        guard bytes <= limit / 4 else { return false }
        while heldBytes + bytes > limit, oldest >= 0, let entry = slots[oldest] { drop(entry.key) }
        return true
    }

    private mutating func drop(_ key: UInt64) {
        guard let slot = places.removeValue(forKey: key) else { return }
        heldBytes -= slots[slot]?.bytes ?? 0
        unlink(slot)
        slots[slot] = nil
        free.append(slot)
    }

    // MARK: Order of use

    /// The slot of a response's forms, which are the newest then.
    private mutating func use(_ key: UInt64, _ object: CachedObject) -> Int? {
        guard let slot = places[key], slots[slot]?.source == object.identity else { return nil }
        if slot != newest {
            unlink(slot)
            link(slot)
        }
        return slot
    }

    private mutating func link(_ slot: Int) {
        slots[slot]?.newer = -1
        slots[slot]?.older = newest
        if newest >= 0 { slots[newest]?.newer = slot } else { oldest = slot }
        newest = slot
    }

    private mutating func unlink(_ slot: Int) {
        guard let newer = slots[slot]?.newer, let older = slots[slot]?.older else { return }
        if newer >= 0 { slots[newer]?.older = older } else { newest = older }
        if older >= 0 { slots[older]?.newer = newer } else { oldest = newer }
    }
}
