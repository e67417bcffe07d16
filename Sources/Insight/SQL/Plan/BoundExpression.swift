public import Columns

/// A literal's value in the form its column would have.
public enum Value: Hashable, Sendable {
    case null
    case bool(Bool)
    /// Integers, timestamps, dates, times, intervals.
    case int64(Int64)
    case float64(Double)
    /// In units of the scale of its type.
    case decimal(Int128)
    /// Text, binary and JSON.
    case bytes([UInt8])
    case ip(IPAddress)
}

/// An expression after binding: names are column indices, types are settled, implicit casts are explicit.
public indirect enum BoundExpression: Hashable, Sendable {
    /// Column `index` of the input's schema.
    case column(index: Int, type: SQLType)
    case literal(Value, type: SQLType)
    /// An operator or a scalar function; the binder has chosen the overload and inserted casts.
    case call(ScalarFunction, [BoundExpression], type: SQLType)
    /// `CAST`, or `TRY_CAST` which gives null where the cast fails.
    case cast(BoundExpression, to: SQLType, isTry: Bool)
    /// Searched `CASE`; a simple `CASE` is bound into this form.
    case caseWhen([CaseBranch], otherwise: BoundExpression, type: SQLType)
    /// `operand [NOT] IN (…)` over literals of the operand's type.
    case inList(BoundExpression, [Value], isNegated: Bool)
    /// Whether the predicate is true for an element of the list, a JSON array. It is over columns of its own: the element
    /// as JSON, then the captured values of the row.
    case anyElement(BoundExpression, captures: [BoundExpression], predicate: BoundExpression)

    public var type: SQLType {
        switch self {
        case .column(_, let type), .literal(_, let type), .call(_, _, let type), .caseWhen(_, _, let type): type
        case .cast(_, let type, _): type
        case .inList, .anyElement: .boolean
        }
    }
}

public struct CaseBranch: Hashable, Sendable {
    public let condition: BoundExpression
    public let result: BoundExpression

    public init(condition: BoundExpression, result: BoundExpression) {
        self.condition = condition
        self.result = result
    }
}
