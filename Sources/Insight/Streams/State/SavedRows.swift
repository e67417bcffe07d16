import Columns
import SQL

/// Rows of checkpoints' records that are told apart by numbers: of each number the row of the latest record, in the order of
/// the numbers, put together in blocks.
struct SavedRows {
    private static let blockRows = 16_384

    private let batches: [Batch]
    /// The first row of each batch, counted through all of them; at last how many there are.
    private let starts: [Int]
    /// The number of a row, and in the lower half which it is of all.
    private var order: [UInt64] = []

    /// - Parameters:
    ///   - batches: of the records in turn.
    ///   - numbers: the place of the column of numbers.
    ///   - gone: numbers of rows that later records know to be gone.
    /// - Throws: `corrupt_state`.
    init(_ batches: [Batch], numbers column: Int, gone: [Int64]) throws(SQLError) {
        self.batches = batches
        var starts = [0]
        for batch in batches { starts.append(starts[starts.count - 1] + batch.rowCount) }
        self.starts = starts
        guard starts[starts.count - 1] <= Int(UInt32.max) else { throw StateCodec.damaged("too many rows") }
        var all: [UInt64] = []
        all.reserveCapacity(starts[starts.count - 1])
        for (index, batch) in batches.enumerated() {
            guard let numbers = batch.columns[column].int64s else { throw StateCodec.damaged("the numbers of rows") }
            for (row, number) in numbers.enumerated() {
                guard (0..<Int64(UInt32.max)).contains(number) else { throw StateCodec.damaged("the numbers of rows") }
                all.append(UInt64(number) << 32 | UInt64(starts[index] + row))
            }
        }
        // Runs as long as batches, which is what this sort likes.
        all.sort()
        self.order = Self.latest(all, gone: gone.sorted())
    }

    var count: Int { order.count }
    /// Of rows as `block` gives them.
    var blocks: [Range<Int>] {
        stride(from: 0, to: count, by: Self.blockRows).map { $0..<min($0 + Self.blockRows, count) }
    }

    private static func latest(_ all: [UInt64], gone: [Int64]) -> [UInt64] {
        var next = 0
        var kept: [UInt64] = []
        kept.reserveCapacity(all.count)
        for index in all.indices {
            let number = all[index] >> 32
            if index + 1 < all.count, all[index + 1] >> 32 == number { continue }
            while next < gone.count, gone[next] < Int64(number) { next += 1 }
            if next < gone.count, gone[next] == Int64(number) { continue }
            kept.append(all[index])
        }
        return kept
    }

    /// Some of the rows.
    func block(_ range: Range<Int>) -> Batch {
        var parts: [(batch: Int, rows: [UInt32])] = []
        var partOfBatch: [Int: Int] = [:]
        var places: [(part: Int, row: Int)] = []
        places.reserveCapacity(range.count)
        var part = -1
        var rows = 0..<0
        for entry in order[range] {
            let row = Int(entry & 0xffff_ffff)
            if !rows.contains(row) {
                let batch = self.batch(of: row)
                rows = starts[batch]..<starts[batch + 1]
                part = partOfBatch[batch] ?? parts.count
                if part == parts.count {
                    partOfBatch[batch] = part
                    parts.append((batch, []))
                }
            }
            places.append((part, parts[part].rows.count))
            parts[part].rows.append(UInt32(row - rows.lowerBound))
        }
        let joined = Batch.concatenate(parts.map { JoinRows.rows($0.rows, of: batches[$0.batch]) })
        guard parts.count > 1 else { return joined }
        var offsets: [Int] = []
        var offset = 0
        for part in parts {
            offsets.append(offset)
            offset += part.rows.count
        }
        return joined.select(rows: places.map { UInt32(offsets[$0.part] + $0.row) }).compacted()
    }

    /// The batch that holds a row.
    private func batch(of row: Int) -> Int {
        var (low, high) = (0, batches.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= row { low = middle } else { high = middle }
        }
        return low
    }
}
