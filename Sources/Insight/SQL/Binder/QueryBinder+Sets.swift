extension QueryBinder {
    func bindValues(_ rows: [[Expression]], at position: SourcePosition) throws(SQLError) -> Relation {
        let width = rows[0].count
        var columns: [[Bound]] = Array(repeating: [], count: width)
        for row in rows {
            guard row.count == width else {
                throw SQLError(
                    .invalidQuery, "this row has \(row.count) values, and the first \(width)", at: row[0].position)
            }
            var binder = ExpressionBinder(scope: Scope(), limits: limits, aggregates: .refused("VALUES"), queries: self)
            for (index, value) in row.enumerated() { columns[index].append(try binder.bind(value)) }
        }
        let binder = ExpressionBinder(scope: Scope(), limits: limits, aggregates: .refused("VALUES"), queries: self)
        for index in columns.indices { columns[index] = try binder.unified(columns[index], what: "a column of VALUES") }
        let fields = columns.enumerated().map { PlanField(name: "EXPR$\($0)", type: $1[0].type) }
        let bound = rows.indices.map { row in columns.map { $0[row].expression } }
        return try relation(.values(rows: bound, fields: fields), Scope(fields: fields), over: [], at: position)
    }

    /// The last UNION without ALL takes the duplicates out of all that stands before it, so those between need not.
    func union(_ first: QueryBody, _ parts: [UnionPart]) throws(SQLError) -> Relation {
        var inputs = [try bind(first)]
        for part in parts {
            inputs.append(try bind(part.body))
            try requireSameWidth(inputs[0], inputs[inputs.count - 1], "UNION", at: part.position)
        }
        let fields = try commonFields(of: inputs, parts.map(\.position), "UNION")
        let plans = inputs.map { aligned($0, to: fields) }
        let distinct = parts.lastIndex { !$0.isAll }.map { $0 + 2 } ?? 0
        var plan = LogicalPlan.union(inputs: plans)
        if distinct == plans.count {
            plan = .distinct(input: plan)
        } else if distinct > 0 {
            plan = .union(inputs: [.distinct(input: .union(inputs: Array(plans[..<distinct])))] + plans[distinct...])
        }
        return try relation(
            plan, Scope(fields: fields), over: inputs, nodes: 3 + inputs.count, depth: 4, at: parts[0].position)
    }

    private func requireSameWidth(
        _ left: Relation, _ right: Relation, _ word: String, at position: SourcePosition
    ) throws(SQLError) {
        let (first, second) = (left.scope.columns.count, right.scope.columns.count)
        guard first == second else {
            throw SQLError(.invalidQuery, "\(word) joins \(first) columns and \(second)", at: position)
        }
    }

    /// The columns that all inputs are cast to.
    private func commonFields(
        of inputs: [Relation], _ positions: [SourcePosition], _ word: String
    ) throws(SQLError) -> [PlanField] {
        var fields = inputs[0].scope.columns.map { PlanField(name: $0.name, type: $0.type) }
        for (input, position) in zip(inputs.dropFirst(), positions) {
            for index in fields.indices {
                let (left, right) = (fields[index].type, input.scope.columns[index].type)
                let isText = (left == .varchar || right == .varchar) && left != .varbinary && right != .varbinary
                guard let type = SQLType.common(left, right) ?? (isText ? .varchar : nil) else {
                    throw SQLError(
                        .typeMismatch, "column \(index + 1) of \(word) mixes \(left.name) and \(right.name)",
                        at: position)
                }
                fields[index].type = type
            }
        }
        return fields
    }

    /// The plan with its columns cast to the types of `fields`, where they differ.
    private func aligned(_ relation: Relation, to fields: [PlanField]) -> LogicalPlan {
        let columns = relation.scope.columns
        if zip(columns, fields).allSatisfy({ $0.type == $1.type && $0.name == $1.name }) { return relation.plan }
        let expressions = zip(columns, fields).enumerated().map { index, pair in
            let column = BoundExpression.column(index: index, type: pair.0.type)
            return pair.0.type == pair.1.type ? column : .cast(column, to: pair.1.type, isTry: false)
        }
        return .project(input: relation.plan, expressions: expressions, fields: fields)
    }

    // MARK: INTERSECT and EXCEPT

    enum Combination {
        case intersect(isAll: Bool)
        case except(isAll: Bool)

        var word: String {
            switch self {
            case .intersect: "INTERSECT"
            case .except: "EXCEPT"
            }
        }
    }

    /// Counts each distinct row on both sides; nulls are equal here. With `ALL` it comes as often as the counts say.
    func combine(
        _ first: QueryBody, _ second: QueryBody, _ combination: Combination, at position: SourcePosition
    ) throws(SQLError) -> Relation {
        let inputs = [try bind(first), try bind(second)]
        try requireSameWidth(inputs[0], inputs[1], combination.word, at: position)
        let fields = try commonFields(of: inputs, [position], combination.word)
        let sides = inputs.enumerated().map { side, input in
            let columns = fields.enumerated().map { BoundExpression.column(index: $0, type: $1.type) }
            return LogicalPlan.project(
                input: aligned(input, to: fields),
                expressions: columns + [.literal(.bool(side == 0), type: .boolean)],
                fields: fields + [PlanField(name: "$isFirst", type: .boolean)])
        }
        let keys = fields.enumerated().map { BoundExpression.column(index: $0, type: $1.type) }
        let isFirst = BoundExpression.column(index: fields.count, type: .boolean)
        let counts = [isFirst, .call(.not, [isFirst], type: .boolean)].map {
            AggregateCall(function: .countAll, argument: nil, isDistinct: false, filter: $0, type: .bigint)
        }
        let counted = fields + ["$first", "$second"].map { PlanField(name: $0, type: .bigint) }
        let grouped = LogicalPlan.aggregate(
            input: .union(inputs: sides), keys: keys, aggregates: counts, fields: counted)
        let plan = LogicalPlan.project(
            input: Self.chosen(grouped, combination, width: fields.count), expressions: keys, fields: fields)
        return try relation(plan, Scope(fields: fields), over: inputs, nodes: 6, depth: 5, at: position)
    }

    private static func chosen(
        _ grouped: LogicalPlan, _ combination: Combination, width: Int
    ) -> LogicalPlan {
        let first = BoundExpression.column(index: width, type: .bigint)
        let second = BoundExpression.column(index: width + 1, type: .bigint)
        let zero = BoundExpression.literal(.int64(0), type: .bigint)
        func isMore(_ value: BoundExpression) -> BoundExpression { .call(.greater, [value, zero], type: .boolean) }
        switch combination {
        case .intersect(false):
            return .filter(input: grouped, predicate: .call(.and, [isMore(first), isMore(second)], type: .boolean))
        case .except(false):
            let none = BoundExpression.call(.equal, [second, zero], type: .boolean)
            return .filter(input: grouped, predicate: .call(.and, [isMore(first), none], type: .boolean))
        case .intersect(true):
            return .unnest(input: grouped, list: .times(.call(.least, [first, second], type: .bigint)))
        case .except(true):
            return .unnest(input: grouped, list: .times(.call(.subtract, [first, second], type: .bigint)))
        }
    }
}
