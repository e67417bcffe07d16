extension Parser {
    /// How tightly operators bind (Calcite's order, which Flink uses).
    private enum Precedence: Int {
        case or = 1
        case and
        case not
        case truth
        case comparison
        case range
        case sum
        case product
        case sign
    }

    /// What may stand between or after expressions, for "did you mean".
    static let operatorWords: [Keyword] = [.and, .or, .not, .in, .is, .like, .between]

    /// An expression of any kind.
    mutating func expression() throws(SQLError) -> Expression {
        try expression(atLeast: .or)
    }

    /// An operand of `POSITION(… IN …)`, which must leave the `IN` alone.
    mutating func operandBeforeIn() throws(SQLError) -> Expression {
        try expression(atLeast: .sum)
    }

    mutating func expressions() throws(SQLError) -> [Expression] {
        var list: [Expression] = []
        repeat {
            list.append(try expression())
            try checkLength(list.count)
        } while accept(.comma)
        return list
    }

    private mutating func expression(atLeast minimum: Precedence) throws(SQLError) -> Expression {
        try enter()
        defer { leave() }
        let outer = height
        height = 0
        var left = try prefix()
        while let precedence = infixPrecedence(), precedence.rawValue >= minimum.rawValue {
            left = try infix(left, precedence)
            // Left-leaning chains (a + b + c) are as high as they are long.
            height += 1
            guard height <= limits.maximumDepth else {
                throw SQLError(
                    .limitExceeded, "an expression more than \(limits.maximumDepth) operators deep",
                    at: token.position)
            }
        }
        height = max(outer, height + 1)
        return left
    }

    private mutating func prefix() throws(SQLError) -> Expression {
        let position = token.position
        if accept(.not) { return .unary(.not, try expression(atLeast: .not), position) }
        if at(.plus) {
            advance()
            return .unary(.plus, try expression(atLeast: .sign), position)
        }
        if at(.minus) {
            advance()
            if token.kind == .number { return try number(negative: true, at: position) }
            return .unary(.minus, try expression(atLeast: .sign), position)
        }
        return try primary()
    }

    private func infixPrecedence() -> Precedence? {
        switch token.kind {
        case .symbol(let symbol):
            switch symbol {
            case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: .comparison
            case .plus, .minus: .sum
            case .star, .slash, .percent, .concat: .product
            default: nil
            }
        case .word(let keyword):
            switch keyword {
            case .or: .or
            case .and: .and
            case .is: .truth
            case .in, .like, .between: .range
            case .similar where lookahead(1).keyword == .to: .range
            case .not where [.in, .like, .between, .similar].contains(lookahead(1).keyword): .range
            default: nil
            }
        default: nil
        }
    }

    private mutating func infix(_ left: Expression, _ precedence: Precedence) throws(SQLError) -> Expression {
        switch precedence {
        case .or: return try logical(.or, left, .and)
        case .and: return try logical(.and, left, .not)
        case .truth: return try truth(left)
        case .range: return try range(left)
        case .not, .sign: return left
        case .comparison: return try binary(left, .range)
        case .sum: return try binary(left, .product)
        case .product: return try binary(left, .sign)
        }
    }

    private mutating func binary(_ left: Expression, _ tighter: Precedence) throws(SQLError) -> Expression {
        let token = advance()
        guard case .symbol(let symbol) = token.kind, let known = BinaryOperator(rawValue: symbol.rawValue) else {
            return left
        }
        if known.isComparison, isAtQuantifier { return try quantified(left, known, at: token.position) }
        let right = try expression(atLeast: tighter)
        return try rowComparison(known, left, right, at: token.position) ?? .binary(known, left, right, token.position)
    }

    /// `left OP x OP y …` in one flat node.
    private mutating func logical(
        _ connective: LogicalOperator, _ left: Expression, _ tighter: Precedence
    ) throws(SQLError) -> Expression {
        let keyword: Keyword = connective == .and ? .and : .or
        var operands = [left]
        while accept(keyword) {
            operands.append(try expression(atLeast: tighter))
            try checkLength(operands.count)
        }
        return .logical(connective, operands)
    }

    /// `IS [NOT] NULL | TRUE | FALSE | UNKNOWN | DISTINCT FROM x`
    private mutating func truth(_ left: Expression) throws(SQLError) -> Expression {
        let position = try expect(.is).position
        let isNegated = accept(.not)
        if accept(.distinct) {
            try expect(.from)
            let right = try expression(atLeast: .comparison)
            return .distinctFrom(left, right, isNegated: isNegated, position)
        }
        if token.text.uppercased() == "JSON" {
            advance()
            var call = FunctionCall(name: "IS JSON", arguments: [left], position: position)
            if ["VALUE", "SCALAR", "ARRAY", "OBJECT"].contains(token.text.uppercased()) {
                call.arguments.append(.literal(.text(token.text.uppercased()), advance().position))
            }
            return isNegated ? .unary(.not, .call(call), position) : .call(call)
        }
        let tests: [(Keyword, TruthTest)] = [
            (.null, .null), (.true, .isTrue), (.false, .isFalse), (.unknown, .unknown),
        ]
        for (keyword, test) in tests where accept(keyword) {
            return .truth(left, test, isNegated: isNegated, position)
        }
        throw unexpected(
            expecting: "NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM after IS",
            keywords: [.null, .true, .false, .unknown, .distinct, .not])
    }

    /// `[NOT] IN | LIKE | BETWEEN`
    private mutating func range(_ left: Expression) throws(SQLError) -> Expression {
        let isNegated = accept(.not)
        let operation = advance()
        switch operation.keyword {
        case .like:
            let pattern = try expression(atLeast: .sum)
            let escape = accept(.escape) ? try expression(atLeast: .sum) : nil
            return .like(left, pattern: pattern, escape: escape, isNegated: isNegated, operation.position)
        case .between:
            let isSymmetric = accept(.symmetric)
            if !isSymmetric, token.text.uppercased() == "ASYMMETRIC" { advance() }
            let low = try expression(atLeast: .sum)
            guard accept(.and) else {
                throw unexpected(expecting: "AND between the bounds of BETWEEN", keywords: [.and])
            }
            let high = try expression(atLeast: .sum)
            return .between(
                left, low: low, high: high, isSymmetric: isSymmetric, isNegated: isNegated, operation.position)
        case .in:
            if accept(.table) {
                // A rule asks a table by its key.
                let table = try name("the name of a table")
                let arguments = [left, Expression.literal(.text(table.text), table.position)]
                let call = Expression.call(
                    FunctionCall(name: "IN TABLE", arguments: arguments, position: operation.position))
                return isNegated ? .unary(.not, call, operation.position) : call
            }
            guard at(.leftParenthesis) else { throw unexpected(expecting: "'(' after IN") }
            advance()
            if at(.select) || at(.with) || at(.values) {
                let query = try query()
                try expect(.rightParenthesis)
                if let row = left.rowValues {
                    return try rowMembership(row, in: query, isNegated: isNegated, at: operation.position)
                }
                return .inQuery(left, query, isNegated: isNegated, operation.position)
            }
            let items = try expressions()
            try expect(.rightParenthesis)
            if let row = left.rowValues {
                return try rowMembership(row, items, isNegated: isNegated, at: operation.position)
            }
            return .inList(left, items, isNegated: isNegated, operation.position)
        default:
            try expect(.to)
            var arguments = [left, try expression(atLeast: .sum)]
            if accept(.escape) { arguments.append(try expression(atLeast: .sum)) }
            let call = Expression.call(
                FunctionCall(name: "SIMILAR TO", arguments: arguments, position: operation.position))
            return isNegated ? .unary(.not, call, operation.position) : call
        }
    }
}
