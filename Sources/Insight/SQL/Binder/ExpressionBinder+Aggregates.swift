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
        if let each = call.eachPercentile { return try bind(each) }
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
        guard name.argumentCount.contains(call.arguments.count) else {
            let takesOne = name.argumentCount.upperBound == 1 || name == .count
            throw SQLError(
                .typeMismatch, "\(name.rawValue) takes \(takesOne ? "one argument" : "two arguments")",
                at: call.position, suggestion: name == .count ? "COUNT(*) counts rows" : "write \(name.usage)")
        }
        var argument = try inner.bind(call.arguments[0])
        if call.arguments.count > 1, name == .count { argument = try inner.combination(call) }
        switch name {
        case .approxPercentile, .percentile: return try percentile(name, argument, of: call, filter: filter, &inner)
        case .listAgg, .arrayAgg, .collect, .jsonArrayAgg, .jsonObjectAgg:
            return try concatenation(name, argument, of: call, filter: filter, &inner)
        default: return try aggregate(name, over: argument, isDistinct: call.isDistinct, filter: filter)
        }
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
        case .every, .boolAnd, .some, .boolOr:
            guard argument.type == .boolean || argument.type == .null else {
                throw SQLError(
                    .typeMismatch, "\(name.rawValue) needs conditions, and this is \(argument.type.name)",
                    at: argument.position)
            }
            argument = try cast(argument, to: .boolean)
            function = name == .every || name == .boolAnd ? .min : .max
            distinct = false
            type = .boolean
        case .first, .last, .anyValue:
            function = name == .last ? .last : .first
            distinct = false
            if argument.type == .null { argument = try cast(argument, to: .integer) }
            type = argument.type
        case .min, .max:
            function = name == .min ? .min : .max
            // The least of all values is the least of the distinct ones.
            distinct = false
            if argument.type == .json { argument = try cast(argument, to: .varchar) }
            if argument.type == .null { argument = try cast(argument, to: .integer) }
            type = argument.type
        case .stddevPop, .stddevSamp, .stddev, .varPop, .varSamp, .variance:
            function = .variance(name.variance ?? .init(isSample: false, isDeviation: false))
            argument = try cast(number(argument, for: name), to: .double)
            type = .double
        case .sum, .avg, .approxPercentile, .percentile, .listAgg, .arrayAgg, .collect, .jsonArrayAgg, .jsonObjectAgg:
            function = name == .sum ? .sum : .avg
            argument = try number(argument, for: name)
            // As Flink: the sum and the average of INT are INT.
            type = argument.type.aggregated(isAverage: function == .avg)
        }
        return AggregateCall(
            function: function, argument: argument.expression, isDistinct: distinct, filter: filter, type: type)
    }

    /// Several values as one, null where one of them is: what `COUNT(DISTINCT a, b)` counts.
    fileprivate mutating func combination(_ call: FunctionCall) throws(SQLError) -> Bound {
        var values: [Bound] = []
        for argument in call.arguments { values.append(try bind(argument)) }
        var parts: [Bound] = []
        for value in values { parts.append(try json(value)) }
        let list = try make(
            .call(.jsonArray, parts.map(\.expression), type: .json), of: parts, at: call.position)
        let tests = values.map { BoundExpression.call(.isNull, [$0.expression], type: .boolean) }
        let branches = tests.map { CaseBranch(condition: $0, result: .literal(.null, type: .json)) }
        return try make(
            .caseWhen(branches, otherwise: list.expression, type: .json), of: values + [list], at: call.position)
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
        _ name: AggregateName, _ argument: Bound, of call: FunctionCall, filter: BoundExpression?,
        _ inner: inout ExpressionBinder
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
                .invalidQuery, "the fraction of \(name.rawValue) is a constant from 0 to 1", at: bound.position,
                suggestion: "0.99 for the 99th percentile")
        }
        let isExact = name == .percentile
        guard !call.isDistinct || isExact else {
            throw SQLError(.unsupported, "DISTINCT in APPROX_PERCENTILE is not supported yet", at: call.position)
        }
        let number = try number(argument, for: name)
        return AggregateCall(
            function: isExact ? .percentile(fraction) : .approxPercentile(fraction),
            argument: try cast(number, to: .double).expression, isDistinct: call.isDistinct, filter: filter,
            type: .double)
    }

    /// `LISTAGG`, and the aggregates that make JSON: their values as text, put together.
    private func concatenation(
        _ name: AggregateName, _ argument: Bound, of call: FunctionCall, filter: BoundExpression?,
        _ inner: inout ExpressionBinder
    ) throws(SQLError) -> AggregateCall {
        var parts = AggregateCall.Concatenation.array
        var value = argument
        var type = SQLType.json
        switch name {
        case .listAgg:
            parts = .init(separator: try separator(of: call, &inner))
            value = try cast(argument, to: .varchar)
            type = .varchar
        case .jsonObjectAgg:
            parts = .object
            let item = try inner.bind(call.arguments[1])
            let name = try cast(argument, to: .varchar)
            let json = call.clauses?.leavesNullsOut == true ? try json(item) : try jsonOrNull(item)
            value = try make(
                .call(.jsonMember, [name.expression, json.expression], type: .varchar), of: [name, json],
                at: call.position)
        default:
            // Flink: ARRAY_AGG keeps nulls, JSON_ARRAYAGG and COLLECT leave them out.
            let leavesOut = call.clauses?.leavesNullsOut ?? call.nulls.map { $0 == .ignore } ?? (name != .arrayAgg)
            value = leavesOut ? try json(argument) : try jsonOrNull(argument)
            if name != .jsonArrayAgg { type = .array(argument.type) }
        }
        if !call.orderBy.isEmpty {
            parts.isSorted = true
            value = try sortedItem(value, of: argument, call, &inner)
        }
        return AggregateCall(
            function: .concatenation(parts), argument: value.expression, isDistinct: call.isDistinct, filter: filter,
            type: type)
    }

    /// A value with what it is put in order by, as one.
    ///
    /// - Parameter argument: the value as written.
    private func sortedItem(
        _ value: Bound, of argument: Bound, _ call: FunctionCall, _ inner: inout ExpressionBinder
    ) throws(SQLError) -> Bound {
        var parts = [value]
        var orders: [SortedItem.Order] = []
        for item in call.orderBy {
            let bound = try inner.bind(item.expression)
            if case .literal = bound.expression { continue }
            guard !call.isDistinct || bound.expression == argument.expression else {
                throw SQLError(
                    .invalidQuery, "\(call.upperName) of DISTINCT values is ordered by these alone", at: bound.position,
                    suggestion: "a value that is there twice would have two places")
            }
            parts.append(bound)
            orders.append(
                .init(isDescending: item.isDescending, nullsFirst: item.nullsFirst ?? !item.isDescending))
        }
        let told = BoundExpression.literal(.bytes(SortedItem.text(of: orders)), type: .varchar)
        return try make(
            .call(.sortedItem, parts.map(\.expression) + [told], type: .varbinary), of: parts, at: call.position)
    }

    private func separator(of call: FunctionCall, _ inner: inout ExpressionBinder) throws(SQLError) -> [UInt8] {
        guard call.arguments.count > 1 else { return Array(",".utf8) }
        let bound = try inner.bind(call.arguments[1])
        guard case .literal(.bytes(let separator), .varchar) = bound.expression else {
            throw SQLError(
                .typeMismatch, "the separator of LISTAGG is a constant text", at: bound.position,
                suggestion: "for instance LISTAGG(name, ', ')")
        }
        return separator
    }
}

extension FunctionCall {
    /// `PERCENTILE(x, ARRAY[a, b])` as a list of `PERCENTILE(x, a)` and `PERCENTILE(x, b)`, null where there are no values;
    /// `nil` for other calls.
    fileprivate var eachPercentile: Expression? {
        guard upperName == "PERCENTILE", arguments.count == 2, case .call(let fractions) = arguments[1],
            fractions.upperName == "ARRAY", let first = fractions.arguments.first
        else { return nil }
        func one(_ fraction: Expression) -> Expression {
            var call = self
            call.arguments[1] = fraction
            return .call(call)
        }
        let list = FunctionCall(name: "ARRAY", arguments: fractions.arguments.map(one), position: position)
        let isEmpty = Expression.truth(one(first), .null, isNegated: false, position)
        return .caseWhen(
            operand: nil, [CaseClause(condition: isEmpty, result: .literal(.null, position))],
            otherwise: .call(list), position)
    }
}
