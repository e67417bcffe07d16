/// Where a value lives that its owner reads often. A stored property of a class is copied, with all that it holds, for each
/// call that borrows it, since the class might change meanwhile; what is here is lent.
///
/// As with a property whose exclusivity is not checked, nobody may change the value while it is lent. An object, not a
/// non-copyable value: see "Release builds and `~Copyable`" in docs/architecture.md.
public final class Place<Value> {
    @usableFromInline let pointer: UnsafeMutablePointer<Value>

    @inlinable public init(_ value: consuming Value) {
        pointer = .allocate(capacity: 1)
        pointer.initialize(to: value)
    }

    deinit {
        pointer.deinitialize(count: 1)
        pointer.deallocate()
    }

    /// For one field or a change; passed on to a call that borrows, it is copied.
    @inlinable public var value: Value {
        _read { yield pointer.pointee }
        _modify { yield &pointer.pointee }
    }

    /// Lends the value out without a copy.
    @inlinable @inline(__always)
    public func lend<Result>(_ body: (borrowing Value) -> Result) -> Result {
        let value = pointer.move()
        let result = body(value)
        pointer.initialize(to: value)
        return result
    }
}
