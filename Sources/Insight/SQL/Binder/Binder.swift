/// Gives a parsed query its meaning: names become columns, types are settled, and the result is an optimised plan.
public struct Binder: Sendable {
    private let catalog: any Catalog
    private let views: [ViewDeclaration]
    private let functions: [FunctionDeclaration]
    private let limits: SQLLimits

    /// - Parameters:
    ///   - views: each sees the tables and the views before it, and hides a table of its name from what comes after.
    ///   - functions: each sees those before it; views and the query see all.
    public init(
        catalog: any Catalog, views: [ViewDeclaration] = [], functions: [FunctionDeclaration] = [],
        limits: SQLLimits = .standard
    ) {
        self.catalog = catalog
        self.views = views
        self.functions = functions
        self.limits = limits
    }

    /// The plan of a query whose sub-queries are kept up to date while it runs, as joins; optimised: constants folded,
    /// predicates and projections pushed down to the scans.
    ///
    /// - Throws: every code of `SQLError` but `syntax` and `evaluation`, at the offending token.
    public func bind(_ query: Query) throws(SQLError) -> LogicalPlan {
        Optimizer.optimize(try relation(query, SubqueryAnswers(.joined)).plan)
    }

    /// The plan of a query, as `bind(_:)`; sub-queries that stand as values are asked for one after the other.
    ///
    /// - Parameter answers: those that were asked for so far, in that order.
    /// - Throws: as `bind(_:)`; also `evaluation` where a sub-query gives several rows for one value.
    public func bind(_ query: Query, answers: [SubqueryAnswer]) throws(SQLError) -> Binding {
        let known = SubqueryAnswers(.answered(answers))
        do {
            return .plan(Optimizer.optimize(try relation(query, known).plan))
        } catch {
            if let pending = known.pending { return .needsAnswer(pending) }
            throw error
        }
    }

    /// The columns of a query's answer. Nothing needs to run for them.
    ///
    /// - Throws: as `bind(_:)`.
    public func fields(of query: Query) throws(SQLError) -> [PlanField] {
        try relation(query, SubqueryAnswers(.assumedNull)).plan.fields
    }

    /// The columns of a table or view.
    ///
    /// - Throws: as `bind(_:)`; `unknownTable` where there is none of that name.
    public func fields(of table: ObjectName) throws(SQLError) -> [PlanField] {
        let name = Name(parts: [Identifier(text: table.text, position: table.position, isQuoted: true)])
        return try binder(SubqueryAnswers(.assumedNull)).table(name).plan.fields
    }

    private func relation(_ query: Query, _ answers: SubqueryAnswers) throws(SQLError) -> Relation {
        var binder = try binder(answers)
        binder.keepsWindowInputs = query.emission?.lateTarget != nil
        var query = query
        query.emission = nil
        return try binder.bind(query)
    }

    /// When the query is to answer.
    ///
    /// - Throws: `typeMismatch` and `invalidQuery` of its intervals.
    public func emission(of query: Query) throws(SQLError) -> Emission {
        if query.emission == nil { return Emission() }
        return try binder(SubqueryAnswers(.assumedNull)).emission(query.emission)
    }

    private func binder(_ answers: SubqueryAnswers) throws(SQLError) -> QueryBinder {
        let declared = functions.isEmpty ? nil : DeclaredFunctions(functions, limits: limits)
        try declared?.check()
        var binder = QueryBinder(catalog: catalog, limits: limits, answers: answers, functions: declared)
        for view in views { try binder.declare(view) }
        return binder
    }

    /// Parses and binds a condition over rows of `fields` (edge rules, alert conditions, `tail --where`).
    ///
    /// - Returns: a boolean expression whose columns are indices into `fields`.
    /// - Throws: every code of `SQLError` but `evaluation`, at the offending token of `text`.
    public static func bindCondition(
        _ text: String, fields: [PlanField], limits: SQLLimits = .standard
    ) throws(SQLError) -> BoundExpression {
        let condition = try SQLParser.parseCondition(text, limits: limits)
        var binder = ExpressionBinder(
            scope: Scope(fields: fields), limits: limits, aggregates: .refused("a condition over single rows"))
        return try binder.condition(condition, clause: "a condition").expression
    }
}
