import Bytes

/// SipHash-1-3 (Aumasson and Bernstein): the same on every machine and in every version, so it may be written to disk,
/// and whoever doesn't know the key can't aim at one value.
struct SipHash: Sendable, Equatable {
    let key0: UInt64
    let key1: UInt64

    /// For the tags of responses, which origins choose. Fixed, so that it holds from process to process.
    static let tags = SipHash(key0: 0x7371_7569_6C6C_6120, key1: 0x7461_6773_2076_3100)

    func hash(_ bytes: Span<UInt8>) -> UInt64 {
        var v0 = key0 ^ 0x736f_6d65_7073_6575
        var v1 = key1 ^ 0x646f_7261_6e64_6f6d
        var v2 = key0 ^ 0x6c79_6765_6e65_7261
        var v3 = key1 ^ 0x7465_6462_7974_6573
        func round() {
            v0 = v0 &+ v1
            v1 = (v1 << 13 | v1 >> 51) ^ v0
            v0 = v0 << 32 | v0 >> 32
            v2 = v2 &+ v3
            v3 = (v3 << 16 | v3 >> 48) ^ v2
            v0 = v0 &+ v3
            v3 = (v3 << 21 | v3 >> 43) ^ v0
            v2 = v2 &+ v1
            v1 = (v1 << 17 | v1 >> 47) ^ v2
            v2 = v2 << 32 | v2 >> 32
        }
        var index = 0
        while index + 8 <= bytes.count {
            var word: UInt64 = 0
            for shift in 0..<8 { word |= UInt64(bytes[index + shift]) << UInt64(8 * shift) }
            v3 ^= word
            round()
            v0 ^= word
            index += 8
        }
        var last = UInt64(truncatingIfNeeded: bytes.count) << 56
        for shift in 0..<(bytes.count - index) { last |= UInt64(bytes[index + shift]) << UInt64(8 * shift) }
        v3 ^= last
        round()
        v0 ^= last
        v2 ^= 0xff
        for _ in 0..<3 { round() }
        return v0 ^ v1 ^ v2 ^ v3
    }
}
