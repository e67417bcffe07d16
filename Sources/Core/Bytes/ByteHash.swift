/// A fast 64-bit hash of bytes after wyhash (64×64→128 multiply and fold). Seeded, so that who writes the keys
/// cannot aim at one bucket. Not for the disk: the value may differ between versions and processes.
public enum ByteHash {
    /// Drawn once a process.
    public static let processSeed: UInt64 = .random(in: 1 ... .max)

    public static func hash(_ bytes: Span<UInt8>, seed: UInt64) -> UInt64 {
        bytes.withUnsafeBufferPointer { hash(UnsafeRawBufferPointer($0), seed: seed) }
    }

    /// Mixes one 64-bit key.
    public static func mix(_ key: UInt64, seed: UInt64) -> UInt64 {
        fold(key ^ seed ^ 0xa076_1d64_78bd_642f, 0xe703_7ed1_a0b4_28db)
    }

    static func hash(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
        let count = bytes.count
        guard let base = bytes.baseAddress else { return fold(seed ^ 0xa076_1d64_78bd_642f, 0xe703_7ed1_a0b4_28db) }
        var state = seed ^ 0xa076_1d64_78bd_642f
        var low: UInt64
        var high: UInt64
        if count <= 16 {
            if count >= 8 {
                low = load64(base, 0)
                high = load64(base, count - 8)
            } else if count >= 4 {
                low = UInt64(load32(base, 0))
                high = UInt64(load32(base, count - 4))
            } else if count > 0 {
                let first = UInt64(base.load(as: UInt8.self))
                let middle = UInt64(base.load(fromByteOffset: count >> 1, as: UInt8.self))
                low = first << 16 | middle << 8 | UInt64(base.load(fromByteOffset: count - 1, as: UInt8.self))
                high = 0
            } else {
                low = 0
                high = 0
            }
        } else {
            var offset = 0
            while count - offset > 16 {
                state = fold(load64(base, offset) ^ 0xe703_7ed1_a0b4_28db, load64(base, offset + 8) ^ state)
                offset += 16
            }
            low = load64(base, count - 16)
            high = load64(base, count - 8)
        }
        return fold(0x8ebc_6af0_9c88_c6e3 ^ UInt64(count), fold(low ^ 0xe703_7ed1_a0b4_28db, high ^ state))
    }

    private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }

    private static func load64(_ base: UnsafeRawPointer, _ offset: Int) -> UInt64 {
        base.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }

    private static func load32(_ base: UnsafeRawPointer, _ offset: Int) -> UInt32 {
        base.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
    }
}
