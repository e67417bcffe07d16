/// Rows of one schema, column by column. Immutable, shared by reference across threads.
///
/// Between stages a batch holds 256 to 8,192 rows; the last one of a source may hold fewer.
public final class Batch: Sendable {
    public let schema: Schema
    public let rowCount: Int
    public let columns: [Column]

    /// - Precondition: one column a field, of the field's type and `rowCount` rows.
    public init(schema: Schema, rowCount: Int, columns: [Column]) {
        precondition(schema.count == columns.count, "a column for each field")
        for (field, column) in zip(schema.fields, columns) {
            precondition(column.type == field.type && column.count == rowCount, "column \(field.name) does not fit")
        }
        self.schema = schema
        self.rowCount = rowCount
        self.columns = columns
    }
}
