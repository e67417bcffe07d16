extension PredicatePushDown {
    /// Only whole partitions may be taken away below: every other row is part of what its neighbours are given. A bound
    /// on a rank becomes a limit.
    static func push(
        _ predicates: [BoundExpression], _ input: LogicalPlan, _ over: OverSpecification
    ) -> LogicalPlan {
        var keys: Set<Int> = []
        for case .column(let index, _) in over.partition { keys.insert(index) }
        var constant: [BoundExpression] = []
        var varying: [BoundExpression] = []
        for predicate in predicates {
            var readsColumns = false
            predicate.forEachColumn { _ in readsColumns = true }
            if readsColumns { varying.append(predicate) } else { constant.append(predicate) }
        }
        let (below, above) = partition(varying) { keys.contains($0) }
        var over = over
        let count = input.fields.count
        let rest = above.filter { !over.takeLimit($0, inputCount: count) }
        return filter(.over(input: push(below, into: input), over: over), by: constant + rest)
    }
}

extension OverSpecification {
    /// Makes a bound on a rank a limit.
    ///
    /// - Returns: whether the condition need not be tested any more.
    fileprivate mutating func takeLimit(_ predicate: BoundExpression, inputCount: Int) -> Bool {
        guard calls.allSatisfy(\.looksBackOnly), let bound = RankBound(predicate), bound.column >= inputCount,
            bound.column - inputCount < calls.count
        else { return false }
        let ranking: RankLimit.Ranking
        switch calls[bound.column - inputCount].function {
        case .rowNumber: ranking = .rowNumber
        case .rank: ranking = .rank
        case .denseRank: ranking = .denseRank
        default: return false
        }
        guard limit == nil || limit?.ranking == ranking else { return false }
        limit = RankLimit(ranking: ranking, count: min(limit?.count ?? .max, bound.maximum))
        return bound.isWhole
    }
}

/// `column <= maximum`, in whatever form.
private struct RankBound {
    let column: Int
    let maximum: Int64
    /// Nothing more is said than that, of ranks from 1.
    let isWhole: Bool

    init?(_ predicate: BoundExpression) {
        guard case .call(let function, let operands, _) = predicate, operands.count == 2 else { return nil }
        switch (operands[0], operands[1]) {
        case (.column(let column, _), .literal(.int64(let value), let type)) where type.isInteger:
            self.init(column, function, value)
        case (.literal(.int64(let value), let type), .column(let column, _)) where type.isInteger:
            switch function {
            case .greater: self.init(column, .less, value)
            case .greaterOrEqual: self.init(column, .lessOrEqual, value)
            case .equal: self.init(column, .equal, value)
            default: return nil
            }
        default: return nil
        }
    }

    private init?(_ column: Int, _ function: ScalarFunction, _ value: Int64) {
        self.column = column
        switch function {
        case .lessOrEqual:
            maximum = value
            isWhole = true
        case .less:
            guard value > .min else { return nil }
            maximum = value - 1
            isWhole = true
        case .equal:
            maximum = value
            isWhole = value <= 1
        default: return nil
        }
    }
}
