import Bytes

/// One part of the store: a hash table of objects and the queues that decide which one goes. A value; its owner holds
/// the lock.
///
/// Eviction is S3-FIFO (Yang et al., SOSP 2023): new objects enter a small queue of a tenth of the bytes; those asked
/// for again move to the main queue, the others leave early, so that a scan passes through the small queue and leaves
/// the main one alone. A ghost list of hashes brings back what left too early. A hit only raises a two-bit counter.
struct StoreShard {
    static let none = UInt32.max

    /// 88 bytes: there is one for each object.
    struct Slot {
        var object: CachedObject?
        /// High bits of the key's hash.
        var tag: UInt32 = 0
        /// Of the purges that it was held against.
        var generation: UInt64 = 0
        var bucketNext = StoreShard.none
        var queueNext = StoreShard.none
        var queuePrevious = StoreShard.none
        /// Cost, frequency and queue.
        private var word: UInt32 = 0

        init(object: CachedObject? = nil) { self.object = object }

        /// Bytes, a multiple of 16.
        var cost: Int {
            get { Int(word >> 3) * 16 }
            set { word = word & 7 | UInt32(min(newValue / 16, Slot.maximumCost)) << 3 }
        }

        /// How often it was asked for since it was last looked at, 0 to 3.
        var frequency: UInt8 {
            get { UInt8(truncatingIfNeeded: word >> 1 & 3) }
            set { word = word & ~6 | UInt32(newValue) << 1 }
        }

        var isMain: Bool {
            get { word & 1 != 0 }
            set { word = word & ~1 | (newValue ? 1 : 0) }
        }

        private static let maximumCost = (1 << 29) - 1
    }

    struct Queue {
        var head = StoreShard.none
        var tail = StoreShard.none
        var bytes = 0
        var count = 0
    }

    var slots: [Slot] = []
    var freeSlot = StoreShard.none
    /// First slot of each bucket's chain; a power of two.
    var buckets: [UInt32] = []
    var count = 0
    /// Compressed forms among them.
    var encodedCount = 0
    /// Those of them that are pieces of large bodies.
    var pieceCount = 0
    /// Without either.
    var countedCount: Int { count - encodedCount - pieceCount }
    var small = Queue()
    var main = Queue()
    var ghosts = GhostList()
    var purges = PurgeLedger()
    /// What purges met and may have compressed forms, in other shards; a sweep takes them out.
    var orphaned: [CachedObject] = []
    /// Beyond it forms stay until they are evicted.
    static let maximumOrphaned = 1024

    init() {
        self.buckets = [UInt32](repeating: StoreShard.none, count: 16)
    }

