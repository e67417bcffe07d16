import Columns
import SQL

/// Reads a bounded table, batch after batch.
protocol BatchSource: AnyObject {
    /// The next rows, with the columns that the scan asked for; `nil` at the end.
    func next() throws(SQLError) -> Batch?
    var progress: ScanProgress { get }
}

struct ScanProgress {
    var rows = 0
    var bytes = 0
    var badRows = 0
}

/// Rows that are in memory already.
final class BatchesSource: BatchSource {
    private let batches: [Batch]
    private let schema: Schema
    private var index = 0
    private(set) var progress = ScanProgress()

    /// - Parameter schema: the columns wanted.
    init(_ batches: [Batch], schema: Schema) {
        self.batches = batches
        self.schema = schema
    }

    func next() throws(SQLError) -> Batch? {
        guard index < batches.count else { return nil }
        let batch = batches[index].conformed(to: schema)
        index += 1
        progress.rows += batch.rowCount
        progress.bytes += batch.memoryBytes
        return batch
    }
}

/// Leaves out what is not in a range of times. With the range open at both ends it costs nothing.
struct TimeWindow {
    /// Microseconds; the end is not part of it.
    var from: Int64
    var to: Int64

    static let everything = TimeWindow(from: .min, to: .max)

    var isEverything: Bool { from == .min && to == .max }

    func apply(_ batch: Batch, timeColumn: Int?) -> Batch {
        guard !isEverything, let timeColumn, let times = batch.columns[timeColumn].int64s else { return batch }
        let column = batch.columns[timeColumn]
        var rows: [UInt32] = []
        rows.reserveCapacity(times.count)
        for (row, time) in times.enumerated() where time >= from && time < to && !column.isNull(row) {
            rows.append(UInt32(row))
        }
        return rows.count == batch.rowCount ? batch : batch.select(rows: rows)
    }
}
