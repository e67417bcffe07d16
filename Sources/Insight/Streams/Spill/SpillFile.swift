import Bytes
import Columns
import Runtime
import SQL

/// Rows that were put aside, in the order they came:
///
///     for each batch: its length (4 bytes, little-endian), CRC-32C (4 bytes), the batch as `BatchCodec` writes it
final class SpillFile {
    /// Rows of a batch, at most.
    private static let maximumPieceRows = 8_192

    private let space: SpillSpace
    private let path: String
    private var pending: [Batch] = []
    private var pendingBytes = 0
    private var end = 0
    private var isThere = false
    /// What its rows take in memory.
    private(set) var memoryBytes = 0

    init(_ space: SpillSpace) {
        self.space = space
        self.path = space.makePath()
    }

    deinit {
        // What can't be removed now goes when the server starts next.
        if isThere { try? space.storage.remove(path) }
        if end > 0 { try? space.charge(-end) }
    }

    var isEmpty: Bool { memoryBytes == 0 }
    /// Rows that wait to be written.
    var heldBytes: Int { pendingBytes }

    func append(_ batch: Batch) throws(SQLError) {
        guard batch.rowCount > 0 else { return }
        let batch = batch.compacted()
        pending.append(batch)
        pendingBytes += batch.memoryBytes
        memoryBytes += batch.memoryBytes
        if pendingBytes >= space.pieceBytes { try flush() }
    }

    func flush() throws(SQLError) {
        guard !pending.isEmpty else { return }
        let rows = pending.count == 1 ? pending[0] : Batch.concatenate(pending)
        pending = []
        pendingBytes = 0
        // A merge has a piece of each run on hand: rows that are wide come in pieces of fewer.
        let share = rows.rowCount * space.pieceBytes / max(rows.memoryBytes, 1)
        let pieceRows = min(max(share, 1), Self.maximumPieceRows)
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: rows.rowCount, by: pieceRows) {
            let piece = BatchCodec.encode(rows.slice(start..<min(start + pieceRows, rows.rowCount)))
            Self.append(UInt32(piece.count), to: &bytes)
            Self.append(CRC32C.checksum(piece.span), to: &bytes)
            bytes.append(contentsOf: piece)
        }
        try space.charge(bytes.count)
        do throws(StorageError) {
            let file = try space.storage.open(path, mode: isThere ? .readWrite : .replace)
            isThere = true
            try file.write(bytes.span, at: end)
        } catch {
            throw SpillSpace.failure(error)
        }
        end += bytes.count
    }

    private static func append(_ number: UInt32, to bytes: inout [UInt8]) {
        for shift in stride(from: UInt32(0), to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
    }

    /// Reads from the beginning. Nothing may be appended any more.
    func makeReader() throws(SQLError) -> Reader {
        try flush()
        return Reader(self)
    }

    /// Gives the batches in the order they came.
    struct Reader {
        private let spill: SpillFile
        private var position = 0

        fileprivate init(_ spill: SpillFile) { self.spill = spill }

        /// `nil` at the end.
        mutating func next() throws(SQLError) -> Batch? {
            guard position < spill.end else { return nil }
            let bytes: [UInt8]
            let checksum: UInt32
            do throws(StorageError) {
                let file = try spill.space.storage.open(spill.path, mode: .read)
                let head = try file.read(at: position, count: 8)
                guard head.count == 8 else { throw spill.damage }
                bytes = try file.read(at: position + 8, count: Int(Self.number(head, 0)))
                checksum = Self.number(head, 4)
            } catch {
                throw SpillSpace.failure(error)
            }
            guard CRC32C.checksum(bytes.span) == checksum, let batch = try? BatchCodec.decode(bytes.span) else {
                throw SpillSpace.failure(spill.damage)
            }
            position += 8 + bytes.count
            return batch
        }

        private static func number(_ bytes: [UInt8], _ start: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << UInt32($1 * 8) }
        }
    }

    private var damage: StorageError {
        StorageError(code: .inputOutput, operation: "read", path: path, cause: "other bytes than were written")
    }
}
