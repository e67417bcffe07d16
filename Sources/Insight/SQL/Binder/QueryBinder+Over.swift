extension QueryBinder {
    /// A bound `QUALIFY`.
    struct Qualification {
        var condition: BoundExpression
        let references: [Int: SourcePosition]
        let position: SourcePosition

        mutating func rewrite(
            _ transform: (BoundExpression, [Int: SourcePosition]) throws(SQLError) -> BoundExpression
        ) throws(SQLError) {
            condition = try transform(condition, references)
        }
    }

    func bindQualify(
        _ body: SelectBody, _ binder: inout ExpressionBinder
    ) throws(SQLError) -> Qualification? {
        guard let condition = body.qualify else { return nil }
        binder.references = [:]
        let bound = try binder.condition(condition, clause: "QUALIFY")
        guard bound.expression.readsOver else {
            throw SQLError(
                .invalidQuery, "QUALIFY filters by OVER functions, and there is none", at: bound.position,
                suggestion: "WHERE filters rows, HAVING groups")
        }
        return Qualification(
            condition: bound.expression, references: binder.references, position: condition.position)
    }

    /// The OVER functions of a query with groups, over its groups.
    func rewrite(
        _ items: [OverItem], by rewriter: GroupedRewriter, _ references: [Int: SourcePosition], _ scope: Scope,
        at position: SourcePosition
    ) throws(SQLError) -> [OverItem] {
        var rewritten: [OverItem] = []
        for item in items {
            rewritten.append(
                try item.mapExpressions { expression throws(SQLError) in
                    try rewrite(expression, by: rewriter, references, scope, clause: "OVER", fallback: position)
                })
        }
        return rewritten
    }

    /// The nodes that compute `items` behind `input`, one for all functions over the same rows in the same order, and
    /// the condition of `QUALIFY` over them. Turns the columns of the items in `outputs` into those of the nodes.
    func appendOvers(
        _ items: [OverItem], _ qualify: Qualification?, to input: Relation, outputs: inout Outputs,
        at position: SourcePosition
    ) throws(SQLError) -> Relation {
        guard !items.isEmpty else { return input }
        var nodes: [OverSpecification] = []
        var members: [[Int]] = []
        for (index, item) in items.enumerated() {
            var node = nodes.count
            if let known = nodes.firstIndex(where: { $0.partition == item.partition && $0.order == item.order }) {
                node = known
            } else {
                nodes.append(OverSpecification(partition: item.partition, order: item.order, calls: [], limit: nil))
                members.append([])
            }
            nodes[node].calls.append(item.call)
            members[node].append(index)
        }
        var plan = input.plan
        var columns = input.scope.columns
        var places = [Int](repeating: 0, count: items.count)
        for (node, members) in zip(nodes, members) {
            for index in members {
                places[index] = columns.count
                columns.append(Scope.Column(name: "$over\(index)", type: items[index].call.type))
            }
            plan = .over(input: plan, over: node)
        }
        func placed(_ expression: BoundExpression) -> BoundExpression {
            expression.remappingColumns { $0 >= OverItem.firstColumn ? places[$0 - OverItem.firstColumn] : $0 }
        }
        outputs.expressions = outputs.expressions.map(placed)
        outputs.extra = outputs.extra.map(placed)
        if let qualify { plan = .filter(input: plan, predicate: placed(qualify.condition)) }
        return try relation(
            plan, Scope(columns), over: [input], nodes: nodes.count + (qualify == nil ? 0 : 1), at: position)
    }
}
