import Columns
import SQL

/// `SELECT DISTINCT`: a row passes when it comes for the first time, or for the first time since it was forgotten.
struct Distinct: ~Copyable, StreamOperator {
    private static let touchedField = Field("$touched", .int64)

    private let schema: Schema
    private var table: GroupTable
    private var isSeen: [Bool] = []
    private var changes = GroupChanges()
    private var timeToLive: TimeToLive?
    /// By row, with a time to live: the watermark at which it last came.
    private var touched: [Int64] = []

    /// - Parameter timeToLive: of a row that doesn't come again, microseconds of event time; `nil` for ever.
    init(schema: Schema, timeToLive: Int64? = nil) {
        self.schema = schema
        self.table = GroupTable(types: schema.fields.map(\.type))
        self.timeToLive = timeToLive.map { TimeToLive(microseconds: $0) }
    }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        let groups = table.groups(of: batch.columns, rowCount: batch.rowCount)
        isSeen.grow(to: table.count, filling: false)
        var rows: [UInt32] = []
        for (row, group) in groups.enumerated() where !isSeen[Int(group)] {
            isSeen[Int(group)] = true
            rows.append(UInt32(row))
        }
        if let timeToLive {
            touched.grow(to: table.count, filling: .min)
            for group in groups { touched[Int(group)] = timeToLive.now }
            changes.note(groups, groupCount: table.count)
        } else if !rows.isEmpty {
            changes.note(rows.map { groups[Int($0)] }, groupCount: table.count)
        }
        guard !rows.isEmpty else { return }
        if rows.count == batch.rowCount {
            output.append(batch)
        } else {
            output.append(batch.select(rows: rows))
        }
    }

    mutating func onWatermark(_ watermark: Int64, output: inout [Batch]) throws(SQLError) {
        let isFirst = timeToLive?.now == .min
        guard let horizon = timeToLive?.advance(to: watermark) else { return }
        if isFirst { for group in touched.indices { touched[group] = watermark } }
        let groups = (table.firstGroup..<table.count).filter { touched[$0] > horizon }
        guard groups.count < table.count - table.firstGroup else { return }
        let keys = table.keys(of: groups.map { UInt32($0) })
        let times = groups.map { touched[$0] }
        table = GroupTable(types: schema.fields.map(\.type))
        isSeen = []
        touched = []
        changes = GroupChanges()
        see(keys, touched: times)
    }

    /// Takes rows for seen.
    private mutating func see(_ keys: [Column], touched times: [Int64]) {
        let groups = table.groups(of: keys, rowCount: times.count)
        isSeen.grow(to: table.count, filling: false)
        if timeToLive != nil { touched.grow(to: table.count, filling: .min) }
        for (row, group) in groups.enumerated() {
            isSeen[Int(group)] = true
            if timeToLive != nil { touched[Int(group)] = times[row] }
        }
    }

    mutating func saveState(into state: inout OperatorState) throws(SQLError) {
        let share = changes.take(table.firstGroup..<table.count, for: state)
        var fields = schema.fields
        var columns = table.keys(of: share.groups)
        if let timeToLive {
            fields.append(Self.touchedField)
            columns.append(Column(integers: touched, of: share.groups))
            state[number: "watermark"] = timeToLive.now
        }
        let rows = Batch(schema: Schema(fields), rowCount: share.groups.count, columns: columns)
        state.append([rows], as: "seen", since: share.since)
    }

    func savedKeys(_ places: [Int], of table: String, _ rows: Batch) throws(SQLError) -> [Column] {
        places.map { rows.columns[$0] }
    }

    mutating func loadState(from state: OperatorState) throws(SQLError) -> [String] {
        let watermark = state[number: "watermark"] ?? .min
        if watermark != .min { timeToLive?.resume(at: watermark) }
        for batch in state.batches("seen") {
            guard batch.schema.fields.filter({ $0 != Self.touchedField }) == schema.fields else {
                throw SQLError(code: .stateMismatch, message: "distinct rows were saved of other columns")
            }
            // Rows that were saved without a time have it from now on.
            let saved = batch.column(Self.touchedField.name)?.int64s
            let times = saved ?? Array(repeating: watermark, count: batch.rowCount)
            see(Array(batch.columns.prefix(schema.count)), touched: times)
        }
        if let since = state.since("seen") { changes.resume(since: since) }
        return []
    }

    var keeps: String? {
        timeToLive.map { "each distinct row, for \(DurationText.of($0.microseconds)) of event time" }
            ?? "each distinct row"
    }

    var stateBytes: Int { table.byteCount + isSeen.capacity + touched.capacity * 8 }
}
