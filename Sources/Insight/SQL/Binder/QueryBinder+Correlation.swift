/// Sub-queries as values that use columns of the query around them: the table is joined with their answers, one row for each
/// combination of those columns.
extension QueryBinder {
    /// Joins the values of all such sub-queries in a SELECT.
    ///
    /// - Parameter input: what FROM gives; the joined columns stand behind it, hidden.
    /// - Returns: the value of each over the columns of `input`.
    func joinValues(
        of body: SelectBody, _ orderBy: [OrderItem], to input: inout Relation
    ) throws(SQLError) -> [Query: BoundExpression] {
        var values: [Query: BoundExpression] = [:]
        var found: [Expression] = []
        for conjunct in body.condition?.conjuncts ?? [] {
            // A test that stands alone becomes a semi or anti join.
            if let test = SubqueryTest(conjunct) {
                if let value = test.value { Self.collect(value, into: &found) }
            } else {
                Self.collect(conjunct, into: &found)
            }
        }
        for case .expression(let expression, _) in body.items { Self.collect(expression, into: &found) }
        for expression in body.groupBy + [body.having].compactMap({ $0 }) + orderBy.map(\.expression) {
            Self.collect(expression, into: &found)
        }
        for expression in found {
            switch expression {
            case .scalarQuery(let query, let position):
                guard values[query] == nil, isCorrelated(query, in: input.scope) else { continue }
                values[query] = try joinValue(of: query, isTest: false, to: &input, at: position)
            case .exists(let query, let position):
                guard values[query] == nil, isCorrelated(query, in: input.scope) else { continue }
                values[query] = try joinValue(of: query, isTest: true, to: &input, at: position)
            default: continue
            }
        }
        return values
    }

    private static func collect(_ expression: Expression, into found: inout [Expression]) {
        switch expression {
        case .scalarQuery, .exists: found.append(expression)
        default: for child in expression.children { collect(child, into: &found) }
        }
    }

    private func joinValue(
        of query: Query, isTest: Bool, to input: inout Relation, at position: SourcePosition
    ) throws(SQLError) -> BoundExpression {
        let width = input.scope.columns.count
        var select = try correlated(query, to: input.scope, at: position)
        try select.filterRight(leftCount: width, self, at: position)
        var join = JoinSpecification(kind: .left, conditions: select.conditions, leftCount: width)
        guard join.residual == nil, !join.leftKeys.isEmpty else {
            throw SQLError(
                .unsupported, "a sub-query as a value is tied to the query around it by equal columns alone",
                at: position, suggestion: "WHERE inner = outer AND conditions on inner columns, or a join")
        }
        let keys = join.rightKeys
        let (calls, value) = try answer(of: select, keys: keys, isTest: isTest, at: position)
        let fields =
            keys.enumerated().map { PlanField(name: "$key\($0)", type: $1.type) }
            + calls.enumerated().map { PlanField(name: "$aggregate\($0)", type: $1.type) }
        join.rightKeys = keys.enumerated().map { .column(index: $0, type: $1.type) }
        let grouped = LogicalPlan.aggregate(
            input: select.relation.plan, keys: keys, aggregates: calls, fields: fields)
        let hidden = fields.map { Scope.Column(name: $0.name, type: $0.type, isHidden: true) }
        input = try relation(
            .join(left: input.plan, right: grouped, join: join), Scope(input.scope.columns + hidden),
            over: [input, select.relation], nodes: 2, at: position)
        // Over no rows a COUNT is 0, not null.
        let columns = fields.enumerated().map { index, field -> BoundExpression in
            let column = BoundExpression.column(index: width + index, type: field.type)
            guard index >= keys.count, [.count, .countAll].contains(calls[index - keys.count].function) else {
                return column
            }
            return .call(.coalesce, [column, .literal(.int64(0), type: .bigint)], type: .bigint)
        }
        return value.replacingColumns(columns)
    }

    /// The aggregates that a sub-query comes to, and its value over the keys and them.
    private func answer(
        of select: CorrelatedSelect, keys: [BoundExpression], isTest: Bool, at position: SourcePosition
    ) throws(SQLError) -> ([AggregateCall], BoundExpression) {
        let count = AggregateCall(function: .countAll, argument: nil, isDistinct: false, filter: nil, type: .bigint)
        let counted = BoundExpression.column(index: keys.count, type: .bigint)
        if isTest {
            let zero = BoundExpression.literal(.int64(0), type: .bigint)
            return ([count], .call(.greater, [counted, zero], type: .boolean))
        }
        guard let items = select.items, items.count == 1 else {
            throw SQLError(.invalidQuery, "a query as a value has one column", at: position)
        }
        var binder = ExpressionBinder(
            scope: select.relation.scope, limits: limits, aggregates: .collected, queries: inside(select.relation.scope)
        )
        let item = try binder.bind(items[0])
        guard !items[0].containsAggregate else {
            let rewriter = GroupedRewriter(
                keys: keys, inputCount: select.relation.scope.columns.count, groupingSets: nil)
            do {
                return (binder.collected, try rewriter.rewrite(item.expression))
            } catch {
                throw SQLError(
                    .misplacedAggregate, "a column beside an aggregate in a query as a value", at: item.position,
                    suggestion: "let all of it be inside of aggregates")
            }
        }
        let type = item.type == .null ? SQLType.integer : item.type
        let value = AggregateCall(
            function: .first, argument: try binder.cast(item, to: type).expression, isDistinct: false, filter: nil,
            type: type)
        let message = "the query gives more than one row where one value is wanted"
        let several = BoundExpression.call(
            .greater, [counted, .literal(.int64(1), type: .bigint)], type: .boolean)
        let failure = BoundExpression.call(
            .raise, [.literal(.bytes(Array(message.utf8)), type: .varchar)], type: type)
        return (
            [count, value],
            .caseWhen(
                [CaseBranch(condition: several, result: failure)],
                otherwise: .column(index: keys.count + 1, type: type), type: type)
        )
    }
}
