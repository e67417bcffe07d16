import Columns
import SQL

/// `WHERE` over an input that takes rows back. An update of which one half passes is an insertion or a deletion.
struct FilterChanges: StatelessOperator {
    private let predicate: RowExpression
    private let context: EvaluationContext

    init(predicate: BoundExpression, context: EvaluationContext) throws(SQLError) {
        self.predicate = try RowExpression(predicate, knowsWatermark: true)
        self.context = context
    }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        guard let rows = try predicate.select(batch, context) else {
            output.append(batch)
            return
        }
        if rows.isEmpty { return }
        let kinds = batch.changeKinds
        var kept: [ChangeKind] = []
        kept.reserveCapacity(rows.count)
        for (place, row) in rows.enumerated() {
            let kind = kinds[Int(row)]
            switch kind {
            case .updateBefore:
                let hasAfter = place + 1 < rows.count && rows[place + 1] == row + 1
                kept.append(hasAfter ? kind : .delete)
            case .updateAfter:
                let hasBefore = place > 0 && rows[place - 1] + 1 == row
                kept.append(hasBefore ? kind : .insert)
            case .insert, .delete: kept.append(kind)
            }
        }
        let selected = batch.select(rows: rows)
        output.append(
            Batch(
                schema: selected.schema, rowCount: selected.rowCount,
                columns: selected.columns.dropLast() + [ChangeColumn.make(kept)]))
    }
}
