/// Comparisons of rows of values, `(a, b) IN ((1, 'x'), (2, 'y'))`, written out value by value: null is unknown in each.
extension Parser {
    /// The rest of `(a, b, …)`, behind its first value.
    mutating func row(from first: Expression, at position: SourcePosition) throws(SQLError) -> Expression {
        var values = [first]
        while accept(.comma) {
            values.append(try expression())
            try checkLength(values.count)
        }
        try expect(.rightParenthesis)
        return .call(FunctionCall(name: "ROW", arguments: values, position: position))
    }

    /// `(start, end) OVERLAPS (start, end)` as a call.
    mutating func overlaps(_ first: Expression) throws(SQLError) -> Expression {
        let token = advance()
        let position = try expect(.leftParenthesis).position
        let second = try row(from: try expression(), at: position)
        guard let left = first.rowValues, let right = second.rowValues, left.count == 2, right.count == 2 else {
            throw SQLError(
                .syntax, "OVERLAPS stands between two pairs of a start and an end", at: token.position,
                suggestion: "(a, b) OVERLAPS (c, INTERVAL '1' HOUR)")
        }
        return .call(FunctionCall(name: "OVERLAPS", arguments: left + right, position: token.position))
    }

    /// `left = right` and `left <> right` of two rows; `nil` for what is no comparison of rows.
    func rowComparison(
        _ comparison: BinaryOperator, _ left: Expression, _ right: Expression, at position: SourcePosition
    ) throws(SQLError) -> Expression? {
        guard comparison.isComparison, let first = left.rowValues, right.rowValues != nil else { return nil }
        switch comparison {
        case .equal: return try equality(first, right, at: position)
        case .notEqual: return .unary(.not, try equality(first, right, at: position), position)
        default:
            throw unsupported(
                "rows are compared with = and <>: \(comparison.rawValue) is", at: position,
                suggestion: "a < c OR a = c AND b < d")
        }
    }

    /// `left IN (right, …)` of rows.
    func rowMembership(
        _ left: [Expression], _ items: [Expression], isNegated: Bool, at position: SourcePosition
    ) throws(SQLError) -> Expression {
        var equalities: [Expression] = []
        for item in items { equalities.append(try equality(left, item, at: position)) }
        let isIn = Expression.logical(.or, equalities)
        return isNegated ? .unary(.not, isIn, position) : isIn
    }

    /// `left IN (SELECT …)` of a row, as EXISTS.
    func rowMembership(
        _ left: [Expression], in query: Query, isNegated: Bool, at position: SourcePosition
    ) throws(SQLError) -> Expression {
        guard !isNegated else {
            throw unsupported(
                "NOT IN (query) of a row is", at: position,
                suggestion: "NOT EXISTS (SELECT 1 FROM t WHERE t.a = a AND t.b = b)")
        }
        // Names that nobody writes, so that those of `left` mean what they mean outside.
        let names = left.indices.map { Identifier(text: "$member\($0)", position: position) }
        let alias = TableAlias(name: Identifier(text: "$members", position: position), columns: names)
        let conditions = zip(names, left).map { name, value in
            Expression.binary(.equal, .name(Name(parts: [name])), value, position)
        }
        let body = SelectBody(
            items: [.expression(.literal(.integer(1), position), alias: nil)],
            from: .query(query, alias: alias, position), condition: .logical(.and, conditions), position: position)
        return .exists(Query(body: .select(body), position: position), position)
    }

    private func equality(
        _ left: [Expression], _ right: Expression, at position: SourcePosition
    ) throws(SQLError) -> Expression {
        guard let values = right.rowValues, values.count == left.count else {
            let count = right.rowValues.map { "one of \($0.count)" } ?? "a single value"
            throw SQLError(
                .typeMismatch, "a row of \(left.count) values is compared with \(count)", at: right.position)
        }
        return .logical(.and, zip(left, values).map { .binary(.equal, $0, $1, position) })
    }
}

extension Expression {
    /// The values of `(a, b)` and `ROW(a, b)`.
    var rowValues: [Expression]? {
        guard case .call(let call) = self, call.upperName == "ROW", call.arguments.count > 1 else { return nil }
        return call.arguments
    }
}
