import Bytes

/// What one record on disk is about, as its head says it (docs/cache.md). The head has a checksum of its own; so have
/// the meta data and every block of the body.
struct DiskRecord: Equatable {
    enum Kind: UInt8 {
        case object = 1
        /// Objects of this key and variance that were written before it are gone.
        case drop = 2
        /// The same of all variances.
        case dropAll = 3
    }

    static let headBytes = 64
    static let blockBytes = 64 << 10
    /// Records begin at multiples of this.
    static let alignment = 16
    private static let magic: UInt32 = 0x3152_5153

    var kind: Kind
    /// Of the moment at which it was judged against the purges.
    var sequence: UInt64
    /// Of the key, by the folder's own function.
    var hash: UInt64
    /// The same of the variance, shortened.
    var variance: UInt32
    var metaBytes = 0
    var bodyBytes = 0
    /// Over the meta data and the checksums of the blocks.
    var metaChecksum: UInt32 = 0

    var blockCount: Int { (bodyBytes + DiskRecord.blockBytes - 1) / DiskRecord.blockBytes }
    var bodyStart: Int { DiskRecord.headBytes + metaBytes + 4 * blockCount }
    /// With what fills it up.
    var totalBytes: Int { DiskRecord.rounded(bodyStart + bodyBytes) }

    static func rounded(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }

    func appendHead(to bytes: inout [UInt8]) {
        let start = bytes.count
        bytes.append(little: DiskRecord.magic)
        bytes.append(kind.rawValue)
        bytes.append(contentsOf: [0, 0, 0])
        bytes.append(little: sequence)
        bytes.append(little: hash)
        bytes.append(little: variance)
        bytes.append(little: UInt32(metaBytes))
        bytes.append(little: UInt64(bodyBytes))
        bytes.append(little: UInt32(blockCount))
        bytes.append(little: metaChecksum)
        bytes.append(contentsOf: [UInt8](repeating: 0, count: 12))
        let sum = CRC32C.checksum(bytes.span.extracting(start..<start + 60))
        bytes.append(little: sum)
    }

    /// Nil if it is none, or damaged.
    /// - Parameter limit: bytes from the head on that there are at most.
    static func readHead(_ bytes: [UInt8], at start: Int, limit: Int) -> DiskRecord? {
        guard start + headBytes <= bytes.count, bytes.number(UInt32.self, at: start) == magic,
            CRC32C.checksum(bytes.span.extracting(start..<start + 60)) == bytes.number(UInt32.self, at: start + 60),
            let kind = Kind(rawValue: bytes[start + 4])
        else { return nil }
        let body = bytes.number(UInt64.self, at: start + 32)
        guard body <= UInt64(limit) else { return nil }
        let record = DiskRecord(
            kind: kind, sequence: bytes.number(UInt64.self, at: start + 8),
            hash: bytes.number(UInt64.self, at: start + 16), variance: bytes.number(UInt32.self, at: start + 24),
            metaBytes: Int(bytes.number(UInt32.self, at: start + 28)), bodyBytes: Int(body),
            metaChecksum: bytes.number(UInt32.self, at: start + 44))
        return record.totalBytes <= limit ? record : nil
    }

    /// Whether meta data and body are what was written.
    /// - Parameter bytes: the whole record.
    func isIntact(_ bytes: [UInt8]) -> Bool {
        guard bytes.count >= bodyStart + bodyBytes else { return false }
        let span = bytes.span
        guard CRC32C.checksum(span.extracting(DiskRecord.headBytes..<bodyStart)) == metaChecksum else { return false }
        for block in 0..<blockCount {
            let start = bodyStart + block * DiskRecord.blockBytes
            let end = min(start + DiskRecord.blockBytes, bodyStart + bodyBytes)
            let sum = bytes.number(UInt32.self, at: DiskRecord.headBytes + metaBytes + 4 * block)
            if CRC32C.checksum(span.extracting(start..<end)) != sum { return false }
        }
        return true
    }
}
