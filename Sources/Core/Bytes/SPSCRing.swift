import Synchronization

/// A bounded queue between exactly one producing and one consuming thread, without a lock. It wakes nobody: who
/// waits brings a wake-up of their own. Cheapest in batches.
public final class SPSCRing<Element: Sendable>: @unchecked Sendable {
    private let slots: UnsafeMutablePointer<Element?>
    private let mask: Int
    /// How many were ever popped; written by the consumer. The padding keeps the two counters on cache lines apart.
    private let head = Atomic<Int>(0)
    private let padding: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)
    /// How many were ever pushed; written by the producer.
    private let tail = Atomic<Int>(0)

    /// - Parameter capacity: rounded up to a power of two.
    public init(capacity: Int) {
        var size = 2
        while size < capacity { size *= 2 }
        self.slots = .allocate(capacity: size)
        slots.initialize(repeating: nil, count: size)
        self.mask = size - 1
    }

    deinit {
        slots.deinitialize(count: mask + 1)
        slots.deallocate()
    }

    public var capacity: Int { mask + 1 }

    /// Exact only for the two threads when the other rests.
    public var count: Int { tail.load(ordering: .acquiring) - head.load(ordering: .acquiring) }

    /// By the producer only. `false` when the ring is full; the element is not taken then.
    public func push(_ element: Element) -> Bool {
        let pushed = tail.load(ordering: .relaxed)
        if pushed - head.load(ordering: .acquiring) > mask { return false }
        slots[pushed & mask] = element
        tail.store(pushed + 1, ordering: .releasing)
        return true
    }

    /// By the consumer only.
    public func pop() -> Element? {
        let popped = head.load(ordering: .relaxed)
        if popped == tail.load(ordering: .acquiring) { return nil }
        let element = slots[popped & mask].take()
        head.store(popped + 1, ordering: .releasing)
        return element
    }

    /// By the consumer only: moves up to `limit` elements to the end of `elements`.
    public func pop(into elements: inout [Element], limit: Int) {
        let popped = head.load(ordering: .relaxed)
        let available = min(tail.load(ordering: .acquiring) - popped, limit)
        for offset in 0..<max(available, 0) {
            if let element = slots[(popped + offset) & mask].take() { elements.append(element) }
        }
        head.store(popped + max(available, 0), ordering: .releasing)
    }
}
