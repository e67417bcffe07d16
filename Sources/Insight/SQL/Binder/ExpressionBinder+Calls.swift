extension ExpressionBinder {
    /// Names that Flink knows and that come later, or belong elsewhere, with what to do instead.
    private static let elsewhere: [String: String] = [
        "TUMBLE":
            "FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(time), INTERVAL '10' SECOND)) gives window_start and window_end",
        "TUMBLE_START": "FROM TABLE(TUMBLE(…)) gives the column window_start",
        "TUMBLE_END": "FROM TABLE(TUMBLE(…)) gives the column window_end",
        "HOP": "FROM TABLE(HOP(TABLE t, DESCRIPTOR(time), slide, size)) gives window_start and window_end",
        "HOP_START": "FROM TABLE(HOP(…)) gives the column window_start",
        "HOP_END": "FROM TABLE(HOP(…)) gives the column window_end",
        "PERCENTILE_CONT": "PERCENTILE(value, 0.99), or PERCENTILE_CONT(0.99) WITHIN GROUP (ORDER BY value)",
        "STRING_AGG": "LISTAGG(text, separator) does it",
        "GROUP_CONCAT": "LISTAGG(text, separator) does it",
        "QUANTILE": "APPROX_PERCENTILE(value, 0.99) estimates it",
        "MEDIAN": "APPROX_PERCENTILE(value, 0.5) estimates it",
        "SUBSTRING_INDEX": "SPLIT_INDEX(text, separator, index) takes one part",
        "DATE_TRUNC": "FLOOR(time TO HOUR) does it",
        "NVL": "COALESCE(a, b) does it",
        "LEN": "CHAR_LENGTH(text) does it",
        "CUMULATE": "TABLE(CUMULATE(TABLE t, DESCRIPTOR(time), step, size)) stands in FROM",
        "SESSION": "TABLE(SESSION(TABLE t PARTITION BY key, DESCRIPTOR(time), gap)) stands in FROM",
        "STRPOS": "POSITION(part IN text) does it",
    ]

    mutating func bind(_ call: FunctionCall) throws(SQLError) -> Bound {
        let name = call.upperName
        if let rowLookups, let bound = try rowLookup(call, rowLookups) { return bound }
        if let over = call.over { return try bind(call, over: over) }
        if match != nil, let bound = try matchCall(call) { return bound }
        guard call.nulls == nil || AggregateName(rawValue: name)?.takesNullTreatment == true else {
            throw SQLError(
                .misplacedAggregate, "IGNORE NULLS and RESPECT NULLS belong to functions with OVER", at: call.position)
        }
        if let aggregate = AggregateName(rawValue: name) { return try bind(aggregate, call) }
        if let bound = try windowFunction(call) { return bound }
        if let bound = try specialCall(call) { return bound }
        if Self.groupingFunctions.contains(name) { return try grouping(call) }
        if let function = OverFunctionName(rawValue: name) {
            throw SQLError(
                .misplacedAggregate, "\(name) needs OVER", at: call.position,
                suggestion: "it is called \(function.usage)")
        }
        let declared = functions?.index(of: name)
        guard declared != nil || FunctionSignatures.exists(name) else { throw unknownFunction(call) }
        guard !call.isDistinct, call.filter == nil, !call.isStar else {
            let what = call.isStar ? "*" : call.isDistinct ? "DISTINCT" : "FILTER"
            throw SQLError(
                .misplacedAggregate, "\(what) belongs to aggregates, and \(name) is none", at: call.position)
        }
        var arguments: [Bound] = []
        var function = name
        if let unit = FunctionSignatures.unitFunctions[name] {
            let text = Literal.text(unit)
            arguments.append(try bind(text, at: call.position))
            function = "EXTRACT"
        }
        for argument in call.arguments { arguments.append(try bind(argument)) }
        if let functions, let declared { return try functions.expand(declared, arguments, at: call.position) }
        // A separator that is told by its code.
        if name == "SPLIT_INDEX", arguments.count > 1, arguments[1].type.isInteger {
            arguments[1] = try apply(.chr, [arguments[1]], at: arguments[1].position, shown: "CHR")
        }
        guard var resolution = FunctionSignatures.resolve(function, arguments.map(\.type)) else {
            let types = arguments.suffix(call.arguments.count).map(\.type.name).joined(separator: ", ")
            throw SQLError(
                .typeMismatch, types.isEmpty ? "\(name) needs arguments" : "\(name) can't take (\(types))",
                at: call.position,
                suggestion: "it is called " + FunctionSignatures.usages(of: name).joined(separator: " or "))
        }
        // Digits that are known are the type's.
        if resolution.function == .round || resolution.function == .truncate, arguments.count > 1,
            case .literal(.int64(let digits), _) = arguments[1].expression
        {
            resolution.type = resolution.type.rounded(toDigits: Int(clamping: digits))
        }
        if resolution.function == .nullIf, ![.null, resolution.type].contains(arguments[0].type) {
            return try nullIf(arguments, at: call.position)
        }
        return try apply(resolution, arguments, at: call.position)
    }

    /// `NULLIF(a, b)` has the type of `a`, whatever it is compared with.
    private func nullIf(_ arguments: [Bound], at position: SourcePosition) throws(SQLError) -> Bound {
        let isEqual = try apply(.equal, arguments, at: position, shown: "NULLIF")
        let value = arguments[0]
        let none = BoundExpression.literal(.null, type: value.type)
        let branch = CaseBranch(condition: isEqual.expression, result: none)
        return try make(
            .caseWhen([branch], otherwise: value.expression, type: value.type), of: [isEqual, value], at: position)
    }

    static let groupingFunctions: Set<String> = ["GROUPING", "GROUPING_ID", "GROUP_ID"]

    /// `GROUPING(key, …)`, which `GROUPING_ID` is another name for, and `GROUP_ID()`.
    private mutating func grouping(_ call: FunctionCall) throws(SQLError) -> Bound {
        let name = call.upperName
        if case .refused(let place) = aggregates {
            throw SQLError(.misplacedAggregate, "\(name) can't stand in \(place)", at: call.position)
        }
        let takesKeys = name != "GROUP_ID"
        guard call.arguments.isEmpty != takesKeys, !call.isStar, !call.isDistinct, call.filter == nil else {
            throw SQLError(
                .typeMismatch, takesKeys ? "\(name) takes keys of GROUP BY" : "\(name) takes no arguments",
                at: call.position)
        }
        var arguments: [Bound] = []
        for argument in call.arguments { arguments.append(try bind(argument)) }
        let function: ScalarFunction = takesKeys ? .grouping : .groupID
        return try make(
            .call(function, arguments.map(\.expression), type: .bigint), of: arguments, at: call.position)
    }

    func unknownFunction(_ call: FunctionCall) -> SQLError {
        let name = call.upperName
        let names =
            FunctionSignatures.names + AggregateName.allCases.map(\.rawValue)
            + OverFunctionName.allCases.map(\.rawValue) + (functions?.names ?? [])
        return SQLError(
            .unknownFunction, "there is no function \(call.name)", at: call.position,
            suggestion: Self.elsewhere[name] ?? Suggestion.phrase(for: name, among: names))
    }
}
