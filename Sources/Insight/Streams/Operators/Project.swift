import Columns
import SQL

/// The expressions of a `SELECT` list.
struct Project: StatelessOperator {
    private let expressions: [RowExpression]
    private let schema: Schema
    private let context: EvaluationContext
    private let keepsKinds: Bool

    /// - Parameter keepsKinds: the input changes: its last column are the kinds, which go along.
    init(
        expressions: [BoundExpression], schema: Schema, context: EvaluationContext, keepsKinds: Bool = false
    ) throws(SQLError) {
        var compiled: [RowExpression] = []
        for expression in expressions {
            compiled.append(try RowExpression(expression, knowsWatermark: true))
        }
        self.expressions = compiled
        self.schema = keepsKinds ? schema.changing : schema
        self.keepsKinds = keepsKinds
        self.context = context
    }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        var columns: [Column] = []
        columns.reserveCapacity(expressions.count + 1)
        for expression in expressions { columns.append(try expression.evaluate(batch, context)) }
        if keepsKinds, let kinds = batch.columns.last { columns.append(kinds) }
        output.append(Batch(schema: schema, rowCount: batch.rowCount, columns: columns))
    }
}
