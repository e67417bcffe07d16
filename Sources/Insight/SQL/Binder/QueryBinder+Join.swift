extension QueryBinder {
    func join(
        _ left: Relation, _ kind: JoinKind, _ right: Relation, _ condition: JoinCondition,
        lookup: LookupSpecification? = nil, at position: SourcePosition
    ) throws(SQLError) -> Relation {
        let scope = Scope(left.scope.columns + right.scope.columns)
        let names = Set(left.scope.columns.compactMap(\.qualifier))
        if let twin = right.scope.columns.compactMap(\.qualifier).first(where: names.contains) {
            throw SQLError(
                .ambiguousName, "\(twin) stands on both sides of a join", at: position,
                suggestion: "give one of them another name: \(twin) AS other")
        }
        var conditions: [BoundExpression] = []
        var binder = ExpressionBinder(scope: scope, limits: limits, aggregates: .refused("ON"), queries: self)
        switch condition {
        case .none: break
        case .on(let expression):
            conditions = Conjunction.split(try binder.condition(expression, clause: "ON").expression)
                .filter { $0 != .literal(.bool(true), type: .boolean) }
        case .using(let columns):
            return try join(left, kind, right, using: columns, binder, lookup: lookup, at: position)
        }
        return try pairs(left, kind, right, conditions, scope, lookup: lookup, at: position)
    }

    private func pairs(
        _ left: Relation, _ kind: JoinKind, _ right: Relation, _ conditions: [BoundExpression], _ scope: Scope,
        lookup: LookupSpecification?, at position: SourcePosition
    ) throws(SQLError) -> Relation {
        var join = JoinSpecification(kind: kind, conditions: conditions, leftCount: left.scope.columns.count)
        join.lookup = lookup
        return try relation(
            .join(left: left.plan, right: right.plan, join: join), kind.hasRightColumns ? scope : left.scope,
            over: [left, right], at: position)
    }

    /// `USING (a, b)`: equal by name; these columns come first, and once.
    private func join(
        _ left: Relation, _ kind: JoinKind, _ right: Relation, using columns: [Identifier], _ binder: ExpressionBinder,
        lookup: LookupSpecification?, at position: SourcePosition
    ) throws(SQLError) -> Relation {
        let all = binder.scope.columns
        func column(_ index: Int) -> Bound {
            Bound(expression: .column(index: index, type: all[index].type), size: 1, position: position)
        }
        var used: Set<Int> = []
        var conditions: [BoundExpression] = []
        var expressions: [BoundExpression] = []
        var merged: [Scope.Column] = []
        for name in columns {
            let first = try index(of: name, in: left)
            let second = try index(of: name, in: right) + left.scope.columns.count
            used.formUnion([first, second])
            let both = [column(first), column(second)]
            conditions.append(try binder.apply(.equal, both, at: name.position, shown: "=").expression)
            let value =
                switch kind {
                case .inner, .left, .semi, .anti: both[0]
                case .right: both[1]
                case .full: try binder.apply(.coalesce, both, at: name.position, shown: "COALESCE")
                }
            expressions.append(value.expression)
            merged.append(Scope.Column(qualifier: nil, name: all[first].name, type: value.type))
        }
        if !kind.hasRightColumns {
            return try pairs(left, kind, right, conditions, binder.scope, lookup: nil, at: position)
        }
        for index in all.indices where !used.contains(index) {
            expressions.append(column(index).expression)
            merged.append(all[index])
        }
        let joined = try pairs(left, kind, right, conditions, binder.scope, lookup: lookup, at: position)
        let fields = merged.map { PlanField(name: $0.name, type: $0.type) }
        return try relation(
            .project(input: joined.plan, expressions: expressions, fields: fields), Scope(merged), over: [joined],
            at: position)
    }

    private func index(of name: Identifier, in relation: Relation) throws(SQLError) -> Int {
        let found = relation.scope.columns.indices.filter { relation.scope.columns[$0].name == name.text }
        guard found.count == 1 else {
            throw SQLError(
                found.isEmpty ? .unknownColumn : .ambiguousName,
                "USING needs one column \(name.text) on each side, and a side has \(found.count)", at: name.position,
                suggestion: found.isEmpty
                    ? relation.scope.suggestion(for: name.text).map { "did you mean \($0)?" } : nil)
        }
        return found[0]
    }
}
