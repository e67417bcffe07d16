extension QueryBinder {
    /// An item of the select list after `*` was spelled out.
    struct Item {
        var bound: Bound
        var name: String
        /// As written, to find out what GROUP BY means by an alias or a place; `nil` for a column out of `*`.
        var expression: Expression?
        var references: [Int: SourcePosition] = [:]
    }

    func bind(
        _ body: SelectBody, orderBy: [OrderItem], limit: RowCount?, offset: RowCount?
    ) throws(SQLError) -> Relation {
        var source = try source(of: body)
        var inner = self
        inner.joinedValues = try joinValues(of: body, orderBy, to: &source)
        return try inner.bind(body, over: source, orderBy: orderBy, limit: limit, offset: offset)
    }

    private func bind(
        _ body: SelectBody, over source: Relation, orderBy: [OrderItem], limit: RowCount?, offset: RowCount?
    ) throws(SQLError) -> Relation {
        var input = source
        if let condition = body.condition {
            input = try filter(input, by: condition, hiding: Self.aliases(of: body))
        }
        let isGrouped = Self.isGrouped(body, orderBy)
        var window: GroupWindow?
        if let call = Self.windowCall(of: body) { (input, window) = try bind(call, of: body, over: input) }
        var extrapolation: Extrapolation?
        if let clause = body.sample {
            (input, extrapolation) = try bind(clause, over: input, isGrouped: isGrouped)
        }
        let items = try bindItems(body, over: input, window, isGrouped: isGrouped)
        var binder = ExpressionBinder(
            scope: input.scope, limits: limits,
            aggregates: isGrouped ? .collected : .refused("this place: the query has no groups"), queries: self)
        binder.collected = items.collected
        binder.overs = .collected
        binder.overItems = items.overs
        binder.windows = body.windows
        binder.groupWindow = window
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

    static func isGrouped(_ body: SelectBody, _ orderBy: [OrderItem]) -> Bool {
        if body.isGrouped || body.having != nil || body.qualify?.containsAggregate == true { return true }
        if body.windows.contains(where: { $0.window.containsAggregate }) { return true }
        for case .expression(let expression, _) in body.items where expression.containsAggregate { return true }
        return orderBy.contains { $0.expression.containsAggregate }
    }

    private func bindItems(
        _ body: SelectBody, over input: Relation, _ window: GroupWindow?, isGrouped: Bool
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
                binder.groupWindow = window
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
            return input.scope.columns.indices.filter { !input.scope.columns[$0].isHidden }
        }
        let found = input.scope.columns(of: qualifier.text)
        guard found.isEmpty else { return found }
        let known = Set(input.scope.columns.compactMap(\.qualifier))
        throw SQLError(
            .unknownTable, "there is no table \(qualifier.text) in FROM", at: position,
            suggestion: Suggestion.phrase(for: qualifier.text, among: known.sorted()))
    }
}
