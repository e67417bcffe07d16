/// Binds one query. Sub-queries are bound by a binder of their own that knows the common tables around them.
struct QueryBinder {
    let catalog: any Catalog
    let limits: SQLLimits
    /// Of the sub-queries that stand as values.
    let answers: SubqueryAnswers
    /// Those that the text declares.
    let functions: DeclaredFunctions?
    /// The columns of the query around this one, which can't be used but may be named by mistake.
    private(set) var outerScope: Scope?
    /// By name, as far as they are visible here.
    private var commonTables: [String: Relation] = [:]

    init(catalog: any Catalog, limits: SQLLimits, answers: SubqueryAnswers, functions: DeclaredFunctions?) {
        self.catalog = catalog
        self.limits = limits
        self.answers = answers
        self.functions = functions
    }

    /// A binder for a sub-query inside of an expression over `scope`.
    func inside(_ scope: Scope) -> QueryBinder {
        var inner = self
        inner.outerScope = scope
        return inner
    }

    func bind(_ query: Query) throws(SQLError) -> Relation {
        var inner = self
        for table in query.commonTables { try inner.declare(table, of: query) }
        return try inner.bindBody(of: query)
    }

    private mutating func declare(_ table: CommonTable, of query: Query) throws(SQLError) {
        let twins = query.commonTables.filter { $0.name.text == table.name.text }
        if twins.count > 1, twins.last?.name == table.name {
            throw SQLError(.ambiguousName, "WITH declares \(table.name.text) twice", at: table.name.position)
        }
        let relation = try bind(table.query)
        commonTables[table.name.text] = try rename(
            relation, TableAlias(name: table.name, columns: table.columns))
    }

    mutating func declare(_ view: ViewDeclaration) throws(SQLError) {
        let name = Identifier(text: view.name.text, position: view.name.position)
        let columns = view.columns?.map { Identifier(text: $0.text, position: $0.position) } ?? []
        commonTables[name.text] = try rename(try bind(view.query), TableAlias(name: name, columns: columns))
    }

    private func bindBody(of query: Query) throws(SQLError) -> Relation {
        if case .select(let body) = query.body {
            return try bind(body, orderBy: query.orderBy, limit: query.limit, offset: query.offset)
        }
        let relation = try bind(query.body)
        var scopeOnly = relation
        scopeOnly.scope = Scope(relation.scope.columns.map { Scope.Column(name: $0.name, type: $0.type) })
        return try sort(scopeOnly, by: query.orderBy, limit: query.limit, offset: query.offset)
    }

    private func bind(_ body: QueryBody) throws(SQLError) -> Relation {
        switch body {
        case .select(let select): return try bind(select, orderBy: [], limit: nil, offset: nil)
        case .nested(let query): return try bind(query)
        case .values(let rows, let position): return try bindValues(rows, at: position)
        case .union(let first, let parts): return try union(first, parts)
        }
    }

    /// A node over `inputs`, within the limit of nodes.
    func relation(
        _ plan: LogicalPlan, _ scope: Scope, over inputs: [Relation], nodes: Int = 1, depth: Int? = nil,
        at position: SourcePosition
    ) throws(SQLError) -> Relation {
        let size = inputs.reduce(nodes) { $0 + $1.size }
        let depth = (depth ?? nodes) + (inputs.map(\.depth).max() ?? 0)
        guard size <= limits.maximumPlanNodes else {
            throw SQLError(
                .limitExceeded, "a query of more than \(limits.maximumPlanNodes) steps", at: position,
                suggestion: "common tables count as often as they are read")
        }
        guard depth <= limits.maximumPlanDepth else {
            throw SQLError(
                .limitExceeded, "more than \(limits.maximumPlanDepth) steps behind each other", at: position,
                suggestion: "fewer levels of sub-queries and common tables")
        }
        return Relation(plan: plan, scope: scope, size: size, depth: depth)
    }

    // MARK: FROM

    func bind(_ reference: TableReference) throws(SQLError) -> Relation {
        switch reference {
        case .table(let name, let alias):
            let relation = try table(name)
            guard let alias else { return relation }
            return try rename(relation, alias)
        case .query(let query, let alias, _):
            let relation = try bind(query)
            guard let alias else { return relation.renamed(nil) }
            return try rename(relation, alias)
        case .window(let window, let alias):
            let relation = try bind(window)
            guard let alias else { return relation }
            return try rename(relation, alias)
        case .snapshot(let name, _, _):
            throw SQLError(
                .unsupported, "FOR SYSTEM_TIME AS OF stands behind JOIN alone", at: name.position,
                suggestion: "FROM orders AS o JOIN \(name.text) FOR SYSTEM_TIME AS OF o.proc_time AS t ON …")
        case .join(let left, let kind, .snapshot(let name, let time, let alias), let condition, let position):
            let table = try bind(.table(name, alias: alias))
            return try lookup(try bind(left), kind, table, at: time, condition, position)
        case .join(let left, let kind, let right, let condition, let position):
            return try join(try bind(left), kind, try bind(right), condition, at: position)
        case .match(let match, let alias):
            let relation = try bind(match)
            guard let alias else { return relation }
            return try rename(relation, alias)
        }
    }

