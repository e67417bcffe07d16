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
        var found: [FoundSubquery] = []
        for conjunct in body.condition?.conjuncts ?? [] {
            // A test that stands alone becomes a semi or anti join.
            if let test = SubqueryTest(conjunct) {
                if let value = test.value { FoundSubquery.collect(value, isCondition: false, into: &found) }
            } else {
                FoundSubquery.collect(conjunct, isCondition: true, into: &found)
            }
        }
        for case .expression(let expression, _) in body.items {
            FoundSubquery.collect(expression, isCondition: false, into: &found)
        }
        for expression in body.groupBy + orderBy.map(\.expression) {
            FoundSubquery.collect(expression, isCondition: false, into: &found)
        }
        for condition in [body.having, body.qualify].compactMap({ $0 }) {
            FoundSubquery.collect(condition, isCondition: true, into: &found)
        }
        let needsUnknown = Set(found.filter(\.needsUnknown).compactMap(\.expression.subquery))
        var inner = self
        for expression in found.map(\.expression) {
            guard let query = expression.subquery, inner.joinedValues[query] == nil else { continue }
            inner.joinedValues[query] = try inner.joined(
                expression, query, needsUnknown: needsUnknown.contains(query), to: &input)
        }
        return inner.joinedValues
    }

    /// The value of a sub-query over the columns of `input`, with which it is joined for that; `nil` where it is computed
    /// before the query.
    private func joined(
        _ expression: Expression, _ query: Query, needsUnknown: Bool, to input: inout Relation
    ) throws(SQLError) -> BoundExpression? {
        let isKept = answers.areJoined
        switch expression {
        case .inQuery(let value, _, _, let position):
            guard try becomesJoin(query, of: value, over: input.scope, at: position) else { return nil }
            guard !value.containsAggregate, !value.hasOver else {
                throw SQLError(
                    .unsupported, "IN (query) of an aggregate or an OVER function can't be joined", at: position,
                    suggestion: "compute it in a sub-query, and let IN stand in the query around it")
            }
            return try joinMembership(of: value, in: query, needsUnknown: needsUnknown, to: &input, at: position)
        case .exists(_, let position):
            guard isKept || isCorrelated(query, in: input.scope) else { return nil }
            return try joinExists(of: query, to: &input, at: position)
        case .scalarQuery(_, let position):
            // Of plain ones it is known what they give over no rows.
            if isCorrelated(query, in: input.scope) || isKept && query.isPlainSelect {
                return try joinValue(of: query, to: &input, at: position)
            }
            return isKept ? try joinOnlyValue(of: query, to: &input, at: position) : nil
        default: return nil
        }
    }

    private func joinValue(
        of query: Query, to input: inout Relation, at position: SourcePosition
    ) throws(SQLError) -> BoundExpression {
        let width = input.scope.columns.count
        var select = try correlated(query, to: input.scope, at: position)
        try select.filterRight(leftCount: width, self, at: position)
        let join = JoinSpecification(kind: .left, conditions: select.conditions, leftCount: width)
        guard join.residual == nil, !join.leftKeys.isEmpty || answers.areJoined else {
            throw Self.notTiedByEquality(at: position)
        }
        let (calls, value) = try answer(of: select, keys: join.rightKeys, at: position)
        return try joinGroups(of: select.relation, calls, value, by: join, to: &input, at: position)
    }

    /// The value of a sub-query that is the same for all rows: joined as the one row that it comes to.
    private func joinOnlyValue(
        of query: Query, to input: inout Relation, at position: SourcePosition
    ) throws(SQLError) -> BoundExpression {
        let relation = try inside(input.scope).bind(query)
        let join = JoinSpecification(kind: .left, conditions: [], leftCount: input.scope.columns.count)
        let items = relation.scope.columns
        guard items.count == 1 else {
            throw SQLError(
                .invalidQuery, "a query as a value has one column, and this has \(items.count)", at: position)
        }
        let type = items[0].type == .null ? SQLType.integer : items[0].type
        let value = Self.first(.column(index: 0, type: items[0].type), type)
        return try joinGroups(
            of: relation, [Self.rowCount, value], Self.only(type, keyCount: 0), by: join, to: &input, at: position)
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
        join.holdsAnswers = true
        join.readsSubquery = true
        let grouped = LogicalPlan.aggregate(input: relation.plan, keys: keys, aggregates: calls, fields: fields)
        let hidden = Scope.hidden(fields, by: join)
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
        of select: CorrelatedSelect, keys: [BoundExpression], at position: SourcePosition
    ) throws(SQLError) -> ([AggregateCall], BoundExpression) {
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

    private static func first(_ argument: BoundExpression, _ type: SQLType) -> AggregateCall {
        AggregateCall(function: .first, argument: argument, isDistinct: false, filter: nil, type: type)
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
