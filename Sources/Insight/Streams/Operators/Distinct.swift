import Columns
import SQL

/// `SELECT DISTINCT`: a row passes when it comes for the first time.
struct Distinct: ~Copyable, StreamOperator {
    private var table: GroupTable
    private var isSeen: [Bool] = []
    private var changes = GroupChanges()

    private let schema: Schema

    init(schema: Schema) {
        self.schema = schema
        self.table = GroupTable(types: schema.fields.map(\.type))
    }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        let groups = table.groups(of: batch.columns, rowCount: batch.rowCount)
        isSeen.grow(to: table.count, filling: false)
        var rows: [UInt32] = []
        for (row, group) in groups.enumerated() where !isSeen[Int(group)] {
            isSeen[Int(group)] = true
            rows.append(UInt32(row))
        }
        guard !rows.isEmpty else { return }
        changes.note(rows.map { groups[Int($0)] }, groupCount: table.count)
        if rows.count == batch.rowCount {
            output.append(batch)
        } else {
            output.append(batch.select(rows: rows))
        }
    }

    mutating func saveState(into state: inout OperatorState) throws(SQLError) {
        let range = table.firstGroup..<table.count
        let share = state.sequence.map { changes.take(range, sequence: $0) }
        let groups = share?.groups ?? range.map { UInt32($0) }
        let rows = Batch(schema: schema, rowCount: groups.count, columns: table.keys(of: groups))
        state.append([rows], as: "seen", since: share?.since)
    }

    mutating func loadState(from state: OperatorState) throws(SQLError) -> [String] {
        for batch in state.batches("seen") {
            guard batch.schema == schema else {
                throw SQLError(code: .stateMismatch, message: "distinct rows were saved of other columns")
            }
            var seen: [Batch] = []
            try process(batch, output: &seen)
        }
        if let since = state.since("seen") { changes.resume(since: since) }
        return []
    }

    var keeps: String? { "each distinct row" }
    var stateBytes: Int { table.byteCount + isSeen.capacity }
}