    private func rename(_ relation: Relation, _ alias: TableAlias) throws(SQLError) -> Relation {
        guard !alias.columns.isEmpty else { return relation.renamed(alias.name.text) }
        let wanted = relation.scope.columns.count
        guard alias.columns.count == wanted else {
            throw SQLError(
                .invalidQuery, "\(alias.name.text) has \(wanted) columns, and \(alias.columns.count) are named",
                at: alias.columns[0].position)
        }
        var seen: Set<String> = []
        for column in alias.columns where !seen.insert(column.text).inserted {
            throw SQLError(.ambiguousName, "column \(column.text) is named twice", at: column.position)
        }
        let names = alias.columns.map(\.text)
        let fields = zip(names, relation.scope.columns).map { PlanField(name: $0, type: $1.type) }
        let columns = fields.enumerated().map { BoundExpression.column(index: $0, type: $1.type) }
        let plan = LogicalPlan.project(input: relation.plan, expressions: columns, fields: fields)
        return try self.relation(
            plan, Scope(fields: fields, qualifier: alias.name.text), over: [relation], at: alias.name.position)
    }

    func table(_ name: Name) throws(SQLError) -> Relation {
        let text = name.text
        if let common = commonTables[text] { return common }
        guard let table = catalog.table(text) else {
            let names = catalog.tableNames + commonTables.keys.sorted()
            var suggestion = Suggestion.phrase(for: text, among: names)
            if suggestion == nil {
                suggestion =
                    names.isEmpty
                    ? "there are no tables yet" : "there are \(names.sorted().prefix(8).joined(separator: ", "))"
            }
            throw SQLError(.unknownTable, "there is no table \(text)", at: name.position, suggestion: suggestion)
        }
        let plan = LogicalPlan.scan(table: table, columns: Array(table.fields.indices), predicate: nil)
        let fields = try relation(plan, Scope(fields: table.fields, qualifier: text), over: [], at: name.position)
        guard let columns = table.columns else { return fields }
        return try complete(fields, table, columns, at: name.position)
    }

    /// The columns that a table shows, over its fields.
    private func complete(
        _ relation: Relation, _ table: TableDescription, _ columns: [TableColumn], at position: SourcePosition
    ) throws(SQLError) -> Relation {
        var shown: [PlanField] = []
        var expressions: [BoundExpression] = []
        for column in columns {
            switch column {
            case .field(let index):
                shown.append(table.fields[index])
                expressions.append(.column(index: index, type: table.fields[index].type))
            case .computed(let field, let expression):
                shown.append(field)
                expressions.append(expression)
            }
        }
        let plan = LogicalPlan.project(input: relation.plan, expressions: expressions, fields: shown)
        return try self.relation(
            plan, Scope(fields: shown, qualifier: table.name), over: [relation], at: position)
    }

    // MARK: VALUES and UNION

    private func bindValues(_ rows: [[Expression]], at position: SourcePosition) throws(SQLError) -> Relation {
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
    private func union(_ first: QueryBody, _ parts: [UnionPart]) throws(SQLError) -> Relation {
        var inputs = [try bind(first)]
        for part in parts {
            inputs.append(try bind(part.body))
            guard inputs[inputs.count - 1].scope.columns.count == inputs[0].scope.columns.count else {
                throw SQLError(
                    .invalidQuery,
                    "UNION joins \(inputs[0].scope.columns.count) columns and \(inputs[inputs.count - 1].scope.columns.count)",
                    at: part.position)
            }
        }
        let fields = try unionFields(inputs, parts)
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

    private func unionFields(_ inputs: [Relation], _ parts: [UnionPart]) throws(SQLError) -> [PlanField] {
        var fields = inputs[0].scope.columns.map { PlanField(name: $0.name, type: $0.type) }
        for (input, part) in zip(inputs.dropFirst(), parts) {
            for index in fields.indices {
                let (left, right) = (fields[index].type, input.scope.columns[index].type)
                let isText = (left == .varchar || right == .varchar) && left != .varbinary && right != .varbinary
                guard let type = SQLType.common(left, right) ?? (isText ? .varchar : nil) else {
                    throw SQLError(
                        .typeMismatch, "column \(index + 1) of UNION mixes \(left.name) and \(right.name)",
                        at: part.position)
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
}
