extension Parser {
    /// A literal, a name, a call, `CASE`, `CAST`, or something in parentheses.
    mutating func primary() throws(SQLError) -> Expression {
        let position = token.position
        switch token.kind {
        case .number:
            return try number(negative: false, at: position)
        case .text:
            return .literal(.text(advance().text), position)
        case .binary:
            return try binaryLiteral()
        case .symbol(.leftParenthesis):
            return try parenthesised()
        case .quotedName:
            return try nameOrCall()
        case .word(let keyword):
            guard let keyword else { return try nameOrCall() }
            return try primary(keyword, at: position)
        default:
            throw unexpected(expecting: "an expression")
        }
    }

    private mutating func primary(_ keyword: Keyword, at position: SourcePosition) throws(SQLError) -> Expression {
        switch keyword {
        case .null:
            advance()
            return .literal(.null, position)
        case .true, .false:
            advance()
            return .literal(.bool(keyword == .true), position)
        case .case: return try caseExpression()
        case .cast, .tryCast: return try elements(of: try cast(isTry: keyword == .tryCast))
        case .exists:
            advance()
            try expect(.leftParenthesis)
            let query = try query()
            try expect(.rightParenthesis)
            return .exists(query, position)
        case .date where lookahead(1).kind == .text: return try typedLiteral(.date)
        case .time where lookahead(1).kind == .text: return try typedLiteral(.time)
        case .timestamp where lookahead(1).kind == .text: return try typedLiteral(.timestamp)
        case .interval where atInterval: return try intervalLiteral()
        case .left where lookahead(1).kind == .symbol(.leftParenthesis),
            .right where lookahead(1).kind == .symbol(.leftParenthesis):
            return try nameOrCall()
        default:
            guard !keyword.isReserved else { throw unexpected(expecting: "an expression") }
            return try nameOrCall()
        }
    }

    private mutating func parenthesised() throws(SQLError) -> Expression {
        let position = try expect(.leftParenthesis).position
        if at(.select) || at(.with) || at(.values) {
            let query = try query()
            try expect(.rightParenthesis)
            return .scalarQuery(query, position)
        }
        let inner = try expression()
        if at(.comma) {
            let row = try row(from: inner, at: position)
            return at(word: "OVERLAPS") ? try overlaps(row) : try elements(of: row)
        }
        guard at(.rightParenthesis) else {
            throw unexpected(expecting: "an operator or ')'", keywords: Self.operatorWords)
        }
        advance()
        return try elements(of: inner)
    }

    private mutating func typedLiteral(_ base: TypeName.Base) throws(SQLError) -> Expression {
        let position = advance().position
        return .literal(.typedText(base, advance().text), position)
    }

