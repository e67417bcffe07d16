/// Gives a parsed query its meaning: names become columns, types are settled, and the result is an optimised plan.
public struct Binder: Sendable {
    private let catalog: any Catalog
    private let limits: SQLLimits

    public init(catalog: any Catalog, limits: SQLLimits = .standard) {
        self.catalog = catalog
        self.limits = limits
    }

    /// The plan of a query, optimised: constants folded, predicates and projections pushed down to the scans.
    ///
    /// - Throws: every code of `SQLError` but `syntax` and `evaluation`, at the offending token.
    public func bind(_ query: Query) throws(SQLError) -> LogicalPlan {
        let relation = try QueryBinder(catalog: catalog, limits: limits).bind(query)
        return Optimizer.optimize(relation.plan)
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
