extension Batch {
    /// Rows of `range`, copied.
    public func slice(_ range: Range<Int>) -> Batch {
        if range == 0..<rowCount { return self }
        return Batch(schema: schema, rowCount: range.count, columns: columns.map { $0.slice(range) })
    }

    /// The rows of the selection vector, in its order.
    public func select(rows: [UInt32]) -> Batch {
        Batch(schema: schema, rowCount: rows.count, columns: columns.map { $0.select(rows: rows) })
    }

    /// The columns at `indexes`, in that order.
    public func project(_ indexes: [Int]) -> Batch {
        Batch(
            schema: Schema(indexes.map { schema.fields[$0] }), rowCount: rowCount, columns: indexes.map { columns[$0] })
    }

    /// The columns of `schema` by name; integers as doubles and doubles as integers where they are
    /// whole; nulls where this batch has no column of that name and such a type.
    public func conformed(to schema: Schema) -> Batch {
        if schema == self.schema { return self }
        let conformed = schema.fields.map { field in
            let column = self.schema.index(of: field.name).flatMap { columns[$0].converted(to: field.type) }
            return column ?? Column.nulls(field.type, count: rowCount)
        }
        return Batch(schema: schema, rowCount: rowCount, columns: conformed)
    }

    public func column(_ name: String) -> Column? {
        schema.index(of: name).map { columns[$0] }
    }

    /// The rows of all `batches` one after the other.
    /// - Precondition: there is at least one, and all have the same schema.
    public static func concatenate(_ batches: [Batch]) -> Batch {
        precondition(!batches.isEmpty, "nothing to concatenate")
        if batches.count == 1 { return batches[0] }
        let schema = batches[0].schema
        for batch in batches { precondition(batch.schema == schema, "batches of different schemas") }
        let rows = batches.reduce(0) { $0 + $1.rowCount }
        let columns = (0..<schema.count).map { index in
            Column.concatenate(batches.map { $0.columns[index] }, type: schema.fields[index].type)
        }
        return Batch(schema: schema, rowCount: rows, columns: columns)
    }
}

extension Column {
    /// Numbers of one type as those of another, null where it doesn't hold them; `nil` for other types.
    public func converted(to wanted: FieldType) -> Column? {
        if type == wanted { return self }
        switch (storage, wanted) {
        case (.int64(let values), .float64) where type == .int64:
            return Column(type: wanted, count: count, validity: validity, storage: .float64(values.map { Double($0) }))
        case (.float64(let values), .int64):
            var valid = validity ?? Bitmap(repeating: true, count: count)
            var whole = [Int64](repeating: 0, count: count)
            for row in 0..<count {
                if let value = Int64(exactly: values[row]) { whole[row] = value } else { valid[row] = false }
            }
            return Column(type: wanted, count: count, validity: valid, storage: .int64(whole))
        default: return nil
        }
    }
}
