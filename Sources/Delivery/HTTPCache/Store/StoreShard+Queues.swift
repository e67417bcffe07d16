/// The two queues of S3-FIFO.
extension StoreShard {
    /// Puts a slot at the head of a queue.
    mutating func enqueue(_ index: UInt32, isMain: Bool) {
        let position = Int(index)
        slots[position].isMain = isMain
        let head = isMain ? main.head : small.head
        slots[position].queuePrevious = StoreShard.none
        slots[position].queueNext = head
        if head != StoreShard.none { slots[Int(head)].queuePrevious = index }
        let cost = slots[position].cost
        if isMain { main.push(index, cost) } else { small.push(index, cost) }
    }

    mutating func dequeue(_ index: UInt32) {
        let slot = slots[Int(index)]
        if slot.queuePrevious != StoreShard.none { slots[Int(slot.queuePrevious)].queueNext = slot.queueNext }
        if slot.queueNext != StoreShard.none { slots[Int(slot.queueNext)].queuePrevious = slot.queuePrevious }
        if slot.isMain { main.drop(index, slot) } else { small.drop(index, slot) }
    }

    /// Drops one object. Returns the bytes it cost; 0 if there is none.
    /// - Parameter leaving: takes the object, unless a purge has met it, and whether it was asked for again.
    mutating func evictOne(leaving: (CachedObject, Bool) -> Void = { _, _ in }) -> Int {
        while count > 0 {
            let fromSmall = small.count > 0 && (main.count == 0 || small.bytes * 10 > small.bytes + main.bytes)
            let index = fromSmall ? small.tail : main.tail
            let frequency = slots[Int(index)].frequency
            if fromSmall, frequency > 0 {
                dequeue(index)
                slots[Int(index)].frequency = 0
                enqueue(index, isMain: true)
                continue
            }
            if !fromSmall, frequency > 0 {
                dequeue(index)
                slots[Int(index)].frequency = frequency - 1
                enqueue(index, isMain: true)
                continue
            }
            guard var object = slots[Int(index)].object else { return 0 }
            let hash = object.keyHash
            switch purges.judge(object, seen: slots[Int(index)].generation) {
            case .gone: purges.tookOut()
            case .stale(let second):
                object.freshness.expire(at: second)
                leaving(object, !fromSmall)
            case .stays: leaving(object, !fromSmall)
            }
            if fromSmall { ghosts.insert(hash, capacity: count) }
            return remove(Int(index), hash: hash)
        }
        return 0
    }
}

extension StoreShard.Queue {
    mutating func push(_ index: UInt32, _ cost: Int) {
        head = index
        if tail == StoreShard.none { tail = index }
        bytes += cost
        count += 1
    }

    mutating func drop(_ index: UInt32, _ slot: StoreShard.Slot) {
        if head == index { head = slot.queueNext }
        if tail == index { tail = slot.queuePrevious }
        bytes -= slot.cost
        count -= 1
    }
}
