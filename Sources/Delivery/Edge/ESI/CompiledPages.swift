import ESI
import HTTPCache

/// Compiled forms of cached pages and fragments, for one worker. An entry holds the response that it was made of, so
/// that it can tell whether the cache still serves the same.
struct CompiledPages {
    private struct Entry {
        let object: CachedObject
        let page: ESIPage
        var lastUse: UInt64
    }

    private var entries: [UInt64: Entry] = [:]
    private var heldBytes = 0
    private var uses: UInt64 = 0

    /// The compiled form of a stored response.
    mutating func find(_ key: UInt64, _ object: CachedObject) -> ESIPage? {
        guard let entry = entries[key], entry.object.sharesStorage(with: object) else { return nil }
        uses += 1
        entries[key]?.lastUse = uses
        return entry.page
    }

    /// Keeps a compiled form; the least recently used go when there is no room.
    mutating func keep(_ page: ESIPage, _ key: UInt64, _ object: CachedObject, limit: Int) {
        let size = page.memoryBytes
        guard size <= limit / 4 else { return }
        drop(key)
        while heldBytes + size > limit, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            drop(oldest.key)
        }
        uses += 1
        entries[key] = Entry(object: object, page: page, lastUse: uses)
        heldBytes += size
    }

    private mutating func drop(_ key: UInt64) {
        guard let entry = entries.removeValue(forKey: key) else { return }
        heldBytes -= entry.page.memoryBytes
    }
}
