import Columns

extension ExpressionBinder {
    mutating func bind(_ name: AggregateName, _ call: FunctionCall) throws(SQLError) -> Bound {
        switch aggregates {
        case .collected: break
        case .refused(let place):
            throw SQLError(
                .misplacedAggregate, "the aggregate \(name.rawValue) can't stand in \(place)", at: call.position,
                suggestion: place == "WHERE" ? "HAVING filters by aggregates, after GROUP BY" : nil)
        }
        // Inside of an aggregate there are rows, not groups.
        var inner = ExpressionBinder(
            scope: scope, limits: limits, aggregates: .refused("another aggregate"), queries: queries)
        inner.hiddenAliases = hiddenAliases
        let aggregate = try aggregateCall(name, call, by: &inner)
        var slot = collected.count
        if let same = collected.firstIndex(of: aggregate) {
            slot = same
        } else {
            collected.append(aggregate)
        }
        let column = BoundExpression.column(index: scope.columns.count + slot, type: aggregate.type)
        return Bound(expression: column, size: 1, position: call.position)
    }

    /// - Parameter inner: binds what stands in the call.
    func aggregateCall(
        _ name: AggregateName, _ call: FunctionCall, by inner: inout ExpressionBinder
    ) throws(SQLError) -> AggregateCall {
        var filter: BoundExpression?
        if let condition = call.filter { filter = try inner.condition(condition, clause: "FILTER").expression }
        if call.isStar {
            guard name == .count else {
                throw SQLError(.typeMismatch, "only COUNT takes *", at: call.position, suggestion: "name a column")
            }
            return AggregateCall(function: .countAll, argument: nil, isDistinct: false, filter: filter, type: .bigint)
        }
        let wanted = name == .approxPercentile ? 2 : 1
        guard call.arguments.count == wanted else {
            let usage = name == .approxPercentile ? "APPROX_PERCENTILE(value, 0.99)" : "\(name.rawValue)(value)"
            throw SQLError(
                .typeMismatch, "\(name.rawValue) takes \(wanted == 1 ? "one argument" : "two arguments")",
                at: call.position, suggestion: name == .count ? "COUNT(*) counts rows" : "write \(usage)")
        }
        let argument = try inner.bind(call.arguments[0])
        if name == .approxPercentile {
            return try percentile(argument, of: call, filter: filter, &inner)
        }
        return try aggregate(name, over: argument, isDistinct: call.isDistinct, filter: filter)
    }

    func aggregate(
        _ name: AggregateName, over bound: Bound, isDistinct: Bool, filter: BoundExpression?
    ) throws(SQLError) -> AggregateCall {
        var argument = bound
        let function: AggregateCall.Function
        var type = SQLType.bigint
        var distinct = isDistinct
        switch name {
        case .count: function = .count
        case .approxCountDistinct:
            function = .approxCountDistinct
            distinct = false
        case .min, .max:
            function = name == .min ? .min : .max
            // The least of all values is the least of the distinct ones.
            distinct = false
            if argument.type == .json { argument = try cast(argument, to: .varchar) }
            if argument.type == .null { argument = try cast(argument, to: .integer) }
            type = argument.type
        case .sum, .avg, .approxPercentile:
            function = name == .sum ? .sum : .avg
            argument = try number(argument, for: name)
            // As Flink: the sum and the average of INT are INT.
            type = argument.type.aggregated(isAverage: function == .avg)
        }
        return AggregateCall(
            function: function, argument: argument.expression, isDistinct: distinct, filter: filter, type: type)
    }

    private func number(_ bound: Bound, for name: AggregateName) throws(SQLError) -> Bound {
        if bound.type.isNumeric { return bound }
        switch bound.type {
        case .null: return try cast(bound, to: .integer)
        case .json: return try cast(bound, to: .double, isTry: true)
        default:
            throw SQLError(
                .typeMismatch, "\(name.rawValue) needs numbers, and this is \(bound.type.name)", at: bound.position,
                suggestion: bound.type == .boolean
                    ? "COUNT(*) FILTER (WHERE condition) counts" : "TRY_CAST(… AS DOUBLE) reads numbers out of text")
        }
    }

    private func percentile(
        _ argument: Bound, of call: FunctionCall, filter: BoundExpression?, _ inner: inout ExpressionBinder
    ) throws(SQLError) -> AggregateCall {
        let bound = try inner.bind(call.arguments[1])
        var fraction: Double?
        switch bound.expression {
        case .literal(.float64(let value), _): fraction = value
        case .literal(.int64(let value), _): fraction = Double(value)
        case .literal(.decimal(let value), let type):
            fraction = DecimalDouble.double(value, scale: type.fieldType.decimalScale ?? 0)
        default: break
        }
        guard let fraction, fraction >= 0, fraction <= 1 else {
            throw SQLError(
                .invalidQuery, "the fraction of APPROX_PERCENTILE is a constant from 0 to 1", at: bound.position,
                suggestion: "0.99 for the 99th percentile")
        }
        guard !call.isDistinct else {
            throw SQLError(.unsupported, "DISTINCT in APPROX_PERCENTILE is not supported yet", at: call.position)
        }
        let number = try number(argument, for: .approxPercentile)
        return AggregateCall(
            function: .approxPercentile(fraction), argument: try cast(number, to: .double).expression,
            isDistinct: false, filter: filter, type: .double)
    }
}
