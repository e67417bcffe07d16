/// Numbers distinct byte strings 0, 1, 2, … in the order of their first coming, so that what belongs to a key can
/// stand in arrays beside the table. The keys' bytes are copied into an arena; nothing is removed one by one.
public struct ByteTable: ~Copyable, @unchecked Sendable {
    private struct Entry {
        var offset: Int
        var count: UInt32
        var hash: UInt32
    }

    private struct Slot {
        var hash: UInt32
        /// The key's index + 1; 0 when the slot is free.
        var mark: UInt32
    }

    /// The most keys a table holds.
    public static let maximumCount = 1 << 30

    private var slots: UnsafeMutablePointer<Slot>
    private var mask: Int
    private var entries: UnsafeMutablePointer<Entry>
    private var limit: Int
    private var arena: ByteArena
    private let seed: UInt64
    public private(set) var count = 0

    /// - Parameter capacity: keys to make room for at first; more may come.
    public init(capacity: Int = 64) {
        self.seed = ByteHash.processSeed
        var slotCount = 128
        while slotCount < capacity * 2 { slotCount *= 2 }
        self.slots = .allocate(capacity: slotCount)
        slots.initialize(repeating: Slot(hash: 0, mark: 0), count: slotCount)
        self.mask = slotCount - 1
        self.limit = slotCount / 2
        self.entries = .allocate(capacity: limit)
        self.arena = ByteArena()
    }

    deinit {
        slots.deallocate()
        entries.deallocate()
    }

    /// Bytes of memory held.
    public var memoryBytes: Int {
        (mask + 1) * MemoryLayout<Slot>.stride + limit * MemoryLayout<Entry>.stride + arena.memoryBytes
    }

    /// The key's index; a new key gets the index that `count` was before.
    public mutating func insert(_ key: Span<UInt8>) -> Int {
        let hash = UInt32(truncatingIfNeeded: ByteHash.hash(key, seed: seed) >> 32)
        var position = Int(hash) & mask
        while true {
            let slot = slots[position]
            if slot.mark == 0 { return add(key, hash: hash, at: position) }
            if slot.hash == hash, isKey(Int(slot.mark) &- 1, key) { return Int(slot.mark) &- 1 }
            position = (position &+ 1) & mask
        }
    }

    public func find(_ key: Span<UInt8>) -> Int? {
        let hash = UInt32(truncatingIfNeeded: ByteHash.hash(key, seed: seed) >> 32)
        var position = Int(hash) & mask
        while true {
            let slot = slots[position]
            if slot.mark == 0 { return nil }
            if slot.hash == hash, isKey(Int(slot.mark) &- 1, key) { return Int(slot.mark) &- 1 }
            position = (position &+ 1) & mask
        }
    }

    @_lifetime(borrow self)
    public func key(_ index: Int) -> Span<UInt8> {
        precondition(index >= 0 && index < count, "no key of that index")
        return arena.span(offset: entries[index].offset, count: Int(entries[index].count))
    }

    /// Keeps the memory.
    public mutating func removeAll() {
        if count == 0 { return }
        slots.update(repeating: Slot(hash: 0, mark: 0), count: mask + 1)
        arena.removeAll()
        count = 0
    }

    private func isKey(_ index: Int, _ key: Span<UInt8>) -> Bool {
        let entry = entries[index]
        return arena.span(offset: entry.offset, count: Int(entry.count)).isEqual(to: key)
    }

    private mutating func add(_ key: Span<UInt8>, hash: UInt32, at position: Int) -> Int {
        precondition(key.count <= Int(UInt32.max), "a key of more than 4 GiB")
        let index = count
        var position = position
        if index == limit {
            grow(to: (mask + 1) * 2)
            position = Int(hash) & mask
            while slots[position].mark != 0 { position = (position &+ 1) & mask }
        }
        slots[position] = Slot(hash: hash, mark: UInt32(index + 1))
        entries[index] = Entry(offset: arena.append(key), count: UInt32(key.count), hash: hash)
        count = index + 1
        return index
    }

    /// Makes room for so many keys in all.
    public mutating func reserve(_ capacity: Int) {
        var slotCount = mask + 1
        while slotCount < capacity * 2, slotCount / 2 < Self.maximumCount { slotCount *= 2 }
        if slotCount > mask + 1 { grow(to: slotCount) }
    }

    private mutating func grow(to slotCount: Int) {
        precondition(count < Self.maximumCount, "a table of more than 2^30 keys")
        slots.deallocate()
        slots = .allocate(capacity: slotCount)
        slots.initialize(repeating: Slot(hash: 0, mark: 0), count: slotCount)
        mask = slotCount - 1
        limit = slotCount / 2
        let moved = UnsafeMutablePointer<Entry>.allocate(capacity: limit)
        moved.update(from: entries, count: count)
        entries.deallocate()
        entries = moved
        for index in 0..<count {
            var position = Int(entries[index].hash) & mask
            while slots[position].mark != 0 { position = (position &+ 1) & mask }
            slots[position] = Slot(hash: entries[index].hash, mark: UInt32(index + 1))
        }
    }
}
