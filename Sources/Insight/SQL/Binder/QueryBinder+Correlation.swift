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
        let isGrouped = Self.isGrouped(body, orderBy)
        let rowCount = found.count
        for case .expression(let expression, _) in body.items { Self.collect(expression, into: &found) }
        for expression in body.groupBy + [body.having].compactMap({ $0 }) + orderBy.map(\.expression) {
            Self.collect(expression, into: &found)
        }
        for (index, expression) in found.enumerated() {
            switch expression {
            case .scalarQuery(let query, let position), .exists(let query, let position):
                guard values[query] == nil else { continue }
                var isTest = false
                if case .exists = expression { isTest = true }
                // Of plain ones it is known what they give over no rows.
                guard !answers.areJoined || !isGrouped || index < rowCount else {
                    throw SQLError(
                        .unsupported, "a query as a value beside groups can't be kept up to date", at: position,
                        suggestion: "group in a sub-query, and let the value stand in the query around it")
                }
                if isCorrelated(query, in: input.scope) || answers.areJoined && query.isPlainSelect {
                    values[query] = try joinValue(of: query, isTest: isTest, to: &input, at: position)
                } else if answers.areJoined {
                    values[query] = try joinOnlyValue(of: query, isTest: isTest, to: &input, at: position)
                }
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
        let join = JoinSpecification(kind: .left, conditions: select.conditions, leftCount: width)
        guard join.residual == nil, !join.leftKeys.isEmpty || answers.areJoined else {
            throw SQLError(
                .unsupported, "a sub-query as a value is tied to the query around it by equal columns alone",
                at: position, suggestion: "WHERE inner = outer AND conditions on inner columns, or a join")
        }
        let (calls, value) = try answer(of: select, keys: join.rightKeys, isTest: isTest, at: position)
        return try joinGroups(of: select.relation, calls, value, by: join, to: &input, at: position)
    }

    /// The value of a sub-query that is the same for all rows: joined as the one row that it comes to.
    private func joinOnlyValue(
        of query: Query, isTest: Bool, to input: inout Relation, at position: SourcePosition
    ) throws(SQLError) -> BoundExpression {
        let relation = try inside(input.scope).bind(query)
        let join = JoinSpecification(kind: .left, conditions: [], leftCount: input.scope.columns.count)
        let items = relation.scope.columns
        guard isTest || items.count == 1 else {
            throw SQLError(
                .invalidQuery, "a query as a value has one column, and this has \(items.count)", at: position)
        }
        var calls = [Self.rowCount]
        var value = Self.isThere(keyCount: 0)
        if !isTest {
            let type = items[0].type == .null ? SQLType.integer : items[0].type
            calls.append(Self.first(.column(index: 0, type: items[0].type), type))
            value = Self.only(type, keyCount: 0)
        }
        return try joinGroups(of: relation, calls, value, by: join, to: &input, at: position)
    }

    /// Joins aggregates over the groups that the right keys make.
    ///
    /// - Parameter value: over the keys and the aggregates.
    private func joinGroups(
        of relation: Relation, _ calls: [AggregateCall], _ value: BoundExpression, by join: JoinSpecification,
        to input: inout Relation, at position: SourcePosition
    ) throws(SQLError) -> BoundExpression {
        let width = input.scope.columns.count
        let keys = join.rightKeys
        let fields =
            keys.enumerated().map { PlanField(name: "$key\($0)", type: $1.type) }
            + calls.enumerated().map { PlanField(name: "$aggregate\($0)", type: $1.type) }
        var join = join
        join.rightKeys = keys.enumerated().map { .column(index: $0, type: $1.type) }
        let grouped = LogicalPlan.aggregate(input: relation.plan, keys: keys, aggregates: calls, fields: fields)
        let hidden = fields.map { Scope.Column(name: $0.name, type: $0.type, isHidden: true) }
        input = try self.relation(
            .join(left: input.plan, right: grouped, join: join), Scope(input.scope.columns + hidden),
            over: [input, relation], nodes: 2, at: position)
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
        if isTest { return ([Self.rowCount], Self.isThere(keyCount: keys.count)) }
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
        let value = Self.first(try binder.cast(item, to: type).expression, type)
        return ([Self.rowCount, value], Self.only(type, keyCount: keys.count))
    }

    private static let rowCount = AggregateCall(
        function: .countAll, argument: nil, isDistinct: false, filter: nil, type: .bigint)

    private static func first(_ argument: BoundExpression, _ type: SQLType) -> AggregateCall {
        AggregateCall(function: .first, argument: argument, isDistinct: false, filter: nil, type: type)
    }

    /// Whether the number of rows, behind the keys, is above zero.
    private static func isThere(keyCount: Int) -> BoundExpression {
        let zero = BoundExpression.literal(.int64(0), type: .bigint)
        return .call(.greater, [.column(index: keyCount, type: .bigint), zero], type: .boolean)
    }

    /// The value behind the keys and the number of rows, which is one at the most.
    private static func only(_ type: SQLType, keyCount: Int) -> BoundExpression {
        let message = "the query gives more than one row where one value is wanted"
        let one = BoundExpression.literal(.int64(1), type: .bigint)
        let several = BoundExpression.call(.greater, [.column(index: keyCount, type: .bigint), one], type: .boolean)
        let failure = BoundExpression.call(
            .raise, [.literal(.bytes(Array(message.utf8)), type: .varchar)], type: type)
        return .caseWhen(
            [CaseBranch(condition: several, result: failure)],
            otherwise: .column(index: keyCount + 1, type: type), type: type)
    }
}
