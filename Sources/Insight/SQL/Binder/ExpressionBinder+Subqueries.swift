import Columns

/// Sub-queries as values. Those that use no columns of the query around them are computed once, before it; others have
/// been turned into joins where that can be done (`QueryBinder+Correlation.swift`).
extension ExpressionBinder {
    /// `(SELECT …)`: the one value of its one row; null where it has none.
    func scalarQuery(_ query: Query, at position: SourcePosition) throws(SQLError) -> Bound {
        if let value = queries?.joinedValues[query] { return Bound(expression: value, size: 4, position: position) }
        let relation = try subquery(query, at: position)
        let type = try onlyColumn(of: relation, "a query as a value", at: position)
        let plan = LogicalPlan.limit(input: relation.plan, count: 2, offset: 0)
        var value = Value.null
        if let answer = try answer(plan, at: position) {
            guard answer.rowCount <= 1 else {
                throw SQLError(
                    .evaluation, "the query gives more than one row where one value is wanted", at: position,
                    suggestion: "an aggregate or LIMIT 1 gives one")
            }
            value = answer.values.first ?? .null
        }
        return Bound(expression: .literal(value, type: type), size: 1, position: position)
    }

    /// `EXISTS (SELECT …)`
    func existsQuery(_ query: Query, at position: SourcePosition) throws(SQLError) -> Bound {
        if let value = queries?.joinedValues[query] { return Bound(expression: value, size: 4, position: position) }
        let relation = try subquery(query, at: position)
        let plan = LogicalPlan.limit(input: relation.plan, count: 1, offset: 0)
        let answer = try answer(plan, at: position)
        let value = Value.bool((answer?.rowCount ?? 0) > 0)
        return Bound(expression: .literal(value, type: .boolean), size: 1, position: position)
    }

    /// `value [NOT] IN (SELECT …)`
    mutating func inQuery(
        _ value: Expression, _ query: Query, isNegated: Bool, at position: SourcePosition
    ) throws(SQLError) -> Bound {
        if let mark = queries?.joinedValues[query] {
            return negated(Bound(expression: mark, size: 12, position: position), if: isNegated)
        }
        let operand = try bind(value)
        let (answer, type) = try members(of: query, at: position)
        let values = answer?.values ?? [.null]
        guard values.count <= limits.maximumListLength else {
            throw SQLError(
                .limitExceeded, "IN (query) compares with more than \(limits.maximumListLength) values", at: position,
                suggestion: "narrow the query, or let IN stand in WHERE alone or beside others with AND")
        }
        guard !values.isEmpty else {
            return Bound(expression: .literal(.bool(isNegated), type: .boolean), size: 1, position: position)
        }
        let items = values.map { Bound(expression: .literal($0, type: type), size: 1, position: position) }
        return try bindIn(operand, items, isNegated: isNegated, at: position)
    }

    /// The distinct values of an `IN (query)`, one more than a list may have at the most.
    func members(
        of query: Query, at position: SourcePosition
    ) throws(SQLError) -> (answer: SubqueryAnswer?, type: SQLType) {
        let relation = try subquery(query, at: position)
        let type = try onlyColumn(of: relation, "IN (query)", at: position)
        if let known = queries?.answers.early[query] { return (known, type) }
        let plan = LogicalPlan.limit(
            input: .distinct(input: relation.plan), count: limits.maximumListLength + 1, offset: 0)
        return (try answer(plan, at: position), type)
    }

    private func subquery(_ query: Query, at position: SourcePosition) throws(SQLError) -> Relation {
        guard let queries else {
            var place = "a condition over single rows"
            if case .refused(let clause) = aggregates { place = clause }
            throw SQLError(.unsupported, "a query can't stand in \(place)", at: position)
        }
        return try queries.inside(scope).bind(query)
    }

    private func answer(_ plan: LogicalPlan, at position: SourcePosition) throws(SQLError) -> SubqueryAnswer? {
        try queries?.answers.answer(to: Optimizer.optimize(plan), at: position)
    }

    private func onlyColumn(
        of relation: Relation, _ what: String, at position: SourcePosition
    ) throws(SQLError) -> SQLType {
        guard relation.scope.columns.count == 1 else {
            throw SQLError(
                .invalidQuery, "\(what) has one column, and this has \(relation.scope.columns.count)", at: position)
        }
        return relation.scope.columns[0].type
    }
}
