/// Rows that lie in several batches, in any order, as one batch.
///
/// Each batch's rows are taken together and put in order at the end: going from batch to batch by the row would cost several
/// counts of references a value.
public struct GatheredRows: ~Copyable {
    private let batches: [Batch]
    private var places: [(batch: UInt32, row: UInt32)] = []

    /// - Parameters:
    ///   - batches: of one schema.
    ///   - capacity: rows to make room for at first.
    public init(of batches: [Batch], capacity: Int) {
        self.batches = batches
        places.reserveCapacity(capacity)
    }

    public mutating func append(batch: Int, row: UInt32) {
        places.append((UInt32(truncatingIfNeeded: batch), row))
    }

    /// - Parameter schema: the batches'.
    public consuming func batch(_ schema: Schema) -> Batch {
        // A few rows of very many batches.
        if batches.count / 4 > places.count { return batchByRow(schema) }
        var rows: [[UInt32]] = Array(repeating: [], count: batches.count)
        for (batch, row) in places { rows[Int(batch)].append(row) }
        var starts: [UInt32] = []
        var start: UInt32 = 0
        for part in rows {
            starts.append(start)
            start += UInt32(part.count)
        }
        let order = places.map { batch, _ in
            defer { starts[Int(batch)] += 1 }
            return starts[Int(batch)]
        }
        let used = rows.indices.filter { !rows[$0].isEmpty }
        let columns = schema.fields.indices.map { index in
            let parts = used.map { (batches[$0].columns[index], rows[$0]) }
            let column = Self.joined(parts, type: schema.fields[index].type, count: order.count)
            return used.count > 1 ? column.select(rows: order) : column
        }
        return Batch(schema: schema, rowCount: order.count, columns: columns)
    }

    private static func joined(_ parts: [(column: Column, rows: [UInt32])], type: FieldType, count: Int) -> Column {
        guard type.isByteStrings, parts.count > 1 else {
            return Column.concatenate(parts.map { $0.column.select(rows: $0.rows) }, type: type)
        }
        // Of each dictionary only what the rows have of it.
        var builder = ColumnBuilder(type: type, capacity: count)
        for (column, rows) in parts {
            for row in rows { builder.append(column, row: Int(row)) }
        }
        return builder.finish()
    }

    private func batchByRow(_ schema: Schema) -> Batch {
        var builder = BatchBuilder(schema: schema, capacity: places.count)
        for (batch, row) in places { builder.append(batches[Int(batch)], row: Int(row)) }
        return builder.finish()
    }
}
