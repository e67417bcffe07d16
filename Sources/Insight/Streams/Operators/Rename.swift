import Columns
import SQL

/// Gives columns new names by position.
struct Rename: StatelessOperator {
    private let schema: Schema

    init(schema: Schema) { self.schema = schema }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        output.append(Batch(schema: schema, rowCount: batch.rowCount, columns: batch.columns))
    }
}
