/// `OVER (PARTITION BY … ORDER BY …)`: each row with what functions make of the rows of its partition around it. The
/// node's output: the input's columns, then one a call. All is over the input's columns.
public struct OverSpecification: Hashable, Sendable {
    /// How many rows of a partition are wanted, by a ranking.
    public struct RankLimit: Hashable, Sendable {
        public enum Ranking: Hashable, Sendable {
            case rowNumber
            case rank
            case denseRank
        }

        public var ranking: Ranking
        /// The largest rank that is wanted; below 1 for no row.
        public var count: Int64
    }

    public var partition: [BoundExpression]
    public var order: [SortKey]
    public var calls: [OverCall]
    /// Only these rows are given. `nil` for all.
    public var limit: RankLimit?

    /// With each expression replaced.
    public func mapExpressions<Failure: Error>(
        _ transform: (BoundExpression) throws(Failure) -> BoundExpression
    ) throws(Failure) -> OverSpecification {
        var mapped = self
        for index in partition.indices { mapped.partition[index] = try transform(partition[index]) }
        for index in order.indices { mapped.order[index].expression = try transform(order[index].expression) }
        for index in calls.indices { mapped.calls[index] = try calls[index].mapExpressions(transform) }
        return mapped
    }

    /// What the calls append to the input's columns.
    public var appendedFields: [PlanField] {
        calls.enumerated().map { PlanField(name: "$over\($0)", type: $1.type) }
    }

    /// All expressions.
    var expressions: [BoundExpression] {
        partition + order.map(\.expression) + calls.flatMap(\.expressions)
    }
}

/// One function over the rows around a row.
public struct OverCall: Hashable, Sendable {
    public enum Function: Hashable, Sendable {
        case rowNumber
        case rank
        case denseRank
        case percentRank
        case cumeDist
        /// Of this many buckets, at least 1.
        case ntile(Int64)
        /// The value so many rows on: `LAG` where it is negative, `LEAD` otherwise.
        case shift(Int64)
        case firstValue
        case lastValue
        /// From 1.
        case nthValue(Int64)
        case aggregate(AggregateCall.Function)
    }

    public var function: Function
    public var argument: BoundExpression?
    /// What `LAG` and `LEAD` give where there is no such row.
    public var otherwise: BoundExpression?
    public var isDistinct = false
    public var filter: BoundExpression?
    public var ignoresNulls = false
    /// Rankings, `LAG` and `LEAD` look at the whole partition, whatever the frame.
    public var frame = OverFrame.wholePartition
    public var type: SQLType

    public func mapExpressions<Failure: Error>(
        _ transform: (BoundExpression) throws(Failure) -> BoundExpression
    ) throws(Failure) -> OverCall {
        var mapped = self
        if let argument { mapped.argument = try transform(argument) }
        if let otherwise { mapped.otherwise = try transform(otherwise) }
        if let filter { mapped.filter = try transform(filter) }
        return mapped
    }

    var expressions: [BoundExpression] { [argument, otherwise, filter].compactMap { $0 } }

    /// Whether rows behind a row of its partition can't change its value.
    var looksBackOnly: Bool {
        switch function {
        case .rowNumber, .rank, .denseRank: return true
        case .percentRank, .cumeDist, .ntile: return false
        case .shift(let distance): return distance <= 0
        case .firstValue, .lastValue, .nthValue, .aggregate:
            guard frame.unit == .rows else { return false }
            switch frame.end {
            case .preceding, .currentRow: return true
            case .unboundedPreceding, .following, .unboundedFollowing: return false
            }
        }
    }
}

/// The rows around a row that a function looks at.
public struct OverFrame: Hashable, Sendable {
    public enum Unit: Hashable, Sendable {
        case rows
        /// By the value of the only `ORDER BY` key; rows of equal value are peers, and the current row is all of them.
        case range
        /// By rows of equal keys, which count as one.
        case groups
    }

    /// What of the frame is left out.
    public enum Exclusion: Hashable, Sendable {
        case none
        case currentRow
        /// The current row and its peers.
        case group
        /// Its peers without it.
        case ties
    }

    public enum Bound: Hashable, Sendable {
        case unboundedPreceding
        /// Rows, or a distance of the key: microseconds, or a number. Not negative.
        case preceding(Distance)
        case currentRow
        case following(Distance)
        case unboundedFollowing
    }

    public enum Distance: Hashable, Sendable {
        case whole(Int64)
        case number(Double)
        /// In units of the scale of the order's key.
        case decimal(Int128, scale: Int)
    }

    public var unit: Unit
    public var start: Bound
    public var end: Bound
    public var exclusion = Exclusion.none

    static let wholePartition = OverFrame(unit: .rows, start: .unboundedPreceding, end: .unboundedFollowing)
}
