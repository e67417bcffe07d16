import Columns
import SQL

/// The last step of a query whose answer changes: the column of kinds becomes the first one, `op`.
struct ShowChanges: StatelessOperator {
    private let schema: Schema

    init(fields: [PlanField]) { self.schema = Schema(planFields: Self.fields(fields)) }

    static func fields(_ fields: [PlanField]) -> [PlanField] {
        [PlanField(name: ChangeColumn.name, type: .varchar)] + fields
    }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        guard let kinds = batch.columns.last else { return }
        output.append(
            Batch(schema: schema, rowCount: batch.rowCount, columns: [kinds] + batch.columns.dropLast()))
    }
}
