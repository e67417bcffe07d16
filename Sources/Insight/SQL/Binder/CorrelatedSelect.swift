/// A sub-query that uses columns of the query around it, taken apart: what it reads, and what ties it to a row.
struct CorrelatedSelect {
    /// What it reads.
    var relation: Relation
    /// Over the columns of the query around it, then those of `relation`.
    var conditions: [BoundExpression]
    /// What it selects, unbound; `nil` where `relation` is that already.
    var items: [Expression]?

    /// The one thing that is selected, over both sides.
    func onlyItem(
        _ binder: inout ExpressionBinder, leftCount: Int, at position: SourcePosition
    ) throws(SQLError) -> Bound {
        let count = items?.count ?? relation.scope.columns.count
        guard count == 1 else {
            throw SQLError(.invalidQuery, "IN (query) has one column, and this has \(count)", at: position)
        }
        if let items { return try binder.bind(items[0]) }
        let type = relation.scope.columns[0].type
        return Bound(expression: .column(index: leftCount, type: type), size: 1, position: position)
    }

    /// Takes the conditions on the sub-query's own columns to where they are read.
    mutating func filterRight(
        leftCount: Int, _ queries: QueryBinder, at position: SourcePosition
    ) throws(SQLError) {
        let own = conditions.filter { $0.side(leftCount) == .right }.map { $0.remappingColumns { $0 - leftCount } }
        guard !own.isEmpty else { return }
        conditions.removeAll { $0.side(leftCount) == .right }
        relation = try queries.relation(
            .filter(input: relation.plan, predicate: Conjunction.join(own[...])), relation.scope, over: [relation],
            at: position)
    }
}

extension QueryBinder {
    /// - Parameter outer: of the query around.
    /// - Throws: `unsupported` for forms that can't be taken apart.
    func correlated(
        _ query: Query, to outer: Scope, at position: SourcePosition
    ) throws(SQLError) -> CorrelatedSelect {
        func refuse(_ what: String, _ position: SourcePosition) -> SQLError {
            SQLError(
                .unsupported, "\(what) can't stand in a sub-query that uses columns of the query around it",
                at: position, suggestion: "join instead")
        }
        var inner = inside(outer)
        for table in query.commonTables { try inner.declare(table, of: query) }
        var body = query.body
        while case .nested(let nested) = body, nested.commonTables.isEmpty, nested.limit == nil, nested.offset == nil {
            body = nested.body
        }
        guard case .select(let select) = body else { throw refuse("UNION and the like", position) }
        if let limit = query.limit ?? query.offset { throw refuse("LIMIT", limit.position) }
        guard let from = select.from else { throw refuse("a SELECT without FROM", select.position) }
        if select.isGrouped || select.having != nil || select.qualify != nil || select.sample != nil {
            throw refuse("GROUP BY, HAVING, QUALIFY and SAMPLE", select.position)
        }
        var relation = try inner.bind(from)
        var conditions: [BoundExpression] = []
        for conjunct in select.condition?.conjuncts ?? [] {
            if SubqueryTest(conjunct) != nil {
                relation = try inner.filter(relation, by: conjunct, hiding: [])
                continue
            }
            var binder = correlatedBinder(outer, relation.scope, aggregates: "WHERE")
            let bound = try binder.condition(conjunct, clause: "WHERE").expression
            conditions += Conjunction.split(bound).filter { $0 != .literal(.bool(true), type: .boolean) }
        }
        var items: [Expression]? = []
        for item in select.items {
            if case .expression(let expression, _) = item { items?.append(expression) } else { items = nil }
        }
        return CorrelatedSelect(relation: relation, conditions: conditions, items: items)
    }
}

extension Query {
    /// Whether `QueryBinder.correlated` can take it apart.
    var isPlainSelect: Bool {
        guard case .select(let select) = body, limit == nil, offset == nil else { return false }
        return select.from != nil && !select.isGrouped && select.having == nil && select.qualify == nil
            && select.sample == nil && !select.isDistinct
    }
}
