import Columns
import SQL

/// Grouping sets: each row once for each of them, with nulls for the keys that a set leaves out.
struct Expand: StatelessOperator {
    private let projections: [[RowExpression]]
    private let schema: Schema
    private let context: EvaluationContext

    init(projections: [[BoundExpression]], schema: Schema, context: EvaluationContext) throws(SQLError) {
        var compiled: [[RowExpression]] = []
        for projection in projections {
            var expressions: [RowExpression] = []
            for expression in projection { expressions.append(try RowExpression(expression)) }
            compiled.append(expressions)
        }
        self.projections = compiled
        self.schema = schema
        self.context = context
    }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        for projection in projections {
            var columns: [Column] = []
            columns.reserveCapacity(projection.count)
            for expression in projection { columns.append(try expression.evaluate(batch, context)) }
            output.append(Batch(schema: schema, rowCount: batch.rowCount, columns: columns))
        }
    }
}
