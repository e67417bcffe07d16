/// `UNNEST(list) [WITH ORDINALITY] [AS name (columns)]`
struct Unnested {
    var list: Expression
    var hasOrdinality: Bool
    var alias: TableAlias?
    var position: SourcePosition
}

extension QueryBinder {
    /// `left JOIN UNNEST(…)`: the list is one of the left's row.
    func join(
        _ left: Relation, _ kind: JoinKind, _ unnested: Unnested, _ condition: JoinCondition
    ) throws(SQLError) -> Relation {
        guard kind == .inner || kind == .left else {
            throw SQLError(
                .unsupported, "\(kind.rawValue) JOIN with UNNEST", at: unnested.position,
                suggestion: "CROSS JOIN UNNEST(…), or LEFT JOIN UNNEST(…) ON TRUE")
        }
        let rows = try unnest(unnested, behind: left, keepsEmpty: kind == .left)
        switch condition {
        case .none: return rows
        case .using:
            throw SQLError(.unsupported, "USING with UNNEST", at: unnested.position, suggestion: "ON TRUE")
        case .on(let expression):
            if case .literal(.bool(true), _) = expression { return rows }
            guard kind == .inner else {
                throw SQLError(
                    .unsupported, "LEFT JOIN UNNEST takes ON TRUE alone", at: expression.position,
                    suggestion: "put the condition in WHERE")
            }
            var binder = ExpressionBinder(scope: rows.scope, limits: limits, aggregates: .refused("ON"), queries: self)
            let predicate = try binder.condition(expression, clause: "ON").expression
            return try relation(
                .filter(input: rows.plan, predicate: predicate), rows.scope, over: [rows], at: expression.position)
        }
    }

    /// Each row of `input` once for each element, whose columns stand behind it.
    func unnest(_ unnested: Unnested, behind input: Relation, keepsEmpty: Bool) throws(SQLError) -> Relation {
        var binder = ExpressionBinder(
            scope: input.scope, limits: limits, aggregates: .refused("UNNEST"), queries: self)
        var list = try binder.bind(unnested.list)
        if list.type == .varchar || list.type == .null { list = try binder.cast(list, to: .json, isTry: true) }
        let (parts, outputs) = try columns(of: list, unnested)
        let specification = UnnestedList(
            expression: list.expression, isCount: false, parts: parts, keepsEmpty: keepsEmpty)
        let width = input.plan.fields.count
        var expressions = input.plan.fields.enumerated().map { BoundExpression.column(index: $0, type: $1.type) }
        var names = Set<String>()
        var scope: [Scope.Column] = []
        for (index, output) in outputs.enumerated() {
            let part = BoundExpression.column(index: width + output.part, type: parts[output.part].type)
            var value = Bound(expression: part, size: 1, position: unnested.position)
            if let field = output.field {
                value = try binder.element(of: value, "$" + Parser.step(to: field), at: unnested.position)
            }
            if parts[output.part] != .place { value = try binder.typed(value, as: output.type) }
            expressions.append(value.expression)
            let name = unnested.alias.flatMap { $0.columns.isEmpty ? nil : $0.columns[index].text } ?? output.name
            scope.append(
                Scope.Column(
                    qualifier: unnested.alias?.name.text, name: OutputNames.unique(name, among: &names),
                    type: value.type))
        }
        let fields = input.plan.fields + scope.map { PlanField(name: $0.name, type: $0.type) }
        let plan = LogicalPlan.project(
            input: .unnest(input: input.plan, list: specification), expressions: expressions, fields: fields)
        return try relation(plan, Scope(input.scope.columns + scope), over: [input], nodes: 2, at: unnested.position)
    }

    /// A column that an element gives.
    private struct Output {
        /// Of `parts`.
        var part: Int
        /// Of a row.
        var field: String?
        var name: String
        var type: SQLType
    }

    private func columns(
        of list: Bound, _ unnested: Unnested
    ) throws(SQLError) -> (parts: [UnnestedList.Part], outputs: [Output]) {
        let given = unnested.alias.flatMap { $0.columns.isEmpty ? nil : $0.columns.count }
        let ordinality = unnested.hasOrdinality ? 1 : 0
        var parts: [UnnestedList.Part] = [.value]
        var outputs: [Output]
        switch list.type {
        case .array(.row(let fields)):
            outputs = fields.map { Output(part: 0, field: $0.name, name: $0.name, type: $0.type) }
        case .array(let element): outputs = [Output(part: 0, name: "EXPR$0", type: element == .null ? .json : element)]
        case .map(let key, let value):
            parts = [.key, .value]
            outputs = [
                Output(part: 0, name: "key", type: key == .null ? .varchar : key),
                Output(part: 1, name: "value", type: value == .null ? .json : value),
            ]
        case .json:
            outputs = [Output(part: 0, name: "value", type: .json)]
            // Two names ask for the members of objects.
            if given == 2 + ordinality {
                parts = [.key, .value]
                outputs = [
                    Output(part: 0, name: "key", type: .varchar), Output(part: 1, name: "value", type: .json),
                ]
            }
        default:
            throw SQLError(
                .typeMismatch, "UNNEST takes an ARRAY, a MAP or JSON, and this is \(list.type.name)", at: list.position)
        }
        if unnested.hasOrdinality {
            outputs.append(Output(part: parts.count, name: "ordinality", type: .bigint))
            parts.append(.place)
        }
        if let given, given != outputs.count, let alias = unnested.alias {
            throw SQLError(
                .invalidQuery, "UNNEST gives \(outputs.count) columns, and \(given) are named",
                at: alias.columns[0].position)
        }
        return (parts, outputs)
    }
}
