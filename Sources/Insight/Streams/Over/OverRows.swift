import Columns
import SQL

/// `OVER` over rows that are all there at some time: at the end of a bounded input, or, of a live one that is parted by
/// windows, when the watermark has passed the window's end. Where a rank is bounded, little more than the rows that are
/// wanted is held.
struct OverRows: ~Copyable, StreamOperator {
    /// Rows that end together.
    private struct Held {
        let end: Int64
        var batches: [Batch] = []
        var rowCount = 0
        var bytes = 0
        /// Rows that were left when they were looked at last.
        var keptRows = 0

        mutating func add(_ batch: Batch) {
            batches.append(batch)
            rowCount += batch.rowCount
            bytes += batch.memoryBytes
        }
    }

    /// Rows beyond those that are wanted before they are looked for.
    private static let slack = 4_096

    private let layout: OverLayout
    private let window: JoinRetention.WindowEnd?
    private let maximumOpenWindows: Int
    /// Ascending by end.
    private var held: [Held] = []
    private var watermark = Int64.min
    private(set) var lateRows = 0

    /// - Parameter window: what of a row tells the end of its window; `nil` for an input that ends.
    init(layout: OverLayout, window: JoinRetention.WindowEnd?, maximumOpenWindows: Int) {
        self.layout = layout
        self.window = window
        self.maximumOpenWindows = maximumOpenWindows
    }

    var stateBytes: Int { held.reduce(0) { $0 + $1.bytes } }

    var keeps: String? {
        let rows = layout.limit.map { "about the first \(max($0.count, 0)) rows a partition" } ?? "all rows"
        return rows + (window == nil ? ", up to the end" : " of the windows that are open")
    }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        if let limit = layout.limit, limit.count < 1 { return }
        guard let window else { return try add(batch, end: .max) }
        guard let ends = batch.columns[window.column].int64s else { return }
        var rowsByEnd: [Int64: [UInt32]] = [:]
        if let first = ends.first, ends.allSatisfy({ $0 == first }) {
            return try add(batch, end: first &+ window.shift)
        }
        for (row, end) in ends.enumerated() { rowsByEnd[end, default: []].append(UInt32(row)) }
        for (end, rows) in rowsByEnd.sorted(by: { $0.key < $1.key }) {
            try add(batch.select(rows: rows), end: end &+ window.shift)
        }
    }

    private mutating func add(_ batch: Batch, end: Int64) throws(SQLError) {
        guard window == nil || end &- 1 > watermark else {
            lateRows += batch.rowCount
            return
        }
        var index = held.count
        while index > 0, held[index - 1].end >= end { index -= 1 }
        if index == held.count || held[index].end != end {
            guard held.count < maximumOpenWindows else {
                throw SQLError(
                    code: .limitExceeded, message: "more than \(maximumOpenWindows) windows are open at a time",
                    suggestion: "use larger windows, or a smaller watermark delay")
            }
            held.insert(Held(end: end), at: index)
        }
        held[index].add(batch)
        if layout.limit != nil, held[index].rowCount > 2 * held[index].keptRows + Self.slack { try shrink(index) }
    }

    /// Lets go of the rows beyond the rank that is wanted. Those that are left stay in the order they came in.
    private mutating func shrink(_ index: Int) throws(SQLError) {
        guard let limit = layout.limit else { return }
        let all = Batch.concatenate(held[index].batches)
        let partitions = try OverPartitions(all, layout, isLeading: true)
        let ranks = partitions.ranks(limit.ranking)
        var kept: [UInt32] = []
        for (place, row) in partitions.rows.enumerated() where ranks[place] <= limit.count { kept.append(row) }
        kept.sort()
        var smaller = Held(end: held[index].end)
        smaller.add(kept.count == all.rowCount ? all : all.select(rows: kept).compacted())
        smaller.keptRows = kept.count
        held[index] = smaller
    }

    mutating func onWatermark(_ watermark: Int64, output: inout [Batch]) throws(SQLError) {
        guard window != nil, watermark > self.watermark else { return }
        self.watermark = watermark
        try answer(through: watermark, output: &output)
    }

    mutating func finish(output: inout [Batch]) throws(SQLError) {
        try answer(through: .max, output: &output)
    }

    private mutating func answer(through watermark: Int64, output: inout [Batch]) throws(SQLError) {
        var closed = 0
        while closed < held.count, held[closed].end &- 1 <= watermark {
            let all = Batch.concatenate(held[closed].batches)
            try OverEvaluation.answer(all, layout).batch.appendPieces(to: &output)
            closed += 1
        }
        held.removeFirst(closed)
    }

    func saveState(into state: inout OperatorState) throws(SQLError) {
        state[number: "watermark"] = watermark
        state[number: "late_rows"] = Int64(lateRows)
        for rows in held { state.append(rows.batches, as: "window \(rows.end)") }
    }

    func savedKeys(_ places: [Int], of table: String, _ rows: Batch) throws(SQLError) -> [Column] {
        let keys = try layout.partitionKeys(rows)
        return places.map { keys[$0] }
    }

    mutating func loadState(from state: OperatorState) throws(SQLError) -> [String] {
        watermark = state[number: "watermark"] ?? .min
        lateRows = Int(state[number: "late_rows"] ?? 0)
        for name in state.names(beginning: "window ") {
            guard let end = Int64(name.dropFirst(7)) else { throw StateCodec.damaged("the name of a window") }
            var rows = Held(end: end)
            for batch in state.batches(name) {
                guard batch.schema == layout.inputSchema else {
                    throw SQLError(code: .stateMismatch, message: "rows of windows were saved of other columns")
                }
                rows.add(batch)
            }
            held.append(rows)
        }
        held.sort { $0.end < $1.end }
        return []
    }
}
