import CPlatform

/// CRC-32C (Castagnoli; RFC 3720, appendix B.4), the checksum of frames on disk. Guards against accidents, not
/// against intent.
public enum CRC32C {
    public static func checksum(_ bytes: Span<UInt8>) -> UInt32 {
        extend(0, with: bytes)
    }

    /// The checksum of what gave `checksum` followed by `bytes`.
    public static func extend(_ checksum: UInt32, with bytes: Span<UInt8>) -> UInt32 {
        let state = ~checksum
        return bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return checksum }
            if hasInstruction { return ~squilla_crc32c(state, base, buffer.count) }
            return ~byTable(state, buffer)
        }
    }

    /// - Parameter state: inverted.
    static func byTable(_ state: UInt32, _ buffer: UnsafeBufferPointer<UInt8>) -> UInt32 {
        var state = state
        for byte in buffer { state = table[Int((state ^ UInt32(byte)) & 255)] ^ (state >> 8) }
        return state
    }

    private static let hasInstruction = squilla_has_crc32c() != 0

    private static let table: [UInt32] = (0..<256).map { index in
        var value = UInt32(index)
        for _ in 0..<8 { value = value & 1 != 0 ? 0x82f6_3b78 ^ (value >> 1) : value >> 1 }
        return value
    }
}
