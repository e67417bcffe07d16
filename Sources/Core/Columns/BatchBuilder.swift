/// Gathers rows into batches of one schema. The room is kept from batch to batch.
///
///     builder[0].append(int64: 42)
///     builder[3].append(constant: "hit")
///     builder.endRow()               // what was not set in this row is null
///     let batch = builder.finish()
public struct BatchBuilder: ~Copyable, @unchecked Sendable {
    public let schema: Schema
    private let columns: UnsafeMutablePointer<ColumnBuilder>
    private let columnCount: Int
    /// Rows ended with `endRow()` since the last `finish()`.
    private(set) var endedRows = 0

    /// - Parameter capacity: rows to make room for at first; more may come.
    public init(schema: Schema, capacity: Int) {
        self.schema = schema
        self.columnCount = schema.count
        self.columns = .allocate(capacity: max(schema.count, 1))
        for (index, field) in schema.fields.enumerated() {
            (columns + index).initialize(to: ColumnBuilder(type: field.type, capacity: capacity))
        }
    }

    deinit {
        columns.deinitialize(count: columnCount)
        columns.deallocate()
    }

    public var rowCount: Int {
        columnCount == 0 ? endedRows : max(endedRows, columns[0].count)
    }

    /// The builder of the column at `index`. By address, because a coroutine a value would cost more than the append.
    public subscript(index: Int) -> ColumnBuilder {
        unsafeAddress {
            precondition(index >= 0 && index < columnCount, "no column of that index")
            return UnsafePointer(columns + index)
        }
        unsafeMutableAddress {
            precondition(index >= 0 && index < columnCount, "no column of that index")
            return columns + index
        }
    }

    /// Ends a row: columns that were given no value in it get a null.
    public mutating func endRow() {
        endedRows += 1
        for index in 0..<columnCount where columns[index].count < endedRows {
            columns[index].appendNull()
        }
    }

    /// Takes back what was appended of a row that has not ended.
    mutating func discardRow() {
        for index in 0..<columnCount {
            while columns[index].count > endedRows { columns[index].removeLast() }
        }
    }

    /// Row `row` of `batch`, which has this builder's schema.
    public mutating func append(_ batch: Batch, row: Int) {
        for index in 0..<columnCount { columns[index].append(batch.columns[index], row: row) }
        endedRows += 1
    }

    /// The batch of what was appended; the builder is empty afterwards. Columns that are shorter than the longest
    /// one are filled with nulls.
    public mutating func finish() -> Batch {
        var rows = endedRows
        for index in 0..<columnCount { rows = max(rows, columns[index].count) }
        var finished: [Column] = []
        finished.reserveCapacity(columnCount)
        for index in 0..<columnCount {
            while columns[index].count < rows { columns[index].appendNull() }
            finished.append(columns[index].finish())
        }
        endedRows = 0
        return Batch(schema: schema, rowCount: rows, columns: finished)
    }
}
