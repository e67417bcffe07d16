/// Binds one query. Sub-queries are bound by a binder of their own that knows the common tables around them.
struct QueryBinder {
    let catalog: any Catalog
    let limits: SQLLimits
    /// Of the sub-queries that stand as values.
    private(set) var answers: SubqueryAnswers
    /// Windows keep all columns of their input: late rows go on as they came.
    var keepsWindowInputs = false
    /// Those that the text declares.
    let functions: DeclaredFunctions?
    /// The columns of the query around this one, which can't be used but may be named by mistake.
    private(set) var outerScope: Scope?
    /// The values of sub-queries that were turned into joins, over the columns of the query around them.
    var joinedValues: [Query: BoundExpression] = [:]
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
        inner.joinedValues = [:]
        return inner
    }

    /// Whether a sub-query over `scope` names columns of it. Found out by binding it without them.
    func isCorrelated(_ query: Query, in scope: Scope) -> Bool {
        if let known = answers.correlation[query] { return known }
        var trial = inside(scope)
        trial.answers = answers.trial()
        let isBound = (try? trial.bind(query)) != nil
        let isCorrelated = !isBound && trial.answers.namesOuterColumn
        answers.correlation = trial.answers.correlation
        answers.correlation[query] = isCorrelated
        return isCorrelated
    }

    func bind(_ query: Query) throws(SQLError) -> Relation {
        try refuseEmission(in: query)
        var inner = self
        for table in query.commonTables { try inner.declare(table, of: query) }
        return try inner.bindBody(of: query)
    }

    mutating func declare(_ table: CommonTable, of query: Query) throws(SQLError) {
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

    func bind(_ body: QueryBody) throws(SQLError) -> Relation {
        switch body {
        case .select(let select): return try bind(select, orderBy: [], limit: nil, offset: nil)
        case .nested(let query): return try bind(query)
        case .values(let rows, let position): return try bindValues(rows, at: position)
        case .union(let first, let parts): return try union(first, parts)
        case .intersect(let left, let right, let isAll, let position):
            return try combine(left, right, .intersect(isAll: isAll), at: position)
        case .except(let left, let right, let isAll, let position):
            return try combine(left, right, .except(isAll: isAll), at: position)
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
        case .unnest(let list, let hasOrdinality, let alias, let position):
            let row = try relation(.values(rows: [[]], fields: []), Scope(), over: [], at: position)
            let unnested = Unnested(list: list, hasOrdinality: hasOrdinality, alias: alias, position: position)
            return try unnest(unnested, behind: row, keepsEmpty: false)
        case .join(let left, let kind, .unnest(let list, let hasOrdinality, let alias, let position), let condition, _):
            let unnested = Unnested(list: list, hasOrdinality: hasOrdinality, alias: alias, position: position)
            return try join(try bind(left), kind, unnested, condition)
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
}
