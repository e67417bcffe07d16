public import Columns

/// How a topic's schema grows when events bring new fields or other types.
enum SchemaWidening {
    /// Whether values of `narrow` can be read as `wide` without loss. A decimal may get more digits behind the point:
    /// it would have to have more than 38 digits then to be lost.
    static func holds(_ wide: FieldType, _ narrow: FieldType) -> Bool {
        if wide == narrow { return true }
        switch (wide, narrow) {
        case (.json, _), (.float64, .int64): return true
        case (.decimal(let scale), .decimal(let narrower)): return scale > narrower
        case (.decimal(let scale), .int64): return scale <= integerDecimalScale
        default: return false
        }
    }

    /// 64-bit integers have up to 19 digits of the 38.
    private static let integerDecimalScale = 19

    /// The narrowest type that holds both.
    static func common(_ left: FieldType, _ right: FieldType) -> FieldType {
        if holds(left, right) { return left }
        if holds(right, left) { return right }
        return .json
    }

    /// `schema` with the fields of `other`, each type widened where it must be. Fields keep their order.
    static func widen(_ schema: Schema, with other: Schema) -> Schema {
        var fields = schema.fields
        for field in other.fields {
            if let index = schema.index(of: field.name) {
                fields[index].type = common(fields[index].type, field.type)
            } else {
                fields.append(field)
            }
        }
        return Schema(fields)
    }

    /// The first field of `batch` that a topic of `schema` cannot keep.
    static func misfit(_ batch: Schema, in schema: Schema) -> Field? {
        batch.fields.first { field in
            guard let index = schema.index(of: field.name) else { return true }
            return !holds(schema.fields[index].type, field.type)
        }
    }
}

extension Schema {
    /// The type of a topic's column that would have to become another one to keep values of `field`; `nil` where it
    /// keeps them, or there is no such column yet.
    public func typeThatRefuses(_ field: Field) -> FieldType? {
        guard let type = index(of: field.name).map({ fields[$0].type }) else { return nil }
        return SchemaWidening.holds(type, field.type) ? nil : type
    }
}
