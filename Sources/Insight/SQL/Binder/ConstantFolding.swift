import Columns

/// Computes what doesn't depend on a row, once, by the kernels that would compute it for every row.
enum ConstantFolding {
    /// `bound` as a literal where its operands are literals and it can be computed; else unchanged. What fails
    /// (a division by zero in a branch that may never run) stays and fails when it is evaluated.
    static func fold(_ bound: Bound, of operands: [Bound]) -> Bound {
        for operand in operands {
            guard case .literal = operand.expression else { return bound }
        }
        switch bound.expression {
        case .literal, .column: return bound
        case .call(let function, _, _) where !function.isFoldable: return bound
        default: break
        }
        guard let compiled = try? CompiledExpression(bound.expression), let value = compiled.constant else {
            return bound
        }
        return Bound(expression: .literal(value, type: bound.type), size: 1, position: bound.position)
    }

    /// A value for a message.
    static func shown(_ value: Value, _ type: SQLType = .varchar) -> String {
        switch value {
        case .null: "NULL"
        case .bool(let value): value ? "TRUE" : "FALSE"
        case .int64(let value): String(value)
        case .float64(let value): String(value)
        case .decimal(let value): DecimalDouble.text(value, scale: type.fieldType.decimalScale ?? 0)
        case .bytes(let bytes): String(decoding: bytes.prefix(60), as: UTF8.self)
        case .ip: "an address"
        }
    }
}
