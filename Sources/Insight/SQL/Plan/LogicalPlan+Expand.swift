extension LogicalPlan {
    /// The keys of the groups that an aggregate over this input has even when there are no rows: those of grouping sets
    /// without keys (`ROLLUP`'s grand total).
    ///
    /// - Parameter keys: of the aggregate, over the columns of this input.
    /// - Returns: for each such group the literals that are its keys.
    public func totals(of keys: [BoundExpression]) -> [[BoundExpression]] {
        guard case .expand(_, let projections, _) = self, !keys.isEmpty else { return [] }
        return projections.compactMap { projection in
            let values = keys.map { $0.replacingColumns(projection) }
            let isTotal = values.allSatisfy { if case .literal = $0 { true } else { false } }
            return isTotal ? values : nil
        }
    }

    /// The columns that are the same in all copies of a row.
    ///
    /// - Returns: their expressions over the input, by index.
    public static func unchanged(_ projections: [[BoundExpression]]) -> [Int: BoundExpression] {
        var unchanged: [Int: BoundExpression] = [:]
        guard let first = projections.first else { return [:] }
        for (index, expression) in first.enumerated() where projections.allSatisfy({ $0[index] == expression }) {
            unchanged[index] = expression
        }
        return unchanged
    }
}
