import Bytes
import Runtime

/// A file of records, written from front to back once. When it is full a list of what it holds is written behind the
/// records, so that a start need not look at each of them.
struct DiskVolume {
    /// What the list says of a record.
    struct Entry: Equatable {
        var kind: DiskRecord.Kind
        var hash: UInt64
        var variance: UInt32
        /// In units of ``DiskRecord/alignment``.
        var offset: UInt32
        var length: UInt32
        var sequence: UInt64
    }

    static let version: UInt32 = 1
    static let headBytes = 64
    private static let headMagic: UInt32 = 0x4C56_5153
    private static let listMagic: UInt32 = 0x5453_5153
    private static let entryBytes = 32
    private static let trailerBytes = 32

    let number: UInt32
    let file: any StorageFile
    /// The lowest number of an object in it.
    var oldest = UInt64.max

    static func name(_ number: UInt32) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits + ".volume"
    }

    static func number(_ name: String) -> UInt32? {
        guard name.hasSuffix(".volume"), name.utf8.count == 15 else { return nil }
        return UInt32(name.prefix(8), radix: 16)
    }

    /// - Parameter hash: of the folder, so that a file from elsewhere is not taken for one of it.
    static func head(_ number: UInt32, _ hash: SipHash) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(little: headMagic)
        bytes.append(little: version)
        bytes.append(little: UInt64(number))
        bytes.append(little: check(number, hash))
        bytes.append(contentsOf: [UInt8](repeating: 0, count: headBytes - 4 - bytes.count))
        bytes.append(little: CRC32C.checksum(bytes.span))
        return bytes
    }

    private static func check(_ number: UInt32, _ hash: SipHash) -> UInt64 {
        var bytes: [UInt8] = []
        bytes.append(little: number)
        return hash.hash(bytes.span)
    }

    func isOf(_ hash: SipHash) throws(StorageError) -> Bool {
        try file.read(at: 0, count: DiskVolume.headBytes) == DiskVolume.head(number, hash)
    }

    // MARK: The list

    /// Bytes that the list of so many records takes.
    static func listBytes(_ count: Int) -> Int { count * entryBytes + trailerBytes }

    static func list(_ entries: [Entry], at start: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(listBytes(entries.count))
        for entry in entries {
            bytes.append(little: entry.hash)
            bytes.append(little: entry.sequence)
            bytes.append(little: entry.variance)
            bytes.append(little: entry.offset)
            bytes.append(little: entry.length)
            bytes.append(little: UInt32(entry.kind.rawValue))
        }
        let sum = CRC32C.checksum(bytes.span)
        var trailer: [UInt8] = []
        trailer.append(little: listMagic)
        trailer.append(little: version)
        trailer.append(little: UInt64(start))
        trailer.append(little: UInt64(entries.count))
        trailer.append(little: sum)
        trailer.append(little: CRC32C.checksum(trailer.span))
        return bytes + trailer
    }

    /// The list of a full volume. Nil if there is none, or a damaged one.
    func readList() throws(StorageError) -> [Entry]? {
        let size = try file.size()
        guard size >= DiskVolume.headBytes + DiskVolume.trailerBytes else { return nil }
        let trailer = try file.read(at: size - DiskVolume.trailerBytes, count: DiskVolume.trailerBytes)
        guard trailer.count == DiskVolume.trailerBytes, trailer.number(UInt32.self, at: 0) == DiskVolume.listMagic,
            CRC32C.checksum(trailer.span.extracting(0..<28)) == trailer.number(UInt32.self, at: 28)
        else { return nil }
        let start = trailer.number(UInt64.self, at: 8)
        let count = trailer.number(UInt64.self, at: 16)
        guard count <= UInt64(size / DiskVolume.entryBytes),
            start == UInt64(size) - UInt64(DiskVolume.listBytes(Int(count)))
        else { return nil }
        let bytes = try file.read(at: Int(start), count: Int(count) * DiskVolume.entryBytes)
        guard CRC32C.checksum(bytes.span) == trailer.number(UInt32.self, at: 24) else { return nil }
        var entries: [Entry] = []
        entries.reserveCapacity(Int(count))
        for position in stride(from: 0, to: bytes.count, by: DiskVolume.entryBytes) {
            guard
                let kind = DiskRecord.Kind(
                    rawValue: UInt8(truncatingIfNeeded: bytes.number(UInt32.self, at: position + 28)))
            else { return nil }
            entries.append(
                Entry(
                    kind: kind, hash: bytes.number(UInt64.self, at: position),
                    variance: bytes.number(UInt32.self, at: position + 16),
                    offset: bytes.number(UInt32.self, at: position + 20),
                    length: bytes.number(UInt32.self, at: position + 24),
                    sequence: bytes.number(UInt64.self, at: position + 8)))
        }
        return entries
    }

    /// Goes through the heads of the records of a volume that was not closed, up to the first that is none.
    /// - Returns: the records, and where they end.
    func scan() throws(StorageError) -> (entries: [Entry], end: Int) {
        let size = try file.size()
        var position = DiskVolume.headBytes
        var entries: [Entry] = []
        while position + DiskRecord.headBytes <= size {
            let head = try file.read(at: position, count: DiskRecord.headBytes)
            guard let record = DiskRecord.readHead(head, at: 0, limit: size - position) else { break }
            entries.append(record.entry(at: position))
            position += record.totalBytes
        }
        return (entries, position)
    }
}

extension DiskRecord {
    func entry(at position: Int) -> DiskVolume.Entry {
        DiskVolume.Entry(
            kind: kind, hash: hash, variance: variance, offset: UInt32(position / DiskRecord.alignment),
            length: UInt32(totalBytes / DiskRecord.alignment), sequence: sequence)
    }
}
