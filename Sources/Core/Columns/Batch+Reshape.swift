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

    /// The columns of `schema` by name; nulls where this batch has no column of that name and type.
    public func conformed(to schema: Schema) -> Batch {
        if schema == self.schema { return self }
        let conformed = schema.fields.map { field in
            if let index = self.schema.index(of: field.name), columns[index].type == field.type {
                return columns[index]
            }
            return Column.nulls(field.type, count: rowCount)
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
