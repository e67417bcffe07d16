/// The open streams of a connection in slots that are used again, and an index of their numbers: open addressing, where
/// numbers that follow each other, as those of a client do, lie side by side.
struct StreamTable: Sendable {
    private(set) var count = 0
    var slots: [StreamState] = []
    private var firstFree: Int32 = -1
    /// Slot + 1 by number; 0 where there is none.
    private var index: [UInt16] = []
    /// How far from its place a number may be.
    private var reach = 0

    /// - Returns: nil for a stream that is not open.
    func find(_ number: Int32) -> Int? {
        guard count > 0 else { return nil }
        let mask = index.count - 1
        var place = Int(number >> 1) & mask
        for _ in 0...reach {
            let slot = Int(index[place]) - 1
            if slot >= 0, slots[slot].number == number { return slot }
            place = (place + 1) & mask
        }
        return nil
    }

    /// - Precondition: it is not there, and there are fewer than 32,768.
    mutating func open(_ number: Int32) -> Int {
        let slot: Int
        if firstFree >= 0 {
            slot = Int(firstFree)
            firstFree = slots[slot].next
            slots[slot] = StreamState()
        } else {
            slot = slots.count
            slots.append(StreamState())
            if 2 * slots.count > index.count { growIndex() }
        }
        slots[slot].number = number
        count += 1
        enter(slot, number)
        return slot
    }

    mutating func close(_ slot: Int) {
        let mask = index.count - 1
        var place = Int(slots[slot].number >> 1) & mask
        while Int(index[place]) != slot + 1 { place = (place + 1) & mask }
        index[place] = 0
        slots[slot].number = 0
        slots[slot].next = firstFree
        firstFree = Int32(slot)
        count -= 1
        if count == 0 { reach = 0 }
    }

    private mutating func enter(_ slot: Int, _ number: Int32) {
        let mask = index.count - 1
        var place = Int(number >> 1) & mask
        var distance = 0
        while index[place] != 0 {
            place = (place + 1) & mask
            distance += 1
        }
        index[place] = UInt16(slot + 1)
        if distance > reach { reach = distance }
    }

    private mutating func growIndex() {
        index = [UInt16](repeating: 0, count: max(16, 2 * index.count))
        reach = 0
        for slot in slots.indices where slots[slot].number != 0 { enter(slot, slots[slot].number) }
    }
}
