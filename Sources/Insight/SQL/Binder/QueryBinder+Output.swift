extension QueryBinder {
    /// What a query gives, in terms of its last input.
    struct Outputs {
        var expressions: [BoundExpression]
        var fields: [PlanField]
        /// Sort keys: places in `expressions + extra`.
        var sorting: [SortPlace] = []
        /// Expressions that are sorted by and not shown.
        var extra: [BoundExpression] = []
    }

    struct SortPlace {
        var index: Int
        var isDescending: Bool
        var nullsFirst: Bool
    }

    struct Sorting {
        var keys: [SortPlace] = []
        var extra: [BoundExpression] = []
        var references: [Int: SourcePosition] = [:]
        var position: SourcePosition?
    }

    /// ORDER BY of a select: places, aliases (before columns of the same name), expressions over the input.
    func bindSorting(
        _ orderBy: [OrderItem], over outputs: [Bound], _ binder: inout ExpressionBinder, isDistinct: Bool
    ) throws(SQLError) -> Sorting {
        var sorting = Sorting()
        sorting.position = orderBy.first?.expression.position
        binder.prefersAliases = true
        binder.references = [:]
        for item in orderBy {
            let position = item.expression.position
            if let place = try Self.place(item.expression, among: outputs.count) {
                sorting.keys.append(Self.sortPlace(place, item))
                continue
            }
            let bound = try binder.bind(item.expression)
            if let place = outputs.firstIndex(where: { $0.expression == bound.expression }) {
                sorting.keys.append(Self.sortPlace(place, item))
                continue
            }
            guard !isDistinct else {
                throw SQLError(
                    .invalidQuery, "with SELECT DISTINCT, ORDER BY can only name what is selected", at: position)
            }
            if case .literal = bound.expression { continue }
            sorting.keys.append(Self.sortPlace(outputs.count + sorting.extra.count, item))
            sorting.extra.append(bound.expression)
        }
        sorting.references = binder.references
        return sorting
    }

    private static func sortPlace(_ index: Int, _ item: OrderItem) -> SortPlace {
        // Nulls are the smallest value: first ascending, last descending.
        SortPlace(index: index, isDescending: item.isDescending, nullsFirst: item.nullsFirst ?? !item.isDescending)
    }

    /// The index a whole number in ORDER BY stands for.
    private static func place(_ expression: Expression, among count: Int) throws(SQLError) -> Int? {
        guard case .literal(.integer(let place), let position) = expression else { return nil }
        guard place >= 1, place <= Int64(count) else {
            throw SQLError(.invalidQuery, "ORDER BY \(place): the SELECT list has \(count) items", at: position)
        }
        return Int(place) - 1
    }

    /// Projection, DISTINCT, sorting, LIMIT, and what was only sorted by cut off again.
    func finish(
        _ outputs: Outputs, over input: Relation, isDistinct: Bool, _ limit: RowCount?, _ offset: RowCount?,
        at position: SourcePosition
    ) throws(SQLError) -> Relation {
        var fields = outputs.fields
        for index in fields.indices where fields[index].type == .null { fields[index].type = .null }
        let hidden = outputs.extra.enumerated().map { PlanField(name: "$sort\($0)", type: $1.type) }
        var nodes = 1
        var plan = LogicalPlan.project(
            input: input.plan, expressions: outputs.expressions + outputs.extra, fields: fields + hidden)
        if isDistinct {
            plan = .distinct(input: plan)
            nodes += 1
        }
        if !outputs.sorting.isEmpty {
            let all = fields + hidden
            let keys = outputs.sorting.map { place in
                SortKey(
                    expression: .column(index: place.index, type: all[place.index].type),
                    isDescending: place.isDescending, nullsFirst: place.nullsFirst)
            }
            plan = .sort(input: plan, keys: keys)
            nodes += 1
        }
        if limit != nil || offset != nil {
            plan = .limit(input: plan, count: limit?.count, offset: offset?.count ?? 0)
            nodes += 1
        }
        if !hidden.isEmpty {
            let columns = fields.enumerated().map { BoundExpression.column(index: $0, type: $1.type) }
            plan = .project(input: plan, expressions: columns, fields: fields)
            nodes += 1
        }
        return try relation(plan, Scope(fields: fields), over: [input], nodes: nodes, at: position)
    }

    /// ORDER BY and LIMIT over a UNION, VALUES or a query in parentheses: only its columns can be named.
    func sort(
        _ input: Relation, by orderBy: [OrderItem], limit: RowCount?, offset: RowCount?
    ) throws(SQLError) -> Relation {
        guard !orderBy.isEmpty || limit != nil || offset != nil else { return input }
        let position = orderBy.first?.expression.position ?? limit?.position ?? offset?.position ?? .start
        let columns = input.scope.columns
        let outputs = columns.enumerated().map { index, column in
            Bound(expression: .column(index: index, type: column.type), size: 1, position: position)
        }
        var binder = ExpressionBinder(
            scope: input.scope, limits: limits, aggregates: .refused("ORDER BY"), queries: self)
        let sorting = try bindSorting(orderBy, over: outputs, &binder, isDistinct: false)
        let result = Outputs(
            expressions: outputs.map(\.expression),
            fields: columns.map { PlanField(name: $0.name, type: $0.type) }, sorting: sorting.keys,
            extra: sorting.extra)
        return try finish(result, over: input, isDistinct: false, limit, offset, at: position)
    }
}
