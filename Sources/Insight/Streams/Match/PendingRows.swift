import Columns
import SQL

/// Rows that wait for the watermark, as they came.
struct PendingRows {
    let schema: Schema
    private let order: SortOrder
    private let timeColumn: Int
    private(set) var batches: [Batch] = []
    private var earliest: [Int64] = []
    private(set) var byteCount = 0

    init(schema: Schema, order: SortOrder, timeColumn: Int) {
        self.schema = schema
        self.order = order
        self.timeColumn = timeColumn
    }

    /// - Returns: how many rows were left out: those up to `watermark`, without a time, or with one beyond all reason.
    mutating func append(_ batch: Batch, after watermark: Int64?) -> Int {
        let rows = Self.rows(of: batch.columns[timeColumn]) { time in
            time.magnitude <= AssignWindows.maximumTime && watermark.map { time > $0 } ?? true
        }
        keep(rows.count == batch.rowCount ? batch : batch.select(rows: rows))
        return batch.rowCount - rows.count
    }

    /// Takes the rows with times up to `watermark`, in order.
    mutating func take(through watermark: Int64) throws(SQLError) -> Batch? {
        var due: [Batch] = []
        let waiting = zip(batches, earliest).map { ($0, $1) }
        batches = []
        earliest = []
        byteCount = 0
        for (batch, earliest) in waiting {
            if earliest > watermark {
                keep(batch)
                continue
            }
            let rows = Self.rows(of: batch.columns[timeColumn]) { $0 <= watermark }
            due.append(rows.count == batch.rowCount ? batch : batch.select(rows: rows))
            if rows.count < batch.rowCount {
                let later = Self.rows(of: batch.columns[timeColumn]) { $0 > watermark }
                keep(batch.select(rows: later).compacted())
            }
        }
        guard !due.isEmpty else { return nil }
        let all = Batch.concatenate(due)
        return all.select(rows: try order.rows(of: all, limit: nil))
    }

    private mutating func keep(_ batch: Batch) {
        guard batch.rowCount > 0, let times = batch.columns[timeColumn].int64s, let first = times.min() else { return }
        batches.append(batch)
        earliest.append(first)
        byteCount += batch.memoryBytes
    }

    private static func rows(of times: Column, where isWanted: (Int64) -> Bool) -> [UInt32] {
        guard case .int64(let values) = times.storage else { return [] }
        var rows: [UInt32] = []
        rows.reserveCapacity(values.count)
        for row in values.indices where !times.isNull(row) && isWanted(values[row]) { rows.append(UInt32(row)) }
        return rows
    }
}
