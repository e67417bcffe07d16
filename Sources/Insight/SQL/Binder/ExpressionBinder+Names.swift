extension ExpressionBinder {
    /// Functions that are called without parentheses.
    private static let bareFunctions: Set<String> = [
        "CURRENT_TIMESTAMP", "CURRENT_DATE", "LOCALTIMESTAMP", "CURRENT_ROW_TIMESTAMP", "CURRENT_TIME", "LOCALTIME",
    ]

    mutating func column(_ name: Name) throws(SQLError) -> Bound {
        let text = name.text
        if match != nil, let bound = try matchColumn(name) { return bound }
        if prefersAliases, let alias = aliases[text] { return alias }
        switch scope.resolve(text) {
        case .column(let index):
            if references[index] == nil { references[index] = name.position }
            let column = BoundExpression.column(index: index, type: scope.columns[index].type)
            return Bound(expression: column, size: 1, position: name.position)
        case .ambiguous:
            throw SQLError(
                .ambiguousName, "column \(text) is ambiguous", at: name.position,
                suggestion: "write the table's alias before it")
        case .unknown: break
        }
        if let alias = aliases[text] { return alias }
        if let bound = try field(name) { return bound }
        let upper = text.uppercased()
        if name.parts.count == 1, !name.parts[0].isQuoted, Self.bareFunctions.contains(upper),
            let resolution = FunctionSignatures.resolve(upper, [])
        {
            return try apply(resolution, [], at: name.position)
        }
        throw unknownColumn(name)
    }

    func unknownColumn(_ name: Name) -> SQLError {
        let text = name.text
        if let outer = queries?.outerScope, case .column = outer.resolve(text) {
            queries?.answers.namesOuterColumn = true
            return SQLError(
                .unsupported, "a sub-query can't use column \(text) of the query around it here", at: name.position,
                suggestion: "it can in WHERE, in IN (…), EXISTS (…) or a query with one aggregate; else join")
        }
        var suggestion: String?
        if hiddenAliases.contains(text), case .refused(let clause) = aggregates {
            suggestion = "an alias of the SELECT list can't be seen in \(clause); repeat its expression"
        } else if let near = scope.suggestion(for: text) {
            suggestion = "did you mean \(near)?"
        } else if FunctionSignatures.exists(text) {
            suggestion = "a function is called with parentheses: \(text)(…)"
        } else if scope.columns.isEmpty {
            suggestion = "there is no FROM; text goes in single quotes: '\(text)'"
        } else if name.parts.count == 1 {
            suggestion = "text goes in single quotes: '\(text)'"
        }
        return SQLError(.unknownColumn, "there is no column \(text)", at: name.position, suggestion: suggestion)
    }

    func bind(_ literal: Literal, at position: SourcePosition) throws(SQLError) -> Bound {
        let value: Value
        let type: SQLType
        switch literal {
        case .null: (value, type) = (.null, .null)
        case .bool(let bool): (value, type) = (.bool(bool), .boolean)
        case .integer(let integer):
            (value, type) = (.int64(integer), Int32(exactly: integer) != nil ? .integer : .bigint)
        case .number(let number): (value, type) = (.float64(number), .double)
        case .decimal(let units, let precision, let scale):
            (value, type) = (.decimal(units), .decimal(precision: precision, scale: scale))
        case .text(let text): (value, type) = (.bytes(Array(text.utf8)), .varchar)
        case .binary(let bytes): (value, type) = (.bytes(bytes), .varbinary)
        case .intervalDaySecond(let microseconds): (value, type) = (.int64(microseconds), .intervalDaySecond)
        case .intervalYearMonth(let months): (value, type) = (.int64(months), .intervalYearMonth)
        case .typedText(let base, let text):
            let bytes = BoundExpression.literal(.bytes(Array(text.utf8)), type: .varchar)
            let type = try TypeName(base: base, position: position).resolved()
            return try cast(Bound(expression: bytes, size: 1, position: position), to: type)
        }
        return Bound(expression: .literal(value, type: type), size: 1, position: position)
    }
}
