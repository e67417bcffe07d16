import Bytes
import Columns
import SQL

/// Columns of a topic that are read in other types than they were stored in: as a table declares them, or as a query
/// began with them.
enum StoredTypes {
    /// Whether what is stored in one type can be read in another. Values that don't fit are null then.
    static func canRead(_ stored: FieldType, as wanted: SQLType) -> Bool {
        if stored == wanted.fieldType { return true }
        switch wanted {
        // Integers to the log: what is read of text would be a number, and no day.
        case .null, .date, .time, .intervalDaySecond, .intervalYearMonth: return false
        default: return canConvert(stored, to: wanted.fieldType)
        }
    }

    fileprivate static func canConvert(_ stored: FieldType, to wanted: FieldType) -> Bool {
        switch (stored, wanted) {
        case (.bytes, _), (_, .bytes), (_, .json): false
        case (.string, _), (_, .string), (.json, _): true
        default: isNumber(stored) && isNumber(wanted)
        }
    }

    private static func isNumber(_ type: FieldType) -> Bool {
        switch type {
        case .int64, .float64, .decimal: true
        case .bool, .timestamp, .string, .bytes, .ip, .json: false
        }
    }

    /// What a table declares and can't be read out of what is stored.
    static func refusal(of field: PlanField, stored: FieldType, table: String, topic: String) -> SQLError {
        let type = SQLType(carriedBy: stored)
        return SQLError(
            code: .typeMismatch,
            message: "column \(field.name) of table \(table) is declared as \(field.type.name), and topic \(topic) "
                + "has \(type.name), which can't be read as that",
            suggestion: "declare it as \(type.name), and compute from it what is meant, in a column … AS …")
    }
}

extension Batch {
    /// The columns of `schema` by name, in its types; nulls where this batch has no such column.
    func read(as schema: Schema) -> Batch {
        if schema == self.schema { return self }
        let columns = schema.fields.map { field in
            column(field.name)?.read(as: field.type) ?? .nulls(field.type, count: rowCount)
        }
        return Batch(schema: schema, rowCount: rowCount, columns: columns)
    }
}

extension Column {
    /// The values in another type, null where it doesn't hold them: as `TRY_CAST` has them, but that no fraction of a
    /// number is cut off. `nil` where there is no conversion.
    func read(as wanted: FieldType) -> Column? {
        if let numbers = converted(to: wanted) { return numbers }
        guard StoredTypes.canConvert(type, to: wanted) else { return nil }
        if case .decimal(let units) = storage, wanted == .int64 { return wholeNumbers(units) }
        let value = BoundExpression.column(index: 0, type: SQLType(carriedBy: type))
        let cast = BoundExpression.cast(value, to: SQLType(carriedBy: wanted), isTry: true)
        let rows = Batch(schema: Schema([Field("value", type)]), rowCount: count, columns: [self])
        // It fails at more than two gigabytes of text alone, which no frame becomes.
        let context = EvaluationContext(now: 0, maximumTextBytes: .max)
        return try? CompiledExpression(cast).evaluate(rows, context: context)
    }

    private func wholeNumbers(_ units: [Int128]) -> Column {
        let power = PowersOfTen.int128[type.decimalScale ?? 0]
        var valid = validity ?? Bitmap(repeating: true, count: count)
        var whole = [Int64](repeating: 0, count: count)
        for row in 0..<count {
            let (quotient, rest) = units[row].quotientAndRemainder(dividingBy: power)
            if rest == 0, let value = Int64(exactly: quotient) { whole[row] = value } else { valid[row] = false }
        }
        return Column(type: .int64, count: count, validity: valid, storage: .int64(whole))
    }
}
