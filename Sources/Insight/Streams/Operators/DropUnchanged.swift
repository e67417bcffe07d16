import Columns
import SQL

/// Behind a projection of a changing result: an update that only columns tell of which are not selected is none.
struct DropUnchanged: StatelessOperator {
    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        let kinds = batch.changeKinds
        let columns = batch.columns.dropLast()
        var kept: [UInt32] = []
        kept.reserveCapacity(batch.rowCount)
        var row = 0
        while row < batch.rowCount {
            let isPair = kinds[row] == .updateBefore && row + 1 < batch.rowCount
            if isPair, columns.allSatisfy({ $0.isSame(row, as: $0, row + 1) }) {
                row += 2
                continue
            }
            kept.append(UInt32(row))
            row += 1
        }
        if kept.count == batch.rowCount { return output.append(batch) }
        if !kept.isEmpty { output.append(batch.select(rows: kept)) }
    }
}