    private mutating func binaryLiteral() throws(SQLError) -> Expression {
        let token = advance()
        let digits = Array(token.text.utf8)
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: digits.count - 1, by: 2) {
            let pair = String(decoding: digits[start..<start + 2], as: UTF8.self)
            // A number may have a sign, and a pair of digits may not.
            if let byte = UInt8(pair, radix: 16), digits[start] >= UInt8(ascii: "0") { bytes.append(byte) }
        }
        guard digits.count % 2 == 0, bytes.count * 2 == digits.count else {
            throw SQLError(
                .invalidLiteral, "a binary literal is pairs of hexadecimal digits", at: token.position,
                suggestion: "for instance X'CAFE'")
        }
        return .literal(.binary(bytes), token.position)
    }

    // MARK: CASE and CAST

    private mutating func caseExpression() throws(SQLError) -> Expression {
        let position = try expect(.case).position
        let operand = at(.when) ? nil : try expression()
        var clauses: [CaseClause] = []
        while accept(.when) {
            let condition = try expression()
            try expect(.then)
            clauses.append(CaseClause(condition: condition, result: try expression()))
            try checkLength(clauses.count)
        }
        guard !clauses.isEmpty else { throw unexpected(expecting: "WHEN", keywords: [.when]) }
        let otherwise = accept(.else) ? try expression() : nil
        guard accept(.end) else { throw unexpected(expecting: "WHEN, ELSE or END", keywords: [.when, .else, .end]) }
        return .caseWhen(operand: operand, clauses, otherwise: otherwise, position)
    }

    private mutating func cast(isTry: Bool) throws(SQLError) -> Expression {
        let position = advance().position
        try expect(.leftParenthesis)
        let value = try expression()
        try expect(.as)
        let type = try typeName()
        try expect(.rightParenthesis)
        return .cast(value, to: type, isTry: isTry, position)
    }

    // MARK: Names and calls

    private mutating func nameOrCall() throws(SQLError) -> Expression {
        if lookahead(1).kind == .symbol(.leftParenthesis) { return try call() }
        if case .word = token.kind, lookahead(1).kind == .symbol(.leftBracket),
            ["ARRAY", "MAP"].contains(token.text.uppercased())
        {
            return try collection()
        }
        let name = try name("an expression")
        if at(.leftParenthesis) {
            throw SQLError(.unknownFunction, "there is no function \(name.text)", at: name.position)
        }
        return try elements(of: .name(name))
    }

    /// `ARRAY[…]` and `MAP[…]`
    private mutating func collection() throws(SQLError) -> Expression {
        let token = advance()
        try expect(.leftBracket)
        var call = FunctionCall(name: token.text.uppercased(), arguments: [], position: token.position)
        if !at(.rightBracket) { call.arguments = try expressions() }
        try expect(.rightBracket)
        return try elements(of: .call(call))
    }

    private mutating func call() throws(SQLError) -> Expression {
        let token = advance()
        var call = FunctionCall(name: token.text, arguments: [], position: token.position)
        try expect(.leftParenthesis)
        switch call.upperName {
        case "EXTRACT" where lookahead(1).keyword == .from: try extractArguments(of: &call)
        case "TRIM": try trimArguments(of: &call)
        case "JSON_VALUE", "JSON_QUERY", "JSON_EXISTS": try jsonPathArguments(of: &call)
        case "JSON_OBJECT", "JSON_OBJECTAGG": try jsonObjectArguments(of: &call)
        case "JSON_ARRAY", "JSON_ARRAYAGG": try jsonArrayArguments(of: &call)
        default: try arguments(of: &call)
        }
        // Some write it inside of the parentheses, the standard behind them.
        try nullTreatment(of: &call, isInside: true)
        if at(.order), AggregateName(rawValue: call.upperName)?.takesOrder == true { call.orderBy = try orderBy() }
        guard at(.rightParenthesis) else {
            throw unexpected(expecting: "',' or ')' in \(call.upperName)(…)", keywords: Self.operatorWords)
        }
        advance()
        if at(.within) { try withinGroup(of: &call) }
        try nullTreatment(of: &call, isInside: false)
        if at(.filter), lookahead(1).kind == .symbol(.leftParenthesis) {
            advance()
            advance()
            try expect(.where)
            call.filter = try expression()
            try expect(.rightParenthesis)
        }
        try nullTreatment(of: &call, isInside: false)
        if accept(.over) { call.over = try overReference() }
        return try elements(of: .call(call))
    }

    private mutating func arguments(of call: inout FunctionCall) throws(SQLError) {
        if at(.rightParenthesis) { return }
        if at(.star), lookahead(1).kind == .symbol(.rightParenthesis) {
            advance()
            call.isStar = true
            return
        }
        if accept(.distinct) { call.isDistinct = true } else { _ = accept(.all) }
        let name = call.upperName
        if name == "POSITION" {
            // The operand of IN must not swallow the IN.
            call.arguments.append(try operandBeforeIn())
        } else if ["TIMESTAMPDIFF", "TIMESTAMPADD"].contains(name), let unit = unitWord(),
            lookahead(1).kind == .symbol(.comma)
        {
            call.arguments.append(.literal(.text(unit.rawValue), advance().position))
        } else {
            call.arguments.append(try expression())
        }
        switch name {
        case "POSITION" where at(.in):
            advance()
            call.arguments.append(try expression())
        case "OVERLAY" where token.text.uppercased() == "PLACING":
            advance()
            call.arguments.append(try expression())
            try expect(.from)
            call.arguments.append(try expression())
            if accept(.for) { call.arguments.append(try expression()) }
        case "SUBSTRING" where at(.from):
            advance()
            call.arguments.append(try expression())
            if accept(.for) { call.arguments.append(try expression()) }
        case "CEIL" where at(.to), "CEILING" where at(.to), "FLOOR" where at(.to):
            advance()
            call.arguments.append(try unit())
        default:
            while accept(.comma) {
                call.arguments.append(try expression())
                try checkLength(call.arguments.count)
            }
        }
    }

    /// `WITHIN GROUP (ORDER BY …)`: of aggregates that put values together, their order.
    /// `PERCENTILE_CONT(p) WITHIN GROUP (ORDER BY value)` becomes `PERCENTILE(value, p)`.
    private mutating func withinGroup(of call: inout FunctionCall) throws(SQLError) {
        let takesOrder = AggregateName(rawValue: call.upperName)?.takesOrder == true
        let isPercentile = ["PERCENTILE_CONT", "PERCENTILE"].contains(call.upperName) && call.arguments.count == 1
        guard takesOrder || isPercentile else { throw unsupported("WITHIN GROUP for \(call.upperName) is") }
        let position = advance().position
        guard call.orderBy.isEmpty else {
            throw SQLError(.syntax, "\(call.upperName) is told twice in which order", at: position)
        }
        try expect(.group)
        try expect(.leftParenthesis)
        let items = try orderBy()
        try expect(.rightParenthesis)
        if takesOrder {
            call.orderBy = items
            return
        }
        guard items.count == 1, !items[0].isDescending else {
            throw unsupported(
                items.count > 1 ? "more than one value in WITHIN GROUP is" : "DESC in WITHIN GROUP is",
                at: items[items.count - 1].expression.position)
        }
        call.name = "PERCENTILE"
        call.arguments.insert(items[0].expression, at: 0)
    }

    /// `ORDER BY expression [ASC | DESC] [NULLS FIRST | LAST], …`
    private mutating func orderBy() throws(SQLError) -> [OrderItem] {
        try expect(.order)
        try expect(.by)
        var items: [OrderItem] = []
        repeat {
            items.append(try orderItem())
            try checkLength(items.count)
        } while accept(.comma)
        return items
    }

    /// `unit FROM x`
    private mutating func extractArguments(of call: inout FunctionCall) throws(SQLError) {
        call.arguments = [try unit()]
        try expect(.from)
        call.arguments.append(try expression())
    }

    /// `[BOTH | LEADING | TRAILING] [characters FROM] text`, or plain arguments; becomes a call of `TRIM`, `LTRIM` or
    /// `RTRIM` with the text first.
    private mutating func trimArguments(of call: inout FunctionCall) throws(SQLError) {
        let names: [Keyword: String] = [.both: "TRIM", .leading: "LTRIM", .trailing: "RTRIM"]
        if let keyword = token.keyword, let name = names[keyword], lookahead(1).kind != .symbol(.rightParenthesis) {
            call.name = name
            advance()
            if accept(.from) {
                call.arguments = [try expression()]
                return
            }
        }
        call.arguments = [try expression()]
        if accept(.from) {
            call.arguments.insert(try expression(), at: 0)
        } else if accept(.comma) {
            call.arguments.append(try expression())
        }
    }

    private mutating func unit() throws(SQLError) -> Expression {
        guard case .word = token.kind else { throw unexpected(expecting: "a unit of time") }
        guard let unit = unitWord() else {
            let known = TimeUnitName.allCases.map(\.rawValue)
            throw SQLError(
                .syntax, "\(token.text) is no unit of time", at: token.position,
                suggestion: Suggestion.phrase(for: token.text, among: known)
                    ?? "there are \(known.joined(separator: ", "))")
        }
        return .literal(.text(unit.rawValue), advance().position)
    }

    private func unitWord() -> TimeUnitName? {
        guard case .word = token.kind else { return nil }
        return TimeUnitName(word: token.text)
    }
}
