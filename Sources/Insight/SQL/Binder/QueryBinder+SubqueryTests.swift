/// `WHERE` with sub-queries that use columns of the query around them, or are kept up to date: semi and anti joins.
extension QueryBinder {
    /// The rows of `input` for which the condition is true.
    func filter(
        _ input: Relation, by condition: Expression, hiding aliases: Set<String>
    ) throws(SQLError) -> Relation {
        var rest: [Expression] = []
        var tests: [SubqueryTest] = []
        for conjunct in condition.conjuncts {
            if let test = SubqueryTest(conjunct), joinedValues[test.query] == nil,
                try becomesJoin(test.query, of: test.value, over: input.scope, at: test.position)
            {
                tests.append(test)
            } else {
                rest.append(conjunct)
            }
        }
        var result = input
        if !rest.isEmpty {
            var binder = ExpressionBinder(
                scope: input.scope, limits: limits, aggregates: .refused("WHERE"), queries: self)
            binder.hiddenAliases = aliases
            let plain = tests.isEmpty ? condition : rest.count == 1 ? rest[0] : .logical(.and, rest)
            let predicate = try binder.condition(plain, clause: "WHERE").expression
            result = try relation(
                .filter(input: input.plan, predicate: predicate), input.scope, over: [input], at: condition.position)
        }
        for test in tests { result = try join(result, test) }
        return result
    }

    /// Whether the sub-query can't be computed before the query: it uses columns of it, or has more values than a list.
    ///
    /// - Parameter value: of `IN`.
    func becomesJoin(
        _ query: Query, of value: Expression?, over scope: Scope, at position: SourcePosition
    ) throws(SQLError) -> Bool {
        if answers.areJoined || isCorrelated(query, in: scope) { return true }
        guard value != nil else { return false }
        let binder = ExpressionBinder(scope: scope, limits: limits, aggregates: .refused("WHERE"), queries: self)
        guard let answer = try binder.members(of: query, at: position).answer else { return false }
        answers.early[query] = answer
        return answer.rowCount > limits.maximumListLength
    }

    private func join(_ left: Relation, _ test: SubqueryTest) throws(SQLError) -> Relation {
        var select: CorrelatedSelect
        if isCorrelated(test.query, in: left.scope) {
            select = try correlated(test.query, to: left.scope, at: test.position)
        } else {
            select = CorrelatedSelect(relation: try inside(left.scope).bind(test.query), conditions: [], items: nil)
        }
        let kind: JoinKind = test.isNegated ? .anti : .semi
        let width = left.scope.columns.count
        guard let value = test.value else {
            var join = JoinSpecification(kind: kind, conditions: select.conditions, leftCount: width)
            join.readsSubquery = true
            if select.items == nil, select.conditions.isEmpty {
                // Whether there are rows is one row.
                select.relation.plan = LogicalPlan.distinct(of: [], in: select.relation.plan)
                join.leftKeys = [LogicalPlan.one]
                join.rightKeys = [.column(index: 0, type: .boolean)]
                join.holdsAnswers = true
            }
            return try relation(
                .join(left: left.plan, right: select.relation.plan, join: join), left.scope,
                over: [left, select.relation], at: test.position)
        }
        var binder = correlatedBinder(
            left.scope, select.relation.scope, aggregates: "a sub-query with columns around it")
        var outer = ExpressionBinder(scope: left.scope, limits: limits, aggregates: .refused("WHERE"), queries: self)
        let operand = try outer.bind(value)
        let item = try select.onlyItem(&binder, leftCount: width, at: test.position)
        let isEqual = try binder.apply(.equal, [operand, item], at: test.position, shown: "IN").expression
        var join =
            test.isNegated
            ? try notIn(isEqual, [operand, item].map(\.expression), &select, leftCount: width, at: test.position)
            : JoinSpecification(kind: .semi, conditions: select.conditions + [isEqual], leftCount: width)
        join.readsSubquery = true
        return try relation(
            .join(left: left.plan, right: select.relation.plan, join: join), left.scope,
            over: [left, select.relation], at: test.position)
    }

    /// `NOT IN` keeps a row only where each value of the list is known to be another. Where the list is tied to the row by
    /// equal columns alone the engine knows the lists with nulls; else each pair is tested.
    private func notIn(
        _ isEqual: BoundExpression, _ operands: [BoundExpression], _ select: inout CorrelatedSelect, leftCount: Int,
        at position: SourcePosition
    ) throws(SQLError) -> JoinSpecification {
        try select.filterRight(leftCount: leftCount, self, at: position)
        var join = JoinSpecification(kind: .anti, conditions: select.conditions, leftCount: leftCount)
        let value = JoinSpecification(kind: .anti, conditions: [isEqual], leftCount: leftCount)
        if join.residual == nil, value.residual == nil {
            join.leftKeys += value.leftKeys
            join.rightKeys += value.rightKeys
            join.isNullAware = true
            return join
        }
        let unknown = operands.map { BoundExpression.call(.isNull, [$0], type: .boolean) }
        let mayBeEqual = BoundExpression.call(
            .or, [isEqual, .call(.or, unknown, type: .boolean)], type: .boolean)
        join.add([mayBeEqual], leftCount: leftCount)
        return join
    }

    func correlatedBinder(_ outer: Scope, _ inner: Scope, aggregates place: String) -> ExpressionBinder {
        ExpressionBinder(
            scope: Scope(outer: outer, inner: inner), limits: limits, aggregates: .refused(place),
            queries: inside(inner))
    }
}
