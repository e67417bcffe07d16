extension QueryBinder {
    func group(
        _ body: SelectBody, items: [Item], over input: Relation, _ extrapolation: Extrapolation?,
        outputs: inout Outputs, sorting: Sorting, binder: ExpressionBinder
    ) throws(SQLError) -> (relation: Relation, rewriter: GroupedRewriter) {
        var (keys, sets) = try bindKeys(body, items: items, over: input, binder.groupWindow)
        var binder = binder
        binder.prefersAliases = false
        var having: (bound: Bound, references: [Int: SourcePosition])?
        if let condition = body.having {
            binder.references = [:]
            binder.overs = .refused("HAVING")
            let bound = try binder.condition(condition, clause: "HAVING")
            guard !bound.expression.readsOver else {
                throw SQLError(
                    .misplacedAggregate, "HAVING can't filter by an OVER function", at: bound.position,
                    suggestion: "QUALIFY filters by it")
            }
            having = (bound, binder.references)
        }
        if sets == nil, !keys.isEmpty {
            keys += impliedKeys(
                outputs.expressions + outputs.extra + [having?.bound.expression].compactMap(\.self), keys, input)
        }
        let groupingSets = sets.map { GroupingSets(keys: keys, sets: $0) }
        let rewriter = GroupedRewriter(keys: keys, inputCount: input.scope.columns.count, groupingSets: groupingSets)
        let names = keys.enumerated().map { keyName($1, input, $0) }
        var source = input.plan
        var grouped = keys
        var keyFields = zip(names, keys).map { PlanField(name: $0, type: $1.type) }
        if let groupingSets { (source, grouped, keyFields) = groupingSets.expanded(source, names: names) }
        let fields =
            keyFields + binder.collected.enumerated().map { PlanField(name: "$aggregate\($0)", type: $1.type) }
        let plan =
            extrapolation.map { extrapolated(source, grouped, binder.collected, fields, by: $0) }
            ?? .aggregate(input: source, keys: grouped, aggregates: binder.collected, fields: fields)
        var result = try relation(
            plan, Scope(fields: fields), over: [input],
            nodes: (extrapolation == nil ? 1 : 2) + (groupingSets == nil ? 0 : 1), at: body.position)
        for (index, item) in items.enumerated() {
            outputs.expressions[index] = try rewrite(
                outputs.expressions[index], by: rewriter, item.references, input.scope, clause: "SELECT",
                fallback: item.bound.position)
        }
        for index in outputs.extra.indices {
            outputs.extra[index] = try rewrite(
                outputs.extra[index], by: rewriter, sorting.references, input.scope, clause: "ORDER BY",
                fallback: sorting.position ?? body.position)
        }
        if let having {
            let predicate = try rewrite(
                having.bound.expression, by: rewriter, having.references, input.scope, clause: "HAVING",
                fallback: having.bound.position)
            result = try relation(
                .filter(input: result.plan, predicate: predicate), result.scope, over: [result],
                at: having.bound.position)
        }
        return (result, rewriter)
    }

    /// The values of sub-queries that are one for each group: keys, which make no more groups.
    private func impliedKeys(
        _ expressions: [BoundExpression], _ keys: [BoundExpression], _ input: Relation
    ) -> [BoundExpression] {
        let determined = input.scope.determined(by: keys)
        var read: Set<Int> = []
        for expression in expressions {
            expression.forEachColumn { if determined.contains($0) { read.insert($0) } }
        }
        return read.sorted().map { .column(index: $0, type: input.scope.columns[$0].type) }.filter {
            !keys.contains($0)
        }
    }

    private func keyName(_ key: BoundExpression, _ input: Relation, _ place: Int) -> String {
        if case .column(let index, _) = key { return input.scope.columns[index].name }
        return "$key\(place)"
    }

    func rewrite(
        _ expression: BoundExpression, by rewriter: GroupedRewriter, _ references: [Int: SourcePosition],
        _ scope: Scope, clause: String, fallback: SourcePosition
    ) throws(SQLError) -> BoundExpression {
        do {
            return try rewriter.rewrite(expression)
        } catch {
            guard case .ungrouped(let index) = error else {
                throw SQLError(
                    .misplacedAggregate, "GROUPING in \(clause) takes keys of GROUP BY", at: fallback,
                    suggestion: "write the key as GROUP BY has it")
            }
            let name = scope.columns[index].name
            guard !scope.columns[index].isHidden else {
                throw SQLError(
                    .unsupported, "a sub-query that is joined can't stand beside groups", at: fallback,
                    suggestion:
                        "group in a sub-query, and let the value stand in the query around it; beside groups it goes "
                        + "by columns of GROUP BY alone")
            }
            throw SQLError(
                .misplacedAggregate,
                "column \(name) in \(clause) must appear in GROUP BY or inside of an aggregate",
                at: references[index] ?? fallback,
                suggestion: rewriter.keys.isEmpty
                    ? "GROUP BY \(name), or MAX(\(name))" : "add it to GROUP BY, or take MAX(\(name))")
        }
    }

    /// The keys of GROUP BY (places of the select list, aliases, expressions; equal ones once), and the sets of them
    /// where there are several.
    private func bindKeys(
        _ body: SelectBody, items: [Item], over input: Relation, _ window: GroupWindow?
    ) throws(SQLError) -> (keys: [BoundExpression], sets: [Set<Int>]?) {
        var keys: [BoundExpression] = []
        var places: [[Int]] = []
        for expression in body.groupBy {
            let bound =
                Self.isWindowCall(expression)
                ? window?.keys ?? [] : [try bindKey(expression, items: items, over: input)]
            var mine: [Int] = []
            for key in bound {
                if let known = keys.firstIndex(of: key) {
                    mine.append(known)
                } else {
                    mine.append(keys.count)
                    keys.append(key)
                }
            }
            places.append(mine)
        }
        guard let sets = body.groupingSets else { return (keys, nil) }
        guard keys.count <= Self.maximumGroupingKeys else {
            throw SQLError(
                .limitExceeded, "more than \(Self.maximumGroupingKeys) keys in grouping sets", at: body.position)
        }
        return (keys, sets.map { set in Set(set.flatMap { places[$0] }) })
    }

    /// Each has a bit in what tells the sets apart.
    private static let maximumGroupingKeys = 48

    private func bindKey(
        _ expression: Expression, items: [Item], over input: Relation
    ) throws(SQLError) -> BoundExpression {
        let position = expression.position
        if case .literal(.integer(let place), _) = expression {
            guard place >= 1, place <= Int64(items.count) else {
                throw SQLError(
                    .invalidQuery, "GROUP BY \(place): the SELECT list has \(items.count) items", at: position)
            }
            return try groupable(items[Int(place) - 1], over: input, at: position)
        }
        if case .name(let name) = expression, case .unknown = input.scope.resolve(name.text),
            let item = items.first(where: { $0.name == name.text && $0.expression != nil })
        {
            return try groupable(item, over: input, at: position)
        }
        var binder = ExpressionBinder(
            scope: input.scope, limits: limits, aggregates: .refused("GROUP BY"), queries: self)
        let bound = try binder.bind(expression)
        guard bound.type != .null else { return try binder.cast(bound, to: .integer).expression }
        return bound.expression
    }

    private func groupable(
        _ item: Item, over input: Relation, at position: SourcePosition
    ) throws(SQLError) -> BoundExpression {
        if item.expression?.containsAggregate == true {
            throw SQLError(
                .misplacedAggregate, "GROUP BY can't group by \(item.name), it is an aggregate", at: position)
        }
        guard !item.bound.expression.readsOver else {
            throw SQLError(
                .misplacedAggregate, "GROUP BY can't group by \(item.name), it is an OVER function", at: position,
                suggestion: "compute it in a sub-query")
        }
        return item.bound.expression
    }
}
