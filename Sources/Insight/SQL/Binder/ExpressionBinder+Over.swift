extension ExpressionBinder {
    /// `function OVER …`: a column behind all others, until it is known how many those are.
    mutating func bind(_ call: FunctionCall, over reference: OverReference) throws(SQLError) -> Bound {
        let name = call.upperName
        if case .refused(let place) = overs {
            throw SQLError(
                .misplacedAggregate, "\(name) OVER can't stand in \(place)", at: call.position,
                suggestion: ["WHERE", "HAVING", "GROUP BY"].contains(place)
                    ? "QUALIFY filters by it, or a query around this one" : "compute it in a sub-query")
        }
        var inner = self
        inner.overs = .refused("another OVER function")
        let window = try OverWindowResolution(windows).resolve(reference)
        var partition: [BoundExpression] = []
        for expression in window.partitionBy {
            let key = try inner.valueOfRow(expression)
            let bound = key.type == .null ? try cast(key, to: .integer) : key
            if !partition.contains(bound.expression) { partition.append(bound.expression) }
        }
        var order: [SortKey] = []
        for item in window.orderBy {
            let bound = try inner.valueOfRow(item.expression)
            if case .literal = bound.expression { continue }
            let key = SortKey(
                expression: bound.expression, isDescending: item.isDescending,
                nullsFirst: item.nullsFirst ?? !item.isDescending)
            if !order.contains(where: { $0.expression == key.expression }) { order.append(key) }
        }
        var bound = try inner.overCall(call)
        bound.frame = try inner.frame(window.frame, order: order)
        collected = inner.collected
        references = inner.references
        let item = OverItem(partition: partition, order: order, call: bound)
        let slot = overItems.firstIndex(of: item) ?? overItems.count
        if slot == overItems.count { overItems.append(item) }
        guard overItems.count <= limits.maximumListLength else {
            throw SQLError(
                .limitExceeded, "more than \(limits.maximumListLength) OVER functions", at: call.position)
        }
        let column = BoundExpression.column(index: OverItem.firstColumn + slot, type: bound.type)
        return Bound(expression: column, size: 1, position: call.position)
    }

    /// An expression that an alias must not have smuggled an OVER function into.
    private mutating func valueOfRow(_ expression: Expression) throws(SQLError) -> Bound {
        let bound = try bind(expression)
        guard !bound.expression.readsOver else {
            throw SQLError(
                .misplacedAggregate, "an OVER function can't stand in another one", at: bound.position,
                suggestion: "compute it in a sub-query")
        }
        return bound
    }

    // MARK: Functions

    private mutating func overCall(_ call: FunctionCall) throws(SQLError) -> OverCall {
        let name = call.upperName
        if let function = OverFunctionName(rawValue: name) { return try overCall(function, call) }
        guard let aggregate = AggregateName(rawValue: name) else {
            guard functions?.index(of: name) == nil, !FunctionSignatures.exists(name) else {
                throw SQLError(
                    .misplacedAggregate, "\(name) takes no OVER: it looks at one row", at: call.position)
            }
            throw unknownFunction(call)
        }
        guard call.nulls == nil else { throw refusedNulls(call) }
        let bound = try aggregateCall(aggregate, call, by: &self)
        for expression in [bound.argument, bound.filter] where expression?.readsOver == true {
            throw SQLError(
                .misplacedAggregate, "an OVER function can't stand in another one", at: call.position,
                suggestion: "compute it in a sub-query")
        }
        return OverCall(
            function: .aggregate(bound.function), argument: bound.argument, isDistinct: bound.isDistinct,
            filter: bound.filter, type: bound.type)
    }

    private mutating func overCall(
        _ function: OverFunctionName, _ call: FunctionCall
    ) throws(SQLError) -> OverCall {
        guard !call.isDistinct, call.filter == nil, !call.isStar else {
            let what = call.isStar ? "*" : call.isDistinct ? "DISTINCT" : "FILTER"
            throw SQLError(
                .misplacedAggregate, "\(what) belongs to aggregates, and \(function.rawValue) is none",
                at: call.position)
        }
        guard function.arguments.contains(call.arguments.count) else {
            throw SQLError(
                .typeMismatch, "\(function.rawValue) does not take \(call.arguments.count) arguments",
                at: call.position, suggestion: "it is called \(function.usage)")
        }
        guard call.nulls == nil || function.takesNullTreatment else { throw refusedNulls(call) }
        switch function {
        case .rowNumber: return OverCall(function: .rowNumber, type: .bigint)
        case .rank: return OverCall(function: .rank, type: .bigint)
        case .denseRank: return OverCall(function: .denseRank, type: .bigint)
        case .percentRank: return OverCall(function: .percentRank, type: .double)
        case .cumeDist: return OverCall(function: .cumeDist, type: .double)
        case .ntile:
            return OverCall(
                function: .ntile(try wholeNumber(call.arguments[0], "the buckets of NTILE", atLeast: 1)), type: .bigint)
        case .lag, .lead: return try shift(call, isLag: function == .lag)
        case .firstValue, .lastValue, .nthValue: return try frameValue(function, call)
        }
    }

    private func refusedNulls(_ call: FunctionCall) -> SQLError {
        SQLError(
            .misplacedAggregate, "\(call.upperName) takes no IGNORE NULLS or RESPECT NULLS", at: call.position,
            suggestion: AggregateName(rawValue: call.upperName) != nil ? "aggregates leave nulls out" : nil)
    }

    private mutating func frameValue(
        _ function: OverFunctionName, _ call: FunctionCall
    ) throws(SQLError) -> OverCall {
        let value = try typed(try valueOfRow(call.arguments[0]))
        var result = OverCall(
            function: function == .firstValue ? .firstValue : .lastValue, argument: value.expression, type: value.type)
        if function == .nthValue {
            result.function = .nthValue(
                try wholeNumber(call.arguments[1], "the place of NTH_VALUE", atLeast: 1))
        }
        result.ignoresNulls = call.nulls == .ignore
        return result
    }

    private mutating func shift(_ call: FunctionCall, isLag: Bool) throws(SQLError) -> OverCall {
        var values = [try typed(try valueOfRow(call.arguments[0]))]
        var distance: Int64 = 1
        if call.arguments.count > 1 {
            // A negative distance looks the other way, as in DuckDB.
            distance = try wholeNumber(
                call.arguments[1], "the distance of \(call.upperName)", atLeast: -Self.maximumDistance)
        }
        if call.arguments.count > 2 {
            values.append(try valueOfRow(call.arguments[2]))
            values = try unified(values, what: "the value and the default of \(call.upperName)")
        }
        return OverCall(
            function: .shift(isLag ? -distance : distance), argument: values[0].expression,
            otherwise: values.count > 1 ? values[1].expression : nil, ignoresNulls: call.nulls == .ignore,
            type: values[0].type)
    }

    private func typed(_ bound: Bound) throws(SQLError) -> Bound {
        bound.type == .null ? try cast(bound, to: .integer) : bound
    }

    /// Rows that a distance, a place or a number of buckets may be, at most.
    private static let maximumDistance: Int64 = 1 << 32

    mutating func wholeNumber(
        _ expression: Expression, _ what: String, atLeast minimum: Int64
    ) throws(SQLError) -> Int64 {
        let bound = try bind(expression)
        guard case .literal(.int64(let value), let type) = bound.expression, type.isInteger, value >= minimum,
            value <= Self.maximumDistance
        else {
            throw SQLError(
                .invalidQuery, "\(what) is a constant whole number" + (minimum > 0 ? " from \(minimum)" : ""),
                at: bound.position)
        }
        return value
    }
}
