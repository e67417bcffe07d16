import Columns
import SQL

/// `WHERE`.
struct Filter: StatelessOperator {
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
        if !rows.isEmpty { output.append(batch.select(rows: rows)) }
    }
}
