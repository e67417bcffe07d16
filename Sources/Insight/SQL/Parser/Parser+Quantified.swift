/// `value OP ALL | ANY | SOME (query)`, written as IN and queries with one value: of the query's values only the
/// smallest or largest decides, whether there are any, and whether one of them is null.
extension Parser {
    /// Whether a quantifier comes next. `SOME(condition)` is an aggregate.
    var isAtQuantifier: Bool {
        guard lookahead(1).kind == .symbol(.leftParenthesis) else { return false }
        if at(.all) || token.text.uppercased() == "ANY" { return true }
        let isQuery = [.select, .with, .values].contains(lookahead(2).keyword)
        return isQuery && token.text.uppercased() == "SOME"
    }

    /// - Parameter position: the comparison's.
    mutating func quantified(
        _ left: Expression, _ comparison: BinaryOperator, at position: SourcePosition
    ) throws(SQLError) -> Expression {
        let isAll = at(.all)
        advance()
        try expect(.leftParenthesis)
        guard at(.select) || at(.with) || at(.values) else {
            throw unsupported("ALL and ANY of something else than a query is", suggestion: "value > ANY (SELECT …)")
        }
        let before = quantifiedQueries
        let query = try query()
        try expect(.rightParenthesis)
        switch (comparison, isAll) {
        case (.equal, false), (.notEqual, true):
            if let row = left.rowValues { return try rowMembership(row, in: query, isNegated: isAll, at: position) }
            return .inQuery(left, query, isNegated: isAll, position)
        default: break
        }
        guard left.rowValues == nil else {
            throw unsupported(
                "a row of values beside ALL or ANY is", at: position, suggestion: "(a, b) IN (SELECT …) is known")
        }
        if query.isOneAggregate { return .binary(comparison, left, .scalarQuery(query, position), position) }
        if case .select(let select) = query.body, select.items.count > 1 {
            throw SQLError(
                .invalidQuery, "ALL and ANY compare with one column, and this query has \(select.items.count)",
                at: position)
        }
        try countQueries(since: before, isTwice: comparison == .equal || comparison == .notEqual, at: position)
        let extremes = Extremes(query, at: position)
        switch comparison {
        case .equal, .notEqual:
            let ends = ["MIN", "MAX"].map { Expression.binary(.equal, left, extremes.value($0), position) }
            let isEach = extremes.isForAll(.logical(.and, ends))
            return comparison == .equal ? isEach : .unary(.not, isEach, position)
        default:
            let isBelow = comparison == .less || comparison == .lessOrEqual
            let decides = Expression.binary(
                comparison, left, extremes.value(isBelow == isAll ? "MIN" : "MAX"), position)
            return isAll ? extremes.isForAll(decides) : extremes.isForAny(decides)
        }
    }

    /// One comparison becomes up to five queries, each with all that stands in it: nested ones multiply.
    ///
    /// - Parameter isTwice: what stands left of the comparison is needed twice.
    private mutating func countQueries(
        since before: Int, isTwice: Bool, at position: SourcePosition
    ) throws(SQLError) {
        quantifiedQueries = (isTwice ? 2 * before : before) + 5 * (quantifiedQueries - before + 1)
        guard quantifiedQueries <= limits.maximumQuantifiedQueries else {
            throw SQLError(
                .limitExceeded,
                "comparisons with ALL and ANY that come to more than \(limits.maximumQuantifiedQueries) queries",
                at: position, suggestion: "compare with (SELECT MIN(…)) or (SELECT MAX(…))")
        }
    }
}

/// What is asked of the values of a query.
private struct Extremes {
    private let body: SelectBody
    private let commonTables: [CommonTable]
    private let item: Expression
    private let position: SourcePosition

    init(_ query: Query, at position: SourcePosition) {
        self.position = position
        if case .select(var select) = query.body, select.items.count == 1,
            case .expression(let item, _) = select.items[0]
        {
            select.isDistinct = false
            var plain = query
            plain.body = .select(select)
            if plain.isPlainSelect, !item.containsAggregate, !item.hasOver {
                self.body = select
                self.commonTables = query.commonTables
                self.item = item
                return
            }
        }
        // Names that nobody writes.
        let name = Identifier(text: "$value", position: position)
        let alias = TableAlias(name: Identifier(text: "$values", position: position), columns: [name])
        self.item = .name(Name(parts: [name]))
        self.body = SelectBody(items: [], from: .query(query, alias: alias, position), position: position)
        self.commonTables = []
    }

    /// The query with one aggregate over its values.
    func value(_ function: String, isStar: Bool = false) -> Expression {
        var call = FunctionCall(name: function, arguments: isStar ? [] : [item], position: position)
        call.isStar = isStar
        var select = body
        select.items = [.expression(.call(call), alias: nil)]
        let query = Query(commonTables: commonTables, body: .select(select), position: position)
        return .scalarQuery(query, position)
    }

    /// True of no values, unknown where only a null could make it false.
    func isForAll(_ decides: Expression) -> Expression {
        .logical(.or, [isEmpty(.equal), .logical(.and, [decides, unknownWithNulls(otherwise: true)])])
    }

    /// False of no values, unknown where only a null could make it true.
    func isForAny(_ decides: Expression) -> Expression {
        .logical(.and, [isEmpty(.greater), .logical(.or, [decides, unknownWithNulls(otherwise: false)])])
    }

    private func isEmpty(_ comparison: BinaryOperator) -> Expression {
        .binary(comparison, value("COUNT", isStar: true), .literal(.integer(0), position), position)
    }

    private func unknownWithNulls(otherwise: Bool) -> Expression {
        let hasNull = Expression.binary(.less, value("COUNT"), value("COUNT", isStar: true), position)
        return .caseWhen(
            operand: nil, [CaseClause(condition: hasNull, result: .literal(.null, position))],
            otherwise: .literal(.bool(otherwise), position), position)
    }
}

extension Query {
    /// Whether it is one row by its form: `SELECT MAX(n) FROM t`.
    fileprivate var isOneAggregate: Bool {
        guard isPlainSelect, case .select(let select) = body, select.items.count == 1,
            case .expression(let item, _) = select.items[0]
        else { return false }
        return item.containsAggregate
    }
}

extension Expression {
    /// Whether an OVER function stands in it.
    var hasOver: Bool {
        if case .call(let call) = self, call.over != nil { return true }
        return children.contains { $0.hasOver }
    }
}
