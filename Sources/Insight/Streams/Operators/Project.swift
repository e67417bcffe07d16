import Columns
import SQL

/// The expressions of a `SELECT` list.
struct Project: StatelessOperator {
    private let expressions: [RowExpression]
    private let schema: Schema
    private let context: EvaluationContext

    init(expressions: [BoundExpression], schema: Schema, context: EvaluationContext) throws(SQLError) {
        var compiled: [RowExpression] = []
        for expression in expressions { compiled.append(try RowExpression(expression)) }
        self.expressions = compiled
        self.schema = schema
        self.context = context
    }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        var columns: [Column] = []
        columns.reserveCapacity(expressions.count)
        for expression in expressions { columns.append(try expression.evaluate(batch, context)) }
        output.append(Batch(schema: schema, rowCount: batch.rowCount, columns: columns))
    }
}
