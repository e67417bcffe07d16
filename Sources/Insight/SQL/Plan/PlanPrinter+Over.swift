extension PlanPrinter {
    static func text(_ over: OverSpecification, _ names: [String]) -> String {
        let keys = over.partition.map { text($0, names) }.joined(separator: ", ")
        let order = over.order.map { text($0, names) }.joined(separator: ", ")
        let calls = over.calls.map { text($0, names) }.joined(separator: ", ")
        return "over (\(keys))" + (order.isEmpty ? "" : " order \(order)") + (calls.isEmpty ? "" : " " + calls)
            + (over.limit.map { " keep \(name($0.ranking)) up to \($0.count)" } ?? "")
    }

    static func text(_ key: SortKey, _ names: [String]) -> String {
        text(key.expression, names) + (key.isDescending ? " DESC" : "")
            + (key.nullsFirst == !key.isDescending ? "" : key.nullsFirst ? " NULLS FIRST" : " NULLS LAST")
    }

    static func text(_ call: OverCall, _ names: [String]) -> String {
        let argument = call.argument.map { text($0, names) }
        let nulls = call.ignoresNulls ? " IGNORE NULLS" : ""
        switch call.function {
        case .rowNumber: return "ROW_NUMBER()"
        case .rank: return "RANK()"
        case .denseRank: return "DENSE_RANK()"
        case .percentRank: return "PERCENT_RANK()"
        case .cumeDist: return "CUME_DIST()"
        case .ntile(let buckets): return "NTILE(\(buckets))"
        case .shift(let distance):
            let otherwise = call.otherwise.map { ", " + text($0, names) } ?? ""
            return "\(distance < 0 ? "LAG" : "LEAD")(\(argument ?? ""), \(distance.magnitude)\(otherwise))" + nulls
        case .firstValue: return "FIRST_VALUE(\(argument ?? ""))" + nulls + text(call.frame)
        case .lastValue: return "LAST_VALUE(\(argument ?? ""))" + nulls + text(call.frame)
        case .nthValue(let place): return "NTH_VALUE(\(argument ?? ""), \(place))" + nulls + text(call.frame)
        case .aggregate(let function):
            let aggregate = AggregateCall(
                function: function, argument: call.argument, isDistinct: call.isDistinct, filter: call.filter,
                type: call.type)
            return text(aggregate, names) + text(call.frame)
        }
    }

    private static func name(_ ranking: OverSpecification.RankLimit.Ranking) -> String {
        switch ranking {
        case .rowNumber: "ROW_NUMBER"
        case .rank: "RANK"
        case .denseRank: "DENSE_RANK"
        }
    }

    private static func text(_ frame: OverFrame) -> String {
        if frame == .wholePartition { return "" }
        let unit =
            switch frame.unit {
            case .rows: "ROWS"
            case .range: "RANGE"
            case .groups: "GROUPS"
            }
        let exclusion =
            switch frame.exclusion {
            case .none: ""
            case .currentRow: " EXCLUDE CURRENT ROW"
            case .group: " EXCLUDE GROUP"
            case .ties: " EXCLUDE TIES"
            }
        return " \(unit) \(text(frame.start)) TO \(text(frame.end))" + exclusion
    }

    private static func text(_ bound: OverFrame.Bound) -> String {
        switch bound {
        case .unboundedPreceding: "UNBOUNDED PRECEDING"
        case .preceding(let distance): "\(text(distance)) PRECEDING"
        case .currentRow: "CURRENT ROW"
        case .following(let distance): "\(text(distance)) FOLLOWING"
        case .unboundedFollowing: "UNBOUNDED FOLLOWING"
        }
    }

    private static func text(_ distance: OverFrame.Distance) -> String {
        switch distance {
        case .whole(let whole): String(whole)
        case .number(let number): String(number)
        case .decimal(let units, let scale): DecimalDouble.text(units, scale: scale)
        }
    }
}

extension OverCall {
    /// As `BoundExpression.text(over:)`.
    public func text(over fields: [PlanField]) -> String { PlanPrinter.text(self, fields.map(\.name)) }
}
