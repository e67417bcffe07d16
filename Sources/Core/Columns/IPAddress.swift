/// An IPv4 or IPv6 address in 128 bits, IPv4 as `::ffff:a.b.c.d` (RFC 4291, 2.5.5.2). Orders numerically.
public struct IPAddress: Hashable, Sendable, BitwiseCopyable, Comparable {
    public var high: UInt64
    public var low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    public static func < (left: IPAddress, right: IPAddress) -> Bool {
        left.high != right.high ? left.high < right.high : left.low < right.low
    }
}
