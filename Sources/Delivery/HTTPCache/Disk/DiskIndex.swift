/// Where the objects on disk are: a hash table of 32 bytes for each. A value; its owner holds the lock.
struct DiskIndex {
    static let none = UInt32.max

    struct Slot {
        var hash: UInt64
        /// Number of the volume.
        var volume: UInt32
        /// In units of ``DiskRecord/alignment``.
        var offset: UInt32
        var length: UInt32
        var variance: UInt32
        var next: UInt32
        /// How often it was read since it was written, at most 3.
        var hits: UInt8
        /// It lies in memory too, or a newer one does: not to be read.
        var isResident: Bool
        var isUsed: Bool
    }

    private var slots: [Slot] = []
    private var buckets = [UInt32](repeating: DiskIndex.none, count: 64)
    private var free = DiskIndex.none
    private(set) var count = 0

    private func bucket(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash) & (buckets.count - 1) }

    /// The objects of a key.
    func find(_ hash: UInt64) -> [Slot] {
        var out: [Slot] = []
        var index = buckets[bucket(hash)]
        while index != DiskIndex.none {
            let slot = slots[Int(index)]
            if slot.hash == hash { out.append(slot) }
            index = slot.next
        }
        return out
    }

    /// Whether a key has an object that is not in memory.
    func hasAbsent(_ hash: UInt64) -> Bool {
        var index = buckets[bucket(hash)]
        while index != DiskIndex.none {
            let slot = slots[Int(index)]
            if slot.hash == hash, !slot.isResident { return true }
            index = slot.next
        }
        return false
    }

    func contains(_ hash: UInt64) -> Bool {
        var index = buckets[bucket(hash)]
        while index != DiskIndex.none {
            if slots[Int(index)].hash == hash { return true }
            index = slots[Int(index)].next
        }
        return false
    }

    /// Puts an object in the place of the one with the same key and variance.
    mutating func insert(_ slot: Slot) {
        remove(hash: slot.hash) { $0.variance == slot.variance }
        if count >= buckets.count { grow() }
        var slot = slot
        let place = bucket(slot.hash)
        slot.next = buckets[place]
        slot.isUsed = true
        if free != DiskIndex.none {
            buckets[place] = free
            free = slots[Int(free)].next
            slots[Int(buckets[place])] = slot
        } else {
            buckets[place] = UInt32(slots.count)
            slots.append(slot)
        }
        count += 1
    }

    /// - Returns: how many went.
    @discardableResult
    mutating func remove(hash: UInt64, where isMeant: (Slot) -> Bool) -> Int {
        let place = bucket(hash)
        var previous = DiskIndex.none
        var index = buckets[place]
        var removed = 0
        while index != DiskIndex.none {
            let slot = slots[Int(index)]
            if slot.hash == hash, isMeant(slot) {
                if previous == DiskIndex.none {
                    buckets[place] = slot.next
                } else {
                    slots[Int(previous)].next = slot.next
                }
                slots[Int(index)].isUsed = false
                slots[Int(index)].next = free
                free = index
                count -= 1
                removed += 1
            } else {
                previous = index
            }
            index = slot.next
        }
        return removed
    }

    mutating func update(hash: UInt64, _ change: (inout Slot) -> Void) {
        var index = buckets[bucket(hash)]
        while index != DiskIndex.none {
            if slots[Int(index)].hash == hash { change(&slots[Int(index)]) }
            index = slots[Int(index)].next
        }
    }

    mutating func removeAll() { self = DiskIndex() }

    private mutating func grow() {
        buckets = [UInt32](repeating: DiskIndex.none, count: buckets.count * 2)
        for index in slots.indices where slots[index].isUsed {
            let place = bucket(slots[index].hash)
            slots[index].next = buckets[place]
            buckets[place] = UInt32(index)
        }
    }
}
