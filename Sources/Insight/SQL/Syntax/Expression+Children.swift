extension Expression {
    /// The expressions right inside of this one; not those of sub-queries.
    var children: [Expression] {
        switch self {
        case .name, .literal, .exists, .scalarQuery: []
        case .unary(_, let operand, _), .cast(let operand, _, _, _), .truth(let operand, _, _, _),
            .inQuery(let operand, _, _, _):
            [operand]
        case .binary(_, let left, let right, _), .distinctFrom(let left, let right, _, _): [left, right]
        case .logical(_, let operands): operands
        case .call(let call): call.arguments + call.orderBy.map(\.expression) + (call.filter.map { [$0] } ?? [])
        case .caseWhen(let operand, let clauses, let otherwise, _):
            [operand, otherwise].compactMap { $0 } + clauses.flatMap { [$0.condition, $0.result] }
        case .like(let text, let pattern, let escape, _, _): [text, pattern] + (escape.map { [$0] } ?? [])
        case .between(let value, let low, let high, _, _, _): [value, low, high]
        case .inList(let value, let items, _, _): [value] + items
        }
    }

    /// The query that it is, or tests.
    var subquery: Query? {
        switch self {
        case .inQuery(_, let query, _, _), .exists(let query, _), .scalarQuery(let query, _): query
        default: nil
        }
    }

    /// The conditions that all must hold.
    var conjuncts: [Expression] {
        guard case .logical(.and, let operands) = self else { return [self] }
        return operands.flatMap(\.conjuncts)
    }
}

/// `[NOT] EXISTS (query)` or `value [NOT] IN (query)` as a condition of its own.
struct SubqueryTest {
    var query: Query
    /// Of `IN`.
    var value: Expression?
    var isNegated: Bool
    var position: SourcePosition

    init?(_ condition: Expression) {
        switch condition {
        case .exists(let query, let position):
            self.init(query: query, value: nil, isNegated: false, position: position)
        case .inQuery(let value, let query, let isNegated, let position):
            self.init(query: query, value: value, isNegated: isNegated, position: position)
        case .unary(.not, let operand, _):
            guard var test = SubqueryTest(operand) else { return nil }
            test.isNegated.toggle()
            self = test
        default: return nil
        }
    }

    private init(query: Query, value: Expression?, isNegated: Bool, position: SourcePosition) {
        self.query = query
        self.value = value
        self.isNegated = isNegated
        self.position = position
    }
}
