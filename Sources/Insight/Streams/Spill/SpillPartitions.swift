import Columns
import SQL

/// Rows that were put aside in parts, by the hash of their keys: what has one key is in one part.
struct SpillPartitions {
    static let count = 16
    /// Parts of parts of parts: past that keys are the same, and no more parts help.
    static let maximumDepth = 5

    private let space: SpillSpace
    /// How often the rows were parted before.
    let depth: Int
    private(set) var files: [SpillFile]

    init(_ space: SpillSpace, depth: Int) {
        self.space = space
        self.depth = depth
        files = (0..<Self.count).map { _ in SpillFile(space) }
    }

    var heldBytes: Int { files.reduce(0) { $0 + $1.heldBytes } }

    /// - Parameter keys: of the batch's rows.
    func append(_ batch: Batch, keys: [Column]) throws(SQLError) {
        var rows = [[UInt32]](repeating: [], count: Self.count)
        let shift = UInt64(60 - 4 * depth)
        for (row, hash) in Self.hashes(keys, rowCount: batch.rowCount).enumerated() {
            rows[Int(hash >> shift & 15)].append(UInt32(row))
        }
        for (file, rows) in zip(files, rows) where !rows.isEmpty {
            try file.append(rows.count == batch.rowCount ? batch : batch.select(rows: rows))
        }
    }

    /// The same for the same keys in every batch; null is a key like others.
    private static func hashes(_ keys: [Column], rowCount: Int) -> [UInt64] {
        var hashes = [UInt64](repeating: 0, count: rowCount)
        for key in keys {
            let values = ValueHash.hashes(of: key)
            for row in 0..<rowCount {
                let value: UInt64
                if key.isNull(row) {
                    value = 1
                } else {
                    switch values {
                    case .perRow(let hashes): value = hashes[row]
                    case .perCode(let hashes, let codes): value = hashes[Int(codes[row])]
                    }
                }
                hashes[row] = ValueHash.mix(hashes[row] ^ value)
            }
        }
        return hashes
    }
}
