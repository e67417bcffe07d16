import CPlatform

/// Numbers distinct 64-bit keys 0, 1, 2, … in the order of their first coming, so that what belongs to a key can
/// stand in arrays beside the table. Open addressing on raw memory; nothing is removed one by one.
public struct IntegerTable: ~Copyable, @unchecked Sendable {
    private struct Slot {
        var key: UInt64
        /// The key's index + 1; 0 when the slot is free.
        var mark: UInt64
    }

    /// The most keys a table holds.
    public static let maximumCount = 1 << 31

    private var slots: UnsafeMutablePointer<Slot>
    private var mask: Int
    private var keys: UnsafeMutablePointer<UInt64>
    private var limit: Int
    private let seed: UInt64
    public private(set) var count = 0

    /// - Parameter capacity: keys to make room for at first; more may come.
    public init(capacity: Int = 64) {
        self.seed = ByteHash.processSeed
        var slotCount = 128
        while slotCount < capacity * 2 { slotCount *= 2 }
        self.slots = .allocate(capacity: slotCount)
        slots.initialize(repeating: Slot(key: 0, mark: 0), count: slotCount)
        self.mask = slotCount - 1
        self.limit = slotCount / 2
        self.keys = .allocate(capacity: limit)
    }

    deinit {
        slots.deallocate()
        keys.deallocate()
    }

    /// Bytes of memory held.
    public var memoryBytes: Int { (mask + 1) * MemoryLayout<Slot>.stride + limit * 8 }

    /// The key's index; a new key gets the index that `count` was before.
    public mutating func insert(_ key: UInt64) -> Int {
        var position = home(key)
        while true {
            let slot = slots[position]
            if slot.key == key, slot.mark != 0 { return Int(truncatingIfNeeded: slot.mark) &- 1 }
            if slot.mark == 0 { return add(key, at: position) }
            position = (position &+ 1) & mask
        }
    }

    /// It is larger than the fast caches: who looks many keys up asks for them first.
    public var isLarge: Bool { mask >= 1 << 14 }

    /// Has memory bring what `insert` or `find` will look at, without waiting for it.
    public func prefetch(_ key: UInt64) { squilla_prefetch(slots + home(key)) }

    public func find(_ key: UInt64) -> Int? {
        var position = home(key)
        while true {
            let slot = slots[position]
            if slot.mark == 0 { return nil }
            if slot.key == key { return Int(truncatingIfNeeded: slot.mark) &- 1 }
            position = (position &+ 1) & mask
        }
    }

    public func key(_ index: Int) -> UInt64 {
        precondition(index >= 0 && index < count, "no key of that index")
        return keys[index]
    }

    /// Keeps the memory.
    public mutating func removeAll() {
        if count == 0 { return }
        slots.update(repeating: Slot(key: 0, mark: 0), count: mask + 1)
        count = 0
    }

    private func home(_ key: UInt64) -> Int { Int(truncatingIfNeeded: ByteHash.mix(key, seed: seed)) & mask }

    private mutating func add(_ key: UInt64, at position: Int) -> Int {
        let index = count
        var position = position
        if index == limit {
            grow(to: (mask + 1) * 2)
            position = home(key)
            while slots[position].mark != 0 { position = (position &+ 1) & mask }
        }
        slots[position] = Slot(key: key, mark: UInt64(index &+ 1))
        keys[index] = key
        count = index &+ 1
        return index
    }

    /// Makes room for so many keys in all.
    public mutating func reserve(_ capacity: Int) {
        var slotCount = mask + 1
        while slotCount < capacity * 2, slotCount / 2 < Self.maximumCount { slotCount *= 2 }
        if slotCount > mask + 1 { grow(to: slotCount) }
    }

    private mutating func grow(to slotCount: Int) {
        precondition(count < Self.maximumCount, "a table of more than 2^31 keys")
        slots.deallocate()
        slots = .allocate(capacity: slotCount)
        slots.initialize(repeating: Slot(key: 0, mark: 0), count: slotCount)
        mask = slotCount - 1
        limit = slotCount / 2
        let moved = UnsafeMutablePointer<UInt64>.allocate(capacity: limit)
        moved.update(from: keys, count: count)
        keys.deallocate()
        keys = moved
        for index in 0..<count {
            var position = home(keys[index])
            while slots[position].mark != 0 { position = (position &+ 1) & mask }
            slots[position] = Slot(key: keys[index], mark: UInt64(index &+ 1))
        }
    }
}
