/// Growing raw memory for values of one kind, owned by one builder. What is read was written before; the methods of the
/// builders see to that.
struct RowMemory<Value: BitwiseCopyable>: ~Copyable {
    private var base: UnsafeMutablePointer<Value>
    private(set) var capacity: Int
    // A deinit here would be inlined into other modules, which crashes the optimiser of Swift 6.3; so an object frees.
    private var owner: RowMemoryOwner

    init(capacity: Int) {
        self.capacity = max(capacity, 1)
        self.base = .allocate(capacity: self.capacity)
        self.owner = RowMemoryOwner(UnsafeMutableRawPointer(base))
    }

    subscript(index: Int) -> Value {
        get {
            precondition(index >= 0 && index < capacity)
            return base[index]
        }
        set {
            precondition(index >= 0 && index < capacity)
            base[index] = newValue
        }
    }

    /// Makes room for `needed` values and keeps the first `used`.
    @inline(__always)
    mutating func reserve(_ needed: Int, used: Int) {
        if needed > capacity { grow(to: needed, used: used) }
    }

    @inline(never)
    private mutating func grow(to needed: Int, used: Int) {
        let larger = max(needed, capacity * 2)
        let moved = UnsafeMutablePointer<Value>.allocate(capacity: larger)
        moved.update(from: base, count: used)
        owner = RowMemoryOwner(UnsafeMutableRawPointer(moved))
        base = moved
        capacity = larger
    }

    /// Copies `values` to `index`, where room was made.
    @inline(__always)
    mutating func write(_ values: UnsafeBufferPointer<Value>, at index: Int) {
        precondition(index >= 0 && values.count <= capacity - index)
        if let source = values.baseAddress { (base + index).update(from: source, count: values.count) }
    }

    mutating func fill(_ value: Value, count: Int) {
        precondition(count <= capacity)
        base.update(repeating: value, count: count)
    }

    func array(_ count: Int) -> [Value] {
        precondition(count <= capacity)
        return Array(UnsafeBufferPointer(start: base, count: count))
    }

    /// The values of `range`, good as long as the memory is not changed.
    @inline(__always)
    func values(_ range: Range<Int>) -> UnsafeBufferPointer<Value> {
        precondition(range.lowerBound >= 0 && range.upperBound <= capacity)
        return UnsafeBufferPointer(start: base + range.lowerBound, count: range.count)
    }
}

final class RowMemoryOwner {
    private let base: UnsafeMutableRawPointer

    init(_ base: UnsafeMutableRawPointer) {
        self.base = base
    }

    deinit { base.deallocate() }
}
