/// Message digests: MD5 (RFC 1321), SHA-1 and the SHA-2 family (RFC 6234). MD5 and SHA-1 are for compatibility with what
/// others computed; neither guards against intent any more.
public enum Digest: Hashable, Sendable, CaseIterable {
    case md5
    case sha1
    case sha224
    case sha256
    case sha384
    case sha512

    /// Bytes of a digest.
    public var byteCount: Int {
        switch self {
        case .md5: 16
        case .sha1: 20
        case .sha224: 28
        case .sha256: 32
        case .sha384: 48
        case .sha512: 64
        }
    }

    /// Appends the digest of `bytes`: `byteCount` bytes.
    public func append(of bytes: Span<UInt8>, to buffer: inout [UInt8]) {
        switch self {
        case .md5: Self.append(MD5State(), of: bytes, byteCount, to: &buffer)
        case .sha1: Self.append(SHA1State(), of: bytes, byteCount, to: &buffer)
        case .sha224: Self.append(SHA256State(SHA256State.initial224), of: bytes, byteCount, to: &buffer)
        case .sha256: Self.append(SHA256State(SHA256State.initial256), of: bytes, byteCount, to: &buffer)
        case .sha384: Self.append(SHA512State(SHA512State.initial384), of: bytes, byteCount, to: &buffer)
        case .sha512: Self.append(SHA512State(SHA512State.initial512), of: bytes, byteCount, to: &buffer)
        }
    }

    /// Appends the digest of `bytes` in lower-case hexadecimal: twice `byteCount` digits.
    public func appendHexadecimal(of bytes: Span<UInt8>, to buffer: inout [UInt8]) {
        let start = buffer.count
        append(of: bytes, to: &buffer)
        // Spread in place from the back, so that no second buffer is needed.
        buffer.append(contentsOf: repeatElement(0, count: byteCount))
        for index in stride(from: byteCount - 1, through: 0, by: -1) {
            let byte = buffer[start + index]
            buffer[start + 2 * index] = Self.hexadecimal(byte >> 4)
            buffer[start + 2 * index + 1] = Self.hexadecimal(byte & 15)
        }
    }

    private static func hexadecimal(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 + nibble : 0x57 + nibble }

    /// Whole blocks first, then the rest with a one bit, zeros and the length in bits behind it.
    private static func append<State: DigestState>(
        _ initial: State, of bytes: Span<UInt8>, _ count: Int, to buffer: inout [UInt8]
    ) {
        var state = initial
        let block = State.blockBytes
        let whole = bytes.count / block * block
        for offset in stride(from: 0, to: whole, by: block) { state.process(bytes, at: offset) }
        var tail = InlineArray<256, UInt8>(repeating: 0)
        let rest = bytes.count - whole
        for index in 0..<rest { tail[index] = bytes[whole + index] }
        tail[rest] = 0x80
        let length = (rest + 1 + State.lengthBytes + block - 1) / block * block
        let bits = UInt64(bytes.count) << 3
        for index in 0..<8 {
            let shift = UInt64(8 * index)
            tail[State.isBigEndian ? length - 1 - index : length - 8 + index] = UInt8(truncatingIfNeeded: bits >> shift)
        }
        for offset in stride(from: 0, to: length, by: block) { state.process(tail.span, at: offset) }
        state.append(count, to: &buffer)
    }
}

/// What a digest knows between two blocks.
protocol DigestState {
    static var blockBytes: Int { get }
    /// Room for the message's length in the last block.
    static var lengthBytes: Int { get }
    static var isBigEndian: Bool { get }
    /// Takes in the block at `offset`.
    mutating func process(_ bytes: Span<UInt8>, at offset: Int)
    /// Appends the first `count` bytes of the state.
    func append(_ count: Int, to buffer: inout [UInt8])
}

extension Span<UInt8> {
    func bigEndian32(at offset: Int) -> UInt32 {
        UInt32(self[offset]) << 24 | UInt32(self[offset + 1]) << 16 | UInt32(self[offset + 2]) << 8
            | UInt32(self[offset + 3])
    }
}

extension FixedWidthInteger {
    /// `self` with its bits turned round to the right.
    func rotatedRight(_ count: Self) -> Self { (self &>> count) | (self &<< (Self(Self.bitWidth) &- count)) }
}
