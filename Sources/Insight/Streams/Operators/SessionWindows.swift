import Columns
import SQL

/// `TABLE(SESSION(…))`: the rows of a key that follow each other within the gap are of one session. Rows are held until
/// the watermark has closed their session (or the input ends) and come with the session's bounds, as in Flink.
struct SessionWindows: ~Copyable, StreamOperator {
    /// Rows as they came.
    private struct Held {
        let batch: Batch
        let firstRow: Int
        var openRows: Int
        var rows: Range<Int> { firstRow..<firstRow + batch.rowCount }
    }

    /// Rows that may be closed and still be held beside as many open ones, before these are gathered anew.
    private static let spareRows = 65_536

    private let gap: Int64
    private let timeColumn: Int
    private let partition: [Int]
    private let schema: Schema
    private let inputSchema: Schema
    private var held: [Held] = []
    private var keys: GroupTable
    private var sessions: OpenSessions
    private var batchBytes = 0
    private var watermark = Int64.min
    /// Rows are held that may be of a session which had closed when they came.
    private var hasLateCandidates = false
    private(set) var lateRows = 0

    init(gapMicroseconds: Int64, timeColumn: Int, partition: [Int], schema: Schema, inputSchema: Schema) {
        self.gap = gapMicroseconds
        self.timeColumn = timeColumn
        self.partition = partition
        self.schema = schema
        self.inputSchema = inputSchema
        keys = GroupTable(types: partition.map { inputSchema.fields[$0].type })
        sessions = OpenSessions(gapMicroseconds: gapMicroseconds)
    }

    var stateBytes: Int { held.isEmpty ? 0 : batchBytes + sessions.byteCount + keys.byteCount }
    var keeps: String? { "the rows of the sessions that are open, up to \(DurationText.of(gap)) without a row" }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        let column = batch.columns[timeColumn]
        guard let times = column.int64s else { return }
        let rows = (0..<UInt32(batch.rowCount)).filter { row in
            !column.isNull(Int(row)) && times[Int(row)].magnitude <= AssignWindows.maximumTime
        }
        // Rows without a time belong to no session.
        lateRows += batch.rowCount - rows.count
        guard !rows.isEmpty else { return }
        hold(rows.count == batch.rowCount ? batch : batch.select(rows: rows).compacted())
    }

    private mutating func hold(_ batch: Batch) {
        guard let times = batch.columns[timeColumn].int64s else { return }
        held.append(Held(batch: batch, firstRow: sessions.rowNumbers, openRows: batch.rowCount))
        batchBytes += batch.memoryBytes
        let groups = keys.groups(of: partition.map { batch.columns[$0] }, rowCount: batch.rowCount)
        var earliest = Int64.max
        for (row, time) in times.enumerated() {
            sessions.add(key: groups[row], time: time)
            earliest = min(earliest, time)
        }
        if earliest &+ gap - 1 <= watermark { hasLateCandidates = true }
    }

    mutating func onWatermark(_ watermark: Int64, output: inout [Batch]) throws(SQLError) {
        guard watermark > self.watermark else { return }
        dropLate()
        self.watermark = watermark
        answer(sessions.close(through: watermark), output: &output)
        forgetClosed()
    }

    mutating func finish(output: inout [Batch]) throws(SQLError) {
        dropLate()
        answer(sessions.close(through: .max), output: &output)
        forgetClosed()
    }

    /// Takes out the sessions that had closed before any of their rows came.
    private mutating func dropLate() {
        guard hasLateCandidates else { return }
        hasLateCandidates = false
        let late = sessions.close(through: watermark)
        lateRows += late.count
        if !late.isEmpty { _ = take(late) }
    }

    private mutating func answer(_ closed: [OpenSessions.ClosedRow], output: inout [Batch]) {
        guard !closed.isEmpty else { return }
        let rows = take(closed)
        func column(_ value: (OpenSessions.ClosedRow) -> Int64) -> Column {
            Column(type: .timestamp, count: closed.count, validity: nil, storage: .int64(closed.map(value)))
        }
        let bounds = [column(\.start), column(\.end), column { $0.end - 1_000 }]
        Batch(schema: schema, rowCount: closed.count, columns: rows.columns + bounds).appendPieces(to: &output)
    }

    /// The closed rows in their order, out of the batches that hold them.
    private mutating func take(_ closed: [OpenSessions.ClosedRow]) -> Batch {
        var gathered = GatheredRows(of: held.map(\.batch), capacity: closed.count)
        var index = 0
        for row in closed {
            index = batchIndex(of: Int(row.row), near: index)
            gathered.append(batch: index, row: row.row - UInt32(held[index].firstRow))
            held[index].openRows -= 1
        }
        return gathered.batch(inputSchema)
    }

    /// The batch that holds a row.
    private func batchIndex(of row: Int, near known: Int) -> Int {
        if held[known].rows.contains(row) { return known }
        var range = 0..<held.count
        while range.count > 1 {
            let middle = (range.lowerBound + range.upperBound) / 2
            range = row < held[middle].firstRow ? range.lowerBound..<middle : middle..<range.upperBound
        }
        return range.lowerBound
    }

    /// Lets go of batches without an open row, and gathers the open rows anew when they have become few.
    private mutating func forgetClosed() {
        if held.contains(where: { $0.openRows == 0 }) {
            held.removeAll { $0.openRows == 0 }
            batchBytes = held.reduce(0) { $0 + $1.batch.memoryBytes }
        }
        guard sessions.rowNumbers - sessions.rowCount > sessions.rowCount + Self.spareRows else { return }
        let open = openRows
        held = []
        batchBytes = 0
        keys = GroupTable(types: partition.map { inputSchema.fields[$0].type })
        sessions = OpenSessions(gapMicroseconds: gap)
        guard !open.isEmpty else { return }
        hold(Batch.concatenate(open).compacted())
    }

    /// As they came.
    private var openRows: [Batch] {
        held.map { held in
            if held.openRows == held.batch.rowCount { return held.batch }
            let rows = (0..<held.batch.rowCount).filter { sessions.holds(held.firstRow + $0) }
            return held.batch.select(rows: rows.map { UInt32($0) }).compacted()
        }
    }

    func saveState(into state: inout OperatorState) throws(SQLError) {
        state[number: "watermark"] = watermark
        state[number: "late_rows"] = Int64(lateRows)
        state[number: "gap"] = gap
        state[number: "has_late_candidates"] = hasLateCandidates ? 1 : 0
        state.append(openRows, as: "held")
    }

    func savedKeys(_ places: [Int], of table: String, _ rows: Batch) throws(SQLError) -> [Column] {
        places.map { rows.columns[partition[$0]] }
    }

    mutating func loadState(from state: OperatorState) throws(SQLError) -> [String] {
        guard !state.isEmpty else { return [] }
        guard state[number: "gap"] == gap, state.batches("held").allSatisfy({ $0.schema == inputSchema }) else {
            throw SQLError(code: .stateMismatch, message: "sessions were saved of another gap, or other columns")
        }
        for batch in state.batches("held") { hold(batch) }
        watermark = state[number: "watermark"] ?? .min
        lateRows = Int(state[number: "late_rows"] ?? 0)
        hasLateCandidates = state[number: "has_late_candidates"] == 1
        return []
    }
}
