/// What `UNNEST` repeats rows by.
public struct UnnestedList: Hashable, Sendable {
    /// A column that is put behind the row.
    public enum Part: String, Hashable, Sendable {
        /// The name of a member; null for elements of arrays.
        case key = "$key"
        /// The element as JSON.
        case value = "$value"
        /// From 1.
        case place = "$place"

        public var type: SQLType {
            switch self {
            case .key: .varchar
            case .value: .json
            case .place: .bigint
            }
        }
    }

    /// A JSON array or object; or, where `isCount`, the number of repetitions as a BIGINT.
    public var expression: BoundExpression
    public var isCount: Bool
    public var parts: [Part]
    /// A row whose list is empty, or none, comes once, with nulls.
    public var keepsEmpty: Bool

    /// The row as often as a number says, without more columns. What the number is computed from is not to be read behind
    /// it: of a changing result it is not kept up.
    static func times(_ count: BoundExpression) -> UnnestedList {
        UnnestedList(expression: count, isCount: true, parts: [], keepsEmpty: false)
    }

    public var fields: [PlanField] { parts.map { PlanField(name: $0.rawValue, type: $0.type) } }
}
