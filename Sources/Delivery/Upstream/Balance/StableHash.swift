/// A hash that is the same in every process and version, so that all edges agree which endpoint a key belongs to.
/// FNV-1a with MurmurHash3's finalizer. Whoever chooses keys can make them collide: that costs balance, nothing else.
public struct StableHash: Sendable {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    public init() {}

    public mutating func combine(_ bytes: Span<UInt8>) {
        for index in bytes.indices { state = (state ^ UInt64(bytes[index])) &* 0x0000_0100_0000_01B3 }
    }

    public mutating func combine(_ byte: UInt8) { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }

    public var value: UInt64 { StableHash.mix(state) }

    public static func hash(_ text: String) -> UInt64 {
        var hash = StableHash()
        for byte in text.utf8 { hash.combine(byte) }
        return hash.value
    }

    /// Spreads the bits of a number over all of the result.
    static func mix(_ key: UInt64) -> UInt64 {
        var value = key
        value = (value ^ (value >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        value = (value ^ (value >> 33)) &* 0xC4CE_B9FE_1A85_EC53
        return value ^ (value >> 33)
    }
}
