/// A set of known headers: one bit each.
public struct HeaderSet: Sendable, Equatable, ExpressibleByArrayLiteral {
    var bits: UInt64

    init(bits: UInt64) { self.bits = bits }

    public init(arrayLiteral elements: KnownHeader...) {
        self.bits = elements.reduce(0) { $0 | $1.bit }
    }

    public init() { self.bits = 0 }

    @inline(__always)
    public func contains(_ header: KnownHeader) -> Bool { bits & header.bit != 0 }

    public func union(_ other: HeaderSet) -> HeaderSet { HeaderSet(bits: bits | other.bits) }
    public func subtracting(_ other: HeaderSet) -> HeaderSet { HeaderSet(bits: bits & ~other.bits) }
    public mutating func insert(_ header: KnownHeader) { bits |= header.bit }
    public mutating func remove(_ header: KnownHeader) { bits &= ~header.bit }

    /// Fields about one connection (RFC 9110 §7.6.1).
    public static let hopByHop: HeaderSet = {
        var set = HeaderSet()
        for header in KnownHeader.allCases where header.isHopByHop { set.insert(header) }
        return set
    }()
}
