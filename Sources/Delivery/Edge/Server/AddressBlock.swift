public import Reactor

/// A CIDR block. IPv4 blocks are held in the mapped range, so their prefix is 96 bits longer.
public struct AddressBlock: Sendable, Equatable {
    public var base: SocketAddress
    /// 0 to 128, counted in the mapped form.
    public var prefixLength: Int

    /// - Parameter prefixLength: as written: 0 to 32 for IPv4, 0 to 128 for IPv6.
    public init(base: SocketAddress, prefixLength: Int) {
        self.base = base
        self.prefixLength = min(128, base.isIPv4 ? prefixLength + 96 : prefixLength)
    }

    func contains(_ address: SocketAddress) -> Bool {
        let highBits = min(64, prefixLength)
        let lowBits = prefixLength - highBits
        return (address.high ^ base.high) & AddressBlock.mask(highBits) == 0
            && (address.low ^ base.low) & AddressBlock.mask(lowBits) == 0
    }

    private static func mask(_ bits: Int) -> UInt64 { bits == 0 ? 0 : UInt64.max << UInt64(64 - bits) }
}
