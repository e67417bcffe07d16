/// Gives a parsed query its meaning: names become columns, types are settled, and the result is an optimised plan.
public struct Binder: Sendable {
    let catalog: any Catalog
    let limits: SQLLimits

    public init(catalog: any Catalog, limits: SQLLimits = .standard) {
        self.catalog = catalog
        self.limits = limits
    }

    /// The plan of a query, optimised: constants folded, predicates and projections pushed down to the scans.
    ///
    /// - Throws: every code of `SQLError` but `syntax` and `evaluation`, at the offending token.
    public func bind(_ query: Query) throws(SQLError) -> LogicalPlan {
        _ = query
        throw SQLError(code: .unsupported, message: "the binder is not there yet")
    }

    /// Parses and binds a condition over rows of `fields` (edge rules, alert conditions, `tail --where`).
    ///
    /// - Returns: a boolean expression whose columns are indices into `fields`.
    public static func bindCondition(
        _ text: String, fields: [PlanField], limits: SQLLimits = .standard
    ) throws(SQLError) -> BoundExpression {
        _ = (text, fields, limits)
        throw SQLError(code: .unsupported, message: "the binder is not there yet")
    }
}
