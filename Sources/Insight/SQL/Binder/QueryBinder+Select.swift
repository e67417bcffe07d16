extension QueryBinder {
    /// An item of the select list after `*` was spelled out.
    private struct Item {
        var bound: Bound
        var name: String
        /// As written, to find out what GROUP BY means by an alias or a place; `nil` for a column out of `*`.
        var expression: Expression?
        var references: [Int: SourcePosition] = [:]
    }

    func bind(
        _ body: SelectBody, orderBy: [OrderItem], limit: RowCount?, offset: RowCount?
    ) throws(SQLError) -> Relation {
        var input = try source(of: body)
        if let condition = body.condition {
            var binder = ExpressionBinder(
                scope: input.scope, limits: limits, aggregates: .refused("WHERE"), queries: self)
            binder.hiddenAliases = Self.aliases(of: body)
            let predicate = try binder.condition(condition, clause: "WHERE").expression
            input = try relation(
                .filter(input: input.plan, predicate: predicate), input.scope, over: [input],
                at: condition.position)
        }
        let isGrouped = Self.isGrouped(body, orderBy)
        var extrapolation: Extrapolation?
        if let clause = body.sample {
            (input, extrapolation) = try bind(clause, over: input, isGrouped: isGrouped)
        }
        let items = try bindItems(body, over: input, isGrouped: isGrouped)
        var binder = ExpressionBinder(
            scope: input.scope, limits: limits,
            aggregates: isGrouped ? .collected : .refused("this place: the query has no groups"), queries: self)
        binder.collected = items.collected
        binder.overs = .collected
        binder.overItems = items.overs
        binder.windows = body.windows
        binder.aliases = Dictionary(
            zip(items.list.map(\.name), items.list.map(\.bound)), uniquingKeysWith: { first, _ in first })
        var outputs = Outputs(
            expressions: items.list.map(\.bound.expression),
            fields: items.list.map { PlanField(name: $0.name, type: $0.bound.type) })
        var qualify = try bindQualify(body, &binder)
        let sorting = try bindSorting(orderBy, over: items.list.map(\.bound), &binder, isDistinct: body.isDistinct)
        outputs.sorting = sorting.keys
        outputs.extra = sorting.extra
        var overs = binder.overItems
        if isGrouped {
            let grouping = try group(
                body, items: items.list, over: input, extrapolation, outputs: &outputs, sorting: sorting,
                binder: binder)
            var references = sorting.references
            for known in items.list.map(\.references) + [qualify?.references ?? [:]] {
                references.merge(known) { first, _ in first }
            }
            overs = try rewrite(overs, by: grouping.rewriter, references, input.scope, at: body.position)
            try qualify?.rewrite { condition, references throws(SQLError) in
                try rewrite(
                    condition, by: grouping.rewriter, references, input.scope, clause: "QUALIFY",
                    fallback: body.position)
            }
            input = grouping.relation
        }
        input = try appendOvers(overs, qualify, to: input, outputs: &outputs, at: body.position)
        return try finish(outputs, over: input, isDistinct: body.isDistinct, limit, offset, at: body.position)
    }

    /// What FROM names; one row of no columns where there is none.
    private func source(of body: SelectBody) throws(SQLError) -> Relation {
        if let from = body.from { return try bind(from) }
        return try relation(.values(rows: [[]], fields: []), Scope(), over: [], at: body.position)
    }

    private static func aliases(of body: SelectBody) -> Set<String> {
        var names: Set<String> = []
        for case .expression(_, let alias?) in body.items { names.insert(alias.text) }
        return names
    }

    private static func isGrouped(_ body: SelectBody, _ orderBy: [OrderItem]) -> Bool {
        if body.isGrouped || body.having != nil || body.qualify?.containsAggregate == true { return true }
        if body.windows.contains(where: { $0.window.containsAggregate }) { return true }
        for case .expression(let expression, _) in body.items where expression.containsAggregate { return true }
        return orderBy.contains { $0.expression.containsAggregate }
    }

    private func bindItems(
        _ body: SelectBody, over input: Relation, isGrouped: Bool
    ) throws(SQLError) -> (list: [Item], collected: [AggregateCall], overs: [OverItem]) {
        var items: [Item] = []
        var collected: [AggregateCall] = []
        var overs: [OverItem] = []
        var names: Set<String> = []
        for item in body.items {
            switch item {
            case .star(let qualifier, let position):
                for index in try starColumns(qualifier, of: input, at: position) {
                    let column = input.scope.columns[index]
                    items.append(
                        Item(
                            bound: Bound(
                                expression: .column(index: index, type: column.type), size: 1, position: position),
                            name: OutputNames.unique(column.name, among: &names), references: [index: position]))
                }
            case .expression(let expression, let alias):
                var binder = ExpressionBinder(
                    scope: input.scope, limits: limits, aggregates: isGrouped ? .collected : .refused("SELECT"),
                    queries: self)
                binder.collected = collected
                binder.overs = .collected
                binder.overItems = overs
                binder.windows = body.windows
                let bound = try binder.bind(expression)
                collected = binder.collected
                overs = binder.overItems
                var column: Scope.Column?
                if case .column(let index, _) = bound.expression, index < input.scope.columns.count {
                    column = input.scope.columns[index]
                }
                let name = alias?.text ?? OutputNames.derived(from: expression, column: column, place: items.count)
                items.append(
                    Item(
                        bound: bound, name: OutputNames.unique(name, among: &names), expression: expression,
                        references: binder.references))
            }
            guard items.count <= limits.maximumListLength else {
                throw SQLError(
                    .limitExceeded, "more than \(limits.maximumListLength) columns", at: body.position)
            }
        }
        return (items, collected, overs)
    }

    private func starColumns(
        _ qualifier: Name?, of input: Relation, at position: SourcePosition
    ) throws(SQLError) -> [Int] {
        guard let qualifier else {
            guard !input.scope.columns.isEmpty else {
                throw SQLError(.invalidQuery, "* needs a FROM", at: position)
            }
            return Array(input.scope.columns.indices)
        }
        let found = input.scope.columns(of: qualifier.text)
        guard found.isEmpty else { return found }
        let known = Set(input.scope.columns.compactMap(\.qualifier))
        throw SQLError(
            .unknownTable, "there is no table \(qualifier.text) in FROM", at: position,
            suggestion: Suggestion.phrase(for: qualifier.text, among: known.sorted()))
    }

    // MARK: Groups

    private func group(
        _ body: SelectBody, items: [Item], over input: Relation, _ extrapolation: Extrapolation?,
        outputs: inout Outputs, sorting: Sorting, binder: ExpressionBinder
    ) throws(SQLError) -> (relation: Relation, rewriter: GroupedRewriter) {
        let keys = try bindKeys(body, items: items, over: input)
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
        let rewriter = GroupedRewriter(keys: keys, inputCount: input.scope.columns.count)
        let fields =
            keys.enumerated().map { PlanField(name: keyName($1, input, $0), type: $1.type) }
            + binder.collected.enumerated().map { PlanField(name: "$aggregate\($0)", type: $1.type) }
        let plan =
            extrapolation.map { extrapolated(input.plan, keys, binder.collected, fields, by: $0) }
            ?? .aggregate(input: input.plan, keys: keys, aggregates: binder.collected, fields: fields)
        var result = try relation(
            plan, Scope(fields: fields), over: [input], nodes: extrapolation == nil ? 1 : 2, at: body.position)
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

    private func keyName(_ key: BoundExpression, _ input: Relation, _ place: Int) -> String {
        if case .column(let index, _) = key { return input.scope.columns[index].name }
        return "$key\(place)"
    }

    func rewrite(
        _ expression: BoundExpression, by rewriter: GroupedRewriter, _ references: [Int: SourcePosition],
        _ scope: Scope, clause: String, fallback: SourcePosition
    ) throws(SQLError) -> BoundExpression {
        switch rewriter.rewrite(expression) {
        case .success(let rewritten): return rewritten
        case .failure(let column):
            let name = scope.columns[column.index].name
            throw SQLError(
                .misplacedAggregate,
                "column \(name) in \(clause) must appear in GROUP BY or inside of an aggregate",
                at: references[column.index] ?? fallback,
                suggestion: rewriter.keys.isEmpty
                    ? "GROUP BY \(name), or MAX(\(name))" : "add it to GROUP BY, or take MAX(\(name))")
        }
    }

    /// The keys of GROUP BY: places of the select list, aliases, expressions. Equal ones once.
    private func bindKeys(
        _ body: SelectBody, items: [Item], over input: Relation
    ) throws(SQLError) -> [BoundExpression] {
        var keys: [BoundExpression] = []
        for expression in body.groupBy {
            let key = try bindKey(expression, items: items, over: input)
            if !keys.contains(key) { keys.append(key) }
        }
        return keys
    }

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
