import Columns
import SQL

/// `SELECT DISTINCT`: a row passes when it comes for the first time.
struct Distinct: ~Copyable, StreamOperator {
    private var table: GroupTable
    private var isSeen: [Bool] = []

    init(schema: Schema) { self.table = GroupTable(types: schema.fields.map(\.type)) }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        let groups = table.groups(of: batch.columns, rowCount: batch.rowCount)
        isSeen.grow(to: table.count, filling: false)
        var rows: [UInt32] = []
        for (row, group) in groups.enumerated() where !isSeen[Int(group)] {
            isSeen[Int(group)] = true
            rows.append(UInt32(row))
        }
        if rows.count == batch.rowCount {
            output.append(batch)
        } else if !rows.isEmpty {
            output.append(batch.select(rows: rows))
        }
    }

    var stateBytes: Int { table.byteCount + isSeen.capacity }
}
