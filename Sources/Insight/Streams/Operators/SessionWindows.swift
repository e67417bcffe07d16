import Columns
import SQL

/// `TABLE(SESSION(…))`: the rows of a key that follow each other within the gap are of one session. Rows are held until
/// the watermark has closed their session (or the input ends) and come with the session's bounds.
///
/// As in Flink, rows exactly one gap apart are of one session, which ends a gap after its last row.
struct SessionWindows: ~Copyable, StreamOperator {
    private let gap: Int64
    private let timeColumn: Int
    private let partition: [Int]
    private let schema: Schema
    private let inputSchema: Schema
    private var held: [Batch] = []
    private var bytes = 0
    private var watermark = Int64.min
    /// No held session closes before the watermark is here.
    private var earliestEnd = Int64.max
    /// Rows are held that may be of a session which had closed when they came.
    private var hasLateCandidates = false
    private(set) var lateRows = 0

    init(gapMicroseconds: Int64, timeColumn: Int, partition: [Int], schema: Schema, inputSchema: Schema) {
        self.gap = gapMicroseconds
        self.timeColumn = timeColumn
        self.partition = partition
        self.schema = schema
        self.inputSchema = inputSchema
    }

    var stateBytes: Int { bytes }
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
        held.append(batch)
        bytes += batch.memoryBytes
        guard let first = batch.columns[timeColumn].int64s?.min() else { return }
        earliestEnd = min(earliestEnd, first &+ gap)
        if first &+ gap - 1 <= watermark { hasLateCandidates = true }
    }

    mutating func onWatermark(_ watermark: Int64, output: inout [Batch]) throws(SQLError) {
        guard watermark > self.watermark else { return }
        if hasLateCandidates { close(through: self.watermark, areLate: true, output: &output) }
        self.watermark = watermark
        if earliestEnd - 1 <= watermark { close(through: watermark, areLate: false, output: &output) }
    }

    mutating func finish(output: inout [Batch]) throws(SQLError) {
        if hasLateCandidates { close(through: watermark, areLate: true, output: &output) }
        close(through: .max, areLate: false, output: &output)
    }

    /// Takes the sessions out whose last moment is at most `watermark`.
    private mutating func close(through watermark: Int64, areLate: Bool, output: inout [Batch]) {
        guard !held.isEmpty else { return }
        let all = Batch.concatenate(held)
        let (sessions, order) = bounds(all)
        var closed: [(row: UInt32, start: Int64, end: Int64)] = []
        var open: [UInt32] = []
        earliestEnd = .max
        for session in sessions {
            if session.end - 1 <= watermark {
                for row in order[session.rows] { closed.append((row, session.start, session.end)) }
            } else {
                open += order[session.rows]
                earliestEnd = min(earliestEnd, session.end)
            }
        }
        if areLate { hasLateCandidates = false }
        guard !closed.isEmpty else {
            held = [all]
            bytes = all.memoryBytes
            return
        }
        open.sort()
        held = open.isEmpty ? [] : [all.select(rows: open).compacted()]
        bytes = held.reduce(0) { $0 + $1.memoryBytes }
        guard !areLate else {
            lateRows += closed.count
            return
        }
        closed.sort { $0.end != $1.end ? $0.end < $1.end : $0.row < $1.row }
        func column(_ values: [Int64]) -> Column {
            Column(type: .timestamp, count: values.count, validity: nil, storage: .int64(values))
        }
        let rows = all.select(rows: closed.map(\.row))
        let bounds = [
            column(closed.map(\.start)), column(closed.map(\.end)), column(closed.map { $0.end - 1_000 }),
        ]
        Batch(schema: schema, rowCount: closed.count, columns: rows.columns + bounds).appendPieces(to: &output)
    }

    private struct Session {
        let start: Int64
        var end: Int64
        /// Places in the order of all rows.
        var rows: Range<Int>
    }

    /// The sessions of the rows, by key, then by time; and the rows in that order.
    private func bounds(_ batch: Batch) -> (sessions: [Session], order: [UInt32]) {
        var table = GroupTable(types: partition.map { inputSchema.fields[$0].type })
        let keys = table.groups(of: partition.map { batch.columns[$0] }, rowCount: batch.rowCount)
        let times = batch.columns[timeColumn].int64s ?? []
        let order = Self.order(keys, count: table.count, times)
        var sessions: [Session] = []
        var key: UInt32?
        for (place, row) in order.enumerated() {
            let time = times[Int(row)]
            if key == keys[Int(row)], let last = sessions.last, time <= last.end {
                sessions[sessions.count - 1].end = time + gap
                sessions[sessions.count - 1].rows = last.rows.lowerBound..<place + 1
            } else {
                key = keys[Int(row)]
                sessions.append(Session(start: time, end: time + gap, rows: place..<place + 1))
            }
        }
        return (sessions, order)
    }

    /// Rows by key, then by time. They come more or less in the order of time: only the keys of which they don't are
    /// sorted.
    ///
    /// - Parameter count: of the keys.
    private static func order(_ keys: [UInt32], count: Int, _ times: [Int64]) -> [UInt32] {
        var ends = [Int](repeating: 0, count: count + 1)
        for key in keys { ends[Int(key) + 1] += 1 }
        for key in 0..<count { ends[key + 1] += ends[key] }
        // Where the next row of a key goes; behind the last one it is where the next key begins.
        var next = ends
        var order = [UInt32](repeating: 0, count: keys.count)
        for (row, key) in keys.enumerated() {
            order[next[Int(key)]] = UInt32(row)
            next[Int(key)] += 1
        }
        for key in 0..<count {
            let range = ends[key]..<ends[key + 1]
            let isSorted = range.dropFirst().allSatisfy { times[Int(order[$0 - 1])] <= times[Int(order[$0])] }
            if isSorted { continue }
            order[range].sort { left, right in
                let (a, b) = (times[Int(left)], times[Int(right)])
                return a != b ? a < b : left < right
            }
        }
        return order
    }

    func saveState(into state: inout OperatorState) throws(SQLError) {
        state[number: "watermark"] = watermark
        state[number: "late_rows"] = Int64(lateRows)
        state[number: "gap"] = gap
        state[number: "has_late_candidates"] = hasLateCandidates ? 1 : 0
        state.append(held, as: "held")
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
