import Columns
import SQL

/// Gives rows that are only added the column of kinds, where others beside or behind them have it.
struct MarkInsertions: StatelessOperator {
    private let schema: Schema

    /// - Parameter schema: of the input.
    init(schema: Schema) { self.schema = schema.changing }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        output.append(
            Batch(
                schema: schema, rowCount: batch.rowCount,
                columns: batch.columns + [ChangeColumn.make(.insert, count: batch.rowCount)]))
    }
}
