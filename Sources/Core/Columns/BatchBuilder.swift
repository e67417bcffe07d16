/// Gathers rows into batches of one schema. The room is kept from batch to batch.
///
///     builder[0].append(int64: 42)
///     builder[3].append(constant: "hit")
///     builder.endRow()               // what was not set in this row is null
///     let batch = builder.finish()
public struct BatchBuilder: Sendable {
    public let schema: Schema
    public var columns: [ColumnBuilder]
    /// Rows ended with `endRow()` since the last `finish()`.
    private(set) var endedRows = 0

    /// - Parameter capacity: rows to make room for at first; more may come.
    public init(schema: Schema, capacity: Int) {
        self.schema = schema
        self.columns = schema.fields.map { ColumnBuilder(type: $0.type, capacity: capacity) }
    }

    public var rowCount: Int {
        guard let first = columns.first else { return endedRows }
        return max(endedRows, first.count)
    }

    public subscript(index: Int) -> ColumnBuilder {
        get { columns[index] }
        _modify { yield &columns[index] }
    }

    /// Ends a row: columns that were given no value in it get a null.
    public mutating func endRow() {
        endedRows += 1
        for index in columns.indices where columns[index].count < endedRows {
            columns[index].appendNull()
        }
    }

    /// Takes back what was appended of a row that has not ended.
    mutating func discardRow() {
        for index in columns.indices {
            while columns[index].count > endedRows { columns[index].removeLast() }
        }
    }

    /// Row `row` of `batch`, which has this builder's schema.
    public mutating func append(_ batch: Batch, row: Int) {
        for index in columns.indices { columns[index].append(batch.columns[index], row: row) }
        endedRows += 1
    }

    /// The batch of what was appended; the builder is empty afterwards. Columns that are shorter than the longest
    /// one are filled with nulls.
    public mutating func finish() -> Batch {
        var rows = endedRows
        for index in columns.indices { rows = max(rows, columns[index].count) }
        var finished: [Column] = []
        finished.reserveCapacity(columns.count)
        for index in columns.indices {
            while columns[index].count < rows { columns[index].appendNull() }
            finished.append(columns[index].finish())
        }
        endedRows = 0
        return Batch(schema: schema, rowCount: rows, columns: finished)
    }
}
