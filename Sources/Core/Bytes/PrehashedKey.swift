/// A key of sets and dictionaries that no stranger can choose: a number given out here, or a hash with a secret seed. It is
/// its own hash; the standard one costs as much as all the rest of a lookup, and guards against nothing here.
public struct PrehashedKey: Hashable, Sendable {
    public let value: UInt64

    public init(_ value: UInt64) { self.value = value }

    public func hash(into hasher: inout Hasher) { hasher.combine(value) }

    /// What sets and dictionaries ask for. A requirement of `Hashable` that the standard library keeps to itself by its name
    /// alone; were it to go, keys would be hashed again.
    public func _rawHashValue(seed: Int) -> Int { Int(truncatingIfNeeded: value) }
}

extension PrehashedKey: ExpressibleByIntegerLiteral {
    public init(integerLiteral value: UInt64) { self.init(value) }
}
