import Columns
import SQL

/// `TABLE(TUMBLE(…))`, `HOP` and `CUMULATE`: appends `window_start`, `window_end` and `window_time`.
///
/// In the form of *panes* a row appears once, with the start of its pane (as long as the slide); an aggregate puts the
/// windows together. In the form of windows a row appears once for each window it is in.
struct AssignWindows: StatelessOperator {
    /// Times and window sizes up to here (36,000 years) add up without overflow, microseconds.
    static let maximumTime: UInt64 = 1 << 60

    private let timeColumn: Int
    private let slide: Int64
    private let size: Int64
    private let offset: Int64
    private let asPanes: Bool
    private let isCumulative: Bool
    private let schema: Schema
    /// Rows without a time, or with one beyond all reason, belong to no window.
    private(set) var lateRows = 0

    /// - Parameter schema: of the output: the input's and the three columns.
    init(_ window: WindowSpecification, asPanes: Bool, schema: Schema) {
        self.timeColumn = window.timeColumn
        self.slide = window.slideMicroseconds
        self.size = window.sizeMicroseconds
        self.offset = window.offset
        self.asPanes = asPanes
        if case .cumulate = window.kind { self.isCumulative = true } else { self.isCumulative = false }
        self.schema = schema
    }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        var batch = batch
        if let validity = batch.columns[timeColumn].validity, validity.setCount < batch.rowCount {
            let rows = (0..<UInt32(batch.rowCount)).filter { validity[Int($0)] }
            lateRows += batch.rowCount - rows.count
            if rows.isEmpty { return }
            batch = batch.select(rows: rows)
        }
        guard var times = batch.columns[timeColumn].int64s else { return }
        if times.contains(where: { $0.magnitude > Self.maximumTime }) {
            let rows = (0..<UInt32(times.count)).filter { times[Int($0)].magnitude <= Self.maximumTime }
            lateRows += times.count - rows.count
            if rows.isEmpty { return }
            batch = batch.select(rows: rows)
            times = batch.columns[timeColumn].int64s ?? []
        }
        let starts = paneStarts(times)
        if isCumulative {
            appendCumulative(starts, to: batch, output: &output)
        } else if asPanes || size == slide {
            output.append(append(starts, to: batch))
        } else {
            // The earliest window first.
            for step in stride(from: size / slide - 1, through: 0, by: -1) {
                output.append(append(starts.map { $0 &- step &* slide }, to: batch))
            }
        }
    }

    private func paneStarts(_ times: [Int64]) -> [Int64] {
        let times = times.span
        return [Int64](capacity: times.count) { out in
            // Rows come more or less in order: most fall into the pane of the one before.
            var start = Int64.min
            var end = Int64.min
            for row in times.indices {
                let time = times[row]
                if time < start || time >= end {
                    start = Self.floor(time, slide, offset)
                    end = start &+ slide
                }
                out.append(start)
            }
        }
    }

    /// The largest `offset + n × slide` that is at most `time`.
    static func floor(_ time: Int64, _ slide: Int64, _ offset: Int64) -> Int64 {
        var remainder = (time &- offset) % slide
        if remainder < 0 { remainder += slide }
        return time &- remainder
    }

    /// A row once for each window that ends after it, the shortest window first.
    private func appendCumulative(_ steps: [Int64], to batch: Batch, output: inout [Batch]) {
        let (size, slide) = (size, slide)
        let starts = steps.map { Self.floor($0, size, offset) }
        for step in 1...size / slide {
            let rows = (0..<UInt32(batch.rowCount)).filter { row in
                steps[Int(row)] &+ step &* slide <= starts[Int(row)] &+ size
            }
            if rows.isEmpty { return }
            let selected = rows.count == batch.rowCount ? batch : batch.select(rows: rows)
            func column(_ value: (Int) -> Int64) -> Column {
                let values = rows.map { value(Int($0)) }
                return Column(type: .timestamp, count: rows.count, validity: nil, storage: .int64(values))
            }
            let ends = { (row: Int) in steps[row] &+ step &* slide }
            output.append(
                Batch(
                    schema: schema, rowCount: rows.count,
                    columns: selected.columns + [column { starts[$0] }, column(ends), column { ends($0) - 1_000 }]))
        }
    }

    private func append(_ starts: [Int64], to batch: Batch) -> Batch {
        let count = batch.rowCount
        let size = size
        func column(_ shift: Int64) -> Column {
            let values = shift == 0 ? starts : starts.map { $0 &+ shift }
            return Column(type: .timestamp, count: count, validity: nil, storage: .int64(values))
        }
        // Flink: `window_time` is the last millisecond of the window.
        return Batch(
            schema: schema, rowCount: count, columns: batch.columns + [column(0), column(size), column(size - 1_000)])
    }
}

extension WindowSpecification {
    var sizeMicroseconds: Int64 {
        switch kind {
        case .tumble(let size): size
        case .hop(_, let size), .cumulate(_, let size): size
        case .session(let gap, _): gap
        }
    }

    var slideMicroseconds: Int64 {
        switch kind {
        case .tumble(let size): size
        case .hop(let slide, _), .cumulate(let slide, _): slide
        case .session(let gap, _): gap
        }
    }
}
