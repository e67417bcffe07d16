/// Byte strings end to end in one growing block of memory. What was appended stays at its offset; the block may move.
public struct ByteArena: ~Copyable, @unchecked Sendable {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    /// Bytes appended.
    public private(set) var count = 0

    public init(capacity: Int = 4096) {
        self.capacity = max(capacity, 64)
        self.base = .allocate(byteCount: self.capacity, alignment: 16)
    }

    deinit { base.deallocate() }

    /// Bytes of memory held.
    public var memoryBytes: Int { capacity }

    /// - Returns: the offset of the first byte.
    public mutating func append(_ bytes: Span<UInt8>) -> Int {
        let offset = count
        let length = bytes.count
        if offset + length > capacity { grow(to: offset + length) }
        bytes.withUnsafeBufferPointer { buffer in
            if let source = buffer.baseAddress { (base + offset).copyMemory(from: source, byteCount: length) }
        }
        count = offset + length
        return offset
    }

    /// Whether what was appended there starts with these bytes.
    public func holds(_ bytes: Span<UInt8>, at offset: Int) -> Bool {
        guard offset >= 0, bytes.count <= count - offset else { return false }
        return span(offset: offset, count: bytes.count).isEqual(to: bytes)
    }

    @_lifetime(borrow self)
    public func span(offset: Int, count length: Int) -> Span<UInt8> {
        precondition(offset >= 0 && length >= 0 && offset + length <= count, "bytes past the arena's end")
        let start = UnsafePointer(base.assumingMemoryBound(to: UInt8.self) + offset)
        let span = Span(_unsafeStart: start, count: length)
        return _overrideLifetime(span, borrowing: self)
    }

    /// Keeps the memory.
    public mutating func removeAll() { count = 0 }

    private mutating func grow(to needed: Int) {
        let larger = max(needed, capacity * 2)
        let moved = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
        moved.copyMemory(from: base, byteCount: count)
        base.deallocate()
        base = moved
        capacity = larger
    }
}
