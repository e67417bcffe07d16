extension ExpressionBinder {
    private static let unsupportedMatchFunctions: [String: String] = [
        "PREV": "LAST(variable.column, 1) is the value before; name the variable that took the row",
        "NEXT": "give the next row a variable of its own in PATTERN",
        "CLASSIFIER": "measure a column of each variable: those that took no row are NULL",
        "MATCH_NUMBER": "ROW_NUMBER() OVER (ORDER BY …) numbers the answer's rows",
        "MATCH_PROCTIME": "MATCH_ROWTIME() is the event time of the match's last row",
    ]

    /// A column behind a pattern variable, or of the row at hand; `nil` where the name is neither.
    mutating func matchColumn(_ name: Name) throws(SQLError) -> Bound? {
        guard let match else { return nil }
        var rest = name
        var variable: Int?
        if name.parts.count > 1, let index = match.variables.firstIndex(of: name.parts[0].text) {
            variable = index
            rest.parts.removeFirst()
        }
        guard case .column(let index) = scope.resolve(rest.text) else {
            guard variable != nil else { return nil }
            throw unknownColumn(rest)
        }
        let column = BoundExpression.column(index: index, type: scope.columns[index].type)
        if match.isArgument {
            try noteArgument(variable, at: name.position)
            return Bound(expression: column, size: 1, position: name.position)
        }
        return read(Self.reading(0, isFirst: false, of: variable, match), variable, column, at: name.position)
    }

    /// `FIRST`, `LAST`, `MATCH_ROWTIME` and aggregates; `nil` for every other function.
    mutating func matchCall(_ call: FunctionCall) throws(SQLError) -> Bound? {
        guard let match else { return nil }
        let name = call.upperName
        if let suggestion = Self.unsupportedMatchFunctions[name] {
            throw SQLError(.unsupported, "\(name) is not supported", at: call.position, suggestion: suggestion)
        }
        let aggregate = AggregateName(rawValue: name)
        guard aggregate != nil || name == "FIRST" || name == "LAST" || name == "MATCH_ROWTIME" else { return nil }
        guard !match.isArgument else {
            throw SQLError(
                .misplacedAggregate, "\(name) can't stand in FIRST, LAST or an aggregate", at: call.position)
        }
        guard !call.isDistinct, call.filter == nil else {
            let what = call.isDistinct ? "DISTINCT" : "FILTER"
            throw SQLError(
                .unsupported, "\(what) is not supported in MATCH_RECOGNIZE", at: call.position,
                suggestion: call.isDistinct ? nil : "give the rows a pattern variable of their own")
        }
        if name == "MATCH_ROWTIME" { return try matchRowtime(call, match) }
        if let aggregate { return try matchAggregate(aggregate, call) }
        return try navigation(call, isFirst: name == "FIRST")
    }

    private mutating func matchRowtime(_ call: FunctionCall, _ match: MatchScope) throws(SQLError) -> Bound {
        guard match.defined == nil, call.arguments.isEmpty else {
            throw SQLError(
                .invalidQuery, "MATCH_ROWTIME() is a measure, without arguments", at: call.position,
                suggestion: match.defined == nil ? nil : "compare the time column")
        }
        return read(.rowtime, nil, nil, .timestamp, at: call.position)
    }

    private mutating func navigation(_ call: FunctionCall, isFirst: Bool) throws(SQLError) -> Bound {
        let name = call.upperName
        guard call.arguments.count == 1 || call.arguments.count == 2, !call.isStar else {
            throw SQLError(
                .typeMismatch, "\(name) takes a column and how many rows to skip", at: call.position,
                suggestion: "write \(name)(A.price) or \(name)(A.price, 1)")
        }
        var offset = 0
        if call.arguments.count == 2 {
            let bound = try bind(call.arguments[1])
            guard case .literal(.int64(let value), _) = bound.expression, value >= 0,
                value <= Int64(limits.maximumMatchOffset)
            else {
                throw SQLError(
                    .invalidQuery,
                    "the offset of \(name) is a constant from 0 to \(limits.maximumMatchOffset)", at: bound.position)
            }
            offset = Int(value)
        }
        let (argument, variable) = try argument(call.arguments[0])
        guard let match else { return argument }
        let kind = Self.reading(offset, isFirst: isFirst, of: variable, match)
        return read(kind, variable, argument.expression, at: call.position)
    }

    private mutating func matchAggregate(_ name: AggregateName, _ call: FunctionCall) throws(SQLError) -> Bound {
        guard [.count, .sum, .min, .max, .avg].contains(name) else {
            throw SQLError(
                .unsupported, "\(name.rawValue) is not supported in MATCH_RECOGNIZE", at: call.position,
                suggestion: "there are COUNT, SUM, MIN, MAX and AVG")
        }
        if call.isStar, name == .count { return read(.aggregate(.countAll), nil, nil, .bigint, at: call.position) }
        guard call.arguments.count == 1, !call.isStar else {
            throw SQLError(
                .typeMismatch, "\(name.rawValue) takes one argument", at: call.position,
                suggestion: "write \(name.rawValue)(A.price)")
        }
        let (argument, variable) = try argument(call.arguments[0])
        let bound = try aggregate(name, over: argument, isDistinct: false, filter: nil)
        return read(.aggregate(bound.function), variable, bound.argument, bound.type, at: call.position)
    }

    /// What `FIRST`, `LAST` or an aggregate is over, and whose rows.
    private mutating func argument(_ expression: Expression) throws(SQLError) -> (Bound, Int?) {
        var inner = self
        inner.match?.isArgument = true
        inner.match?.argumentVariable = .unknown
        let bound = try inner.bind(expression)
        guard let variable = inner.match?.argumentVariable, variable != .unknown else {
            throw SQLError(
                .invalidQuery, "no column of a pattern variable is named here", at: bound.position,
                suggestion: "for instance LAST(A.price)")
        }
        return (bound, variable.index)
    }

    private mutating func noteArgument(_ variable: Int?, at position: SourcePosition) throws(SQLError) {
        let wanted: MatchScope.ArgumentVariable = variable.map { .variable($0) } ?? .any
        if match?.argumentVariable == .unknown { match?.argumentVariable = wanted }
        guard match?.argumentVariable == wanted else {
            throw SQLError(
                .invalidQuery, "columns of several pattern variables in one FIRST, LAST or aggregate", at: position,
                suggestion: "take each variable's own value, then compute with them")
        }
    }

    /// In its own condition a variable's last row is the one that is tried.
    private static func reading(
        _ offset: Int, isFirst: Bool, of variable: Int?, _ match: MatchScope
    ) -> MatchSpecification.Read.Kind {
        if isFirst { return .first(offset: offset) }
        let isCurrent = offset == 0 && match.defined != nil && (variable == nil || variable == match.defined)
        return isCurrent ? .current : .last(offset: offset)
    }

    private mutating func read(
        _ kind: MatchSpecification.Read.Kind, _ variable: Int?, _ argument: BoundExpression?, _ type: SQLType? = nil,
        at position: SourcePosition
    ) -> Bound {
        let type = type ?? argument?.type ?? .null
        let variable = kind == .current ? nil : variable
        let read = MatchSpecification.Read(kind: kind, variable: variable, argument: argument, type: type)
        let column = match?.column(for: read) ?? .literal(.null, type: type)
        return Bound(expression: column, size: 1, position: position)
    }
}
