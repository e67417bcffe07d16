import SQL

/// What an aggregate works on: its keys, arguments and conditions. Where rows that an expression fails on are to be left
/// out, these are computed by a step of their own before it, since half of an aggregate can't be taken back.
struct AggregateValues {
    private(set) var fields: [PlanField]
    private(set) var expressions: [BoundExpression]
    private let inputCount: Int
    private let areApart: Bool

    init(_ input: [PlanField], areApart: Bool) {
        self.areApart = areApart
        inputCount = input.count
        fields = input
        expressions = input.enumerated().map { .column(index: $0.offset, type: $0.element.type) }
    }

    var isNeeded: Bool { expressions.count > inputCount }

    /// The expression as the aggregate is to compute it.
    ///
    /// - Parameter condition: rows for which it doesn't hold don't count, and must not fail.
    mutating func take(_ expression: BoundExpression, where condition: BoundExpression? = nil) -> BoundExpression {
        if case .column = expression { return expression }
        guard areApart else { return expression }
        var computed = expression
        if let condition {
            let none = BoundExpression.literal(.null, type: expression.type)
            computed = .caseWhen(
                [CaseBranch(condition: condition, result: expression)], otherwise: none, type: expression.type)
        }
        if let known = expressions.firstIndex(of: computed) { return .column(index: known, type: expression.type) }
        expressions.append(computed)
        fields.append(PlanField(name: "$\(fields.count)", type: expression.type))
        return .column(index: expressions.count - 1, type: expression.type)
    }
}