    @inline(__always)
    func bucket(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash) & (buckets.count - 1) }

    @inline(__always)
    static func tag(_ hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash >> 32) }

    /// Puts an object in. The caller has made room.
    /// - Parameter cost: bytes, a multiple of 16.
    mutating func insert(_ object: CachedObject, hash: UInt64, cost: Int) {
        if count >= buckets.count { growBuckets() }
        let index = takeSlot()
        let isMain = ghosts.remove(hash)
        let place = bucket(hash)
        var slot = Slot(object: object)
        slot.tag = StoreShard.tag(hash)
        slot.generation = purges.generation
        slot.bucketNext = buckets[place]
        slot.cost = cost
        slots[Int(index)] = slot
        purges.stored(object)
        if object.freshness.flags.contains(.isEncoded) { encodedCount += 1 }
        buckets[place] = index
        count += 1
        if object.isPiece { pieceCount += 1 }
        enqueue(index, isMain: isMain)
    }

    /// Calls `body` with each slot whose object has this key, until it returns false.
    func forEach(hash: UInt64, key: Span<UInt8>, _ body: (Int, CachedObject) -> Bool) {
        let tag = StoreShard.tag(hash)
        var index = buckets[bucket(hash)]
        while index != StoreShard.none {
            let position = Int(index)
            index = slots[position].bucketNext
            guard slots[position].tag == tag, let object = slots[position].object, object.isKey(key) else { continue }
            if !body(position, object) { return }
        }
    }

    /// A key's only response with its slot, if that is complete, serves all who ask for it and there was no purge since it
    /// was looked at; nil also where that would take more than a look.
    func only(hash: UInt64, key: Span<UInt8>) -> (index: Int, object: CachedObject)? {
        // A span lends what an array would copy.
        let slots = self.slots.span
        let tag = StoreShard.tag(hash)
        var index = buckets[bucket(hash)]
        var found: Int?
        while index != StoreShard.none {
            let position = Int(index)
            if slots[position].tag == tag {
                guard found == nil else { return nil }
                found = position
            }
            index = slots[position].bucketNext
        }
        guard let found, slots[found].generation == purges.generation, let object = slots[found].object,
            !object.hasVariance, !object.isPartial, object.isKey(key)
        else { return nil }
        return (found, object)
    }

    /// False where nothing is stored under a key of this hash.
    func mayHave(hash: UInt64) -> Bool {
        let slots = self.slots.span
        let tag = StoreShard.tag(hash)
        var index = buckets[bucket(hash)]
        while index != StoreShard.none {
            if slots[Int(index)].tag == tag { return true }
            index = slots[Int(index)].bucketNext
        }
        return false
    }

    @inline(__always)
    mutating func touch(_ index: Int) {
        if slots[index].frequency < 3 { slots[index].frequency += 1 }
    }

    /// Takes an object out. Returns the bytes it cost.
    mutating func remove(_ index: Int, hash: UInt64) -> Int {
        unchain(UInt32(index), hash: hash)
        dequeue(UInt32(index))
        return freed(UInt32(index))
    }

    private mutating func unchain(_ index: UInt32, hash: UInt64) {
        let place = bucket(hash)
        var current = buckets[place]
        if current == index {
            buckets[place] = slots[Int(index)].bucketNext
            return
        }
        while current != StoreShard.none {
            let next = slots[Int(current)].bucketNext
            if next == index {
                slots[Int(current)].bucketNext = slots[Int(index)].bucketNext
                return
            }
            current = next
        }
    }

    private mutating func freed(_ index: UInt32) -> Int {
        let cost = slots[Int(index)].cost
        if let object = slots[Int(index)].object {
            if object.tagCount > 0 { purges.removed(object, generation: slots[Int(index)].generation) }
            if object.freshness.flags.contains(.isEncoded) { encodedCount -= 1 }
            if object.isPiece { pieceCount -= 1 }
        }
        slots[Int(index)].object = nil
        slots[Int(index)].bucketNext = freeSlot
        freeSlot = index
        count -= 1
        return cost
    }

    private mutating func takeSlot() -> UInt32 {
        if freeSlot != StoreShard.none {
            let index = freeSlot
            freeSlot = slots[Int(index)].bucketNext
            return index
        }
        if slots.count == slots.capacity { slots.reserveCapacity(slots.count + max(64, slots.count / 4)) }
        slots.append(Slot())
        return UInt32(slots.count - 1)
    }

    /// Doubles the buckets. Chains are rebuilt from the objects' keys.
    private mutating func growBuckets() {
        buckets = [UInt32](repeating: StoreShard.none, count: buckets.count * 2)
        for index in slots.indices {
            guard let object = slots[index].object else { continue }
            let place = bucket(object.keyHash)
            slots[index].bucketNext = buckets[place]
            buckets[place] = UInt32(index)
        }
    }

    /// Empties the shard.
    /// - Returns: the bytes that its objects cost, and the old shard: to be destroyed outside the lock, for that takes
    ///   as long as there are objects.
    mutating func takeAll() -> (bytes: Int, old: StoreShard) {
        let bytes = small.bytes + main.bytes
        var old = StoreShard()
        swap(&self, &old)
        purges = old.purges
        purges.removedAll()
        return (bytes, old)
    }
}

extension CachedObject {
    var keyHash: UInt64 {
        let bytes = self.bytes
        return ByteHash.hash(bytes.span.extracting(0..<keyCount), seed: ByteHash.processSeed)
    }
}
