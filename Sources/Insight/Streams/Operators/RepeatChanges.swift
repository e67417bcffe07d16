import Columns
import SQL

/// `INTERSECT ALL` and `EXCEPT ALL` over an input that changes: each row as often as a number says. Where only the number
/// changes, as many rows are added or taken back as it went up or down. Their columns that the number is computed from
/// are then those of one change and not of the other, so nobody behind may read them.
struct RepeatChanges: StatelessOperator {
    private let count: RowExpression
    /// Columns that tell rows apart: all that the number does not depend on.
    private let keys: [Int]
    private let schema: Schema
    private let context: EvaluationContext

    /// - Parameter schema: of input and output, without kinds.
    init(count: BoundExpression, schema: Schema, context: EvaluationContext) throws(SQLError) {
        self.count = try RowExpression(count)
        self.schema = schema.changing
        self.context = context
        var read: Set<Int> = []
        _ = count.remappingColumns { column in
            read.insert(column)
            return column
        }
        self.keys = (0..<schema.count).filter { !read.contains($0) }
    }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        let counts = try count.evaluate(batch, context)
        let kinds = batch.changeKinds
        var piece = Piece()
        var row = 0
        while row < batch.rowCount {
            let number = Self.number(counts, row)
            if kinds[row] == .updateBefore, row + 1 < batch.rowCount, isOneRow(batch, row) {
                let change = Self.number(counts, row + 1) - number
                try repeatRow(change > 0 ? row + 1 : row, change, batch, &piece, &output)
                row += 2
            } else {
                try repeatRow(row, kinds[row].isAddition ? number : -number, batch, &piece, &output)
                row += 1
            }
        }
        flush(&piece, batch, &output)
    }

    private static func number(_ counts: Column, _ row: Int) -> Int64 {
        counts.isNull(row) ? 0 : max(counts.int64s?[row] ?? 0, 0)
    }

    private func isOneRow(_ batch: Batch, _ row: Int) -> Bool {
        keys.allSatisfy { batch.columns[$0].isSame(row, as: batch.columns[$0], row + 1) }
    }

    /// - Parameter change: by how many there are more, or fewer.
    private func repeatRow(
        _ row: Int, _ change: Int64, _ batch: Batch, _ piece: inout Piece, _ output: inout [Batch]
    ) throws(SQLError) {
        for _ in 0..<change.magnitude {
            piece.rows.append(UInt32(row))
            piece.kinds.append(change > 0 ? .insert : .delete)
            if piece.rows.count >= Batch.usualRowCount { flush(&piece, batch, &output) }
        }
    }

    private func flush(_ piece: inout Piece, _ batch: Batch, _ output: inout [Batch]) {
        guard !piece.rows.isEmpty else { return }
        let columns = batch.columns.dropLast().map { $0.select(rows: piece.rows) } + [ChangeColumn.make(piece.kinds)]
        output.append(Batch(schema: schema, rowCount: piece.rows.count, columns: columns))
        piece = Piece()
    }

    private struct Piece {
        var rows: [UInt32] = []
        var kinds: [ChangeKind] = []
    }
}
