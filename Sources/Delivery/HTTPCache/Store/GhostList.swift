/// Hashes of objects that left the small queue unasked for, about as many as there are objects. A direct-mapped table
/// with the moment of entry: an entry is forgotten when it is old or its place is taken.
struct GhostList {
    private struct Entry {
        var tag: UInt32
        var time: UInt32
    }

    private var entries: [Entry] = []
    private var time: UInt32 = 0
    private var capacity: UInt32 = 0

    /// - Parameter capacity: how many entries are remembered at most.
    mutating func insert(_ hash: UInt64, capacity: Int) {
        if entries.count < capacity { grow(capacity) }
        guard !entries.isEmpty else { return }
        self.capacity = UInt32(clamping: capacity)
        time &+= 1
        entries[place(hash)] = Entry(tag: UInt32(truncatingIfNeeded: hash >> 32) | 1, time: time)
    }

    /// Whether the hash was there; it is not any more.
    mutating func remove(_ hash: UInt64) -> Bool {
        guard !entries.isEmpty else { return false }
        let place = place(hash)
        let entry = entries[place]
        guard entry.tag == UInt32(truncatingIfNeeded: hash >> 32) | 1, time &- entry.time <= capacity else {
            return false
        }
        entries[place].tag = 0
        return true
    }

    /// Forgets everything when it grows, which happens a few times in a store's life.
    private mutating func grow(_ capacity: Int) {
        var size = max(64, entries.count)
        while size < capacity { size *= 2 }
        entries = [Entry](repeating: Entry(tag: 0, time: 0), count: size)
    }

    private func place(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash >> 8) & (entries.count - 1) }
}
