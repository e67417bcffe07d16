extension MQLTranslator {
    /// Tests joined by `or`, which binds less than `and`.
    mutating func condition() throws(SQLError) -> Expression {
        try enter()
        defer { leave() }
        var parts = [try conjunction()]
        while scanner.accept(word: "or") || scanner.accept("||") { parts.append(try conjunction()) }
        return parts.count == 1 ? parts[0] : .logical(.or, parts)
    }

    private mutating func conjunction() throws(SQLError) -> Expression {
        var parts = [try test()]
        while scanner.accept(word: "and") || scanner.accept("&&") { parts.append(try test()) }
        return parts.count == 1 ? parts[0] : .logical(.and, parts)
    }

    private mutating func test() throws(SQLError) -> Expression {
        let position = scanner.position
        if scanner.accept(word: "not") || scanner.accept("!") {
            try enter()
            defer { leave() }
            // What isn't true is false in MQL: there is no third value.
            return .truth(try test(), .isTrue, isNegated: true, position)
        }
        if scanner.accept("(") {
            let inner = try condition()
            try scanner.expect(")")
            return inner
        }
        let left = try operand()
        return try comparison(of: left)
    }

    /// What follows an operand; a boolean may stand alone.
    private mutating func comparison(of left: Operand) throws(SQLError) -> Expression {
        let position = scanner.position
        if scanner.accept("==~") { return .matches(left.expression, try scanner.regularExpression(), position) }
        if scanner.accept("==+") {
            let call = FunctionCall(
                name: "INSTR", arguments: [.text(of: left.expression), try operand().expression], position: position)
            return .binary(.greater, .call(call), .literal(.integer(0), position), position)
        }
        for (symbol, comparison) in Self.comparisons where scanner.accept(symbol) {
            let right = try operand()
            switch comparison {
            case .equal, .notEqual:
                let isNegated = comparison == .notEqual
                if left.isNull || right.isNull {
                    let tested = left.isNull ? right.expression : left.expression
                    return .truth(tested, .null, isNegated: isNegated, position)
                }
                // What is missing is unequal to every value.
                return isNegated
                    ? .distinctFrom(left.expression, right.expression, isNegated: false, position)
                    : .binary(.equal, left.expression, right.expression, position)
            default: return .binary(comparison, left.expression, right.expression, position)
            }
        }
        if case .literal(.bool, _) = left.expression { return left.expression }
        throw scanner.unexpected("=, !=, <, <=, >, >=, ==~ or ==+")
    }

    /// The longer ones first.
    private static let comparisons: [(StaticString, BinaryOperator)] = [
        ("==", .equal), ("=", .equal), ("!=", .notEqual), ("<>", .notEqual), ("<=", .lessOrEqual),
        (">=", .greaterOrEqual), ("<", .less), (">", .greater),
    ]
}

extension Expression {
    fileprivate static func text(of value: Expression) -> Expression {
        value.isEachElement
            ? value : .cast(value, to: TypeName(base: .varchar, position: value.position), isTry: false, value.position)
    }

    /// MQL's `==~` wants the whole text to match, and lets a dot match a line's end.
    fileprivate static func matches(_ value: Expression, _ pattern: String, _ position: SourcePosition) -> Expression {
        .call(
            FunctionCall(
                name: "REGEXP",
                arguments: [text(of: value), .literal(.text("(?s)\\A(?:" + pattern + ")\\z"), position)],
                position: position))
    }
}
