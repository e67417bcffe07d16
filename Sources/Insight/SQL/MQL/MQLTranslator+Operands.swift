extension MQLTranslator {
    /// A value, and the name that the answer gives it.
    struct Operand {
        var expression: Expression
        var name: String
        var isNull = false
    }

    /// A property, a literal or `null`.
    mutating func operand() throws(SQLError) -> Operand {
        let position = scanner.position
        if let byte = scanner.peek(), byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
            let text = try scanner.text("a text")
            return Operand(expression: .literal(.text(text), position), name: text)
        }
        if let number = scanner.number() { return try literal(number, at: position) }
        switch scanner.upcomingWord {
        case "true", "false":
            let isTrue = scanner.upcomingWord == "true"
            _ = scanner.accept(word: scanner.upcomingWord)
            return Operand(expression: .literal(.bool(isTrue), position), name: isTrue ? "true" : "false")
        case "null":
            _ = scanner.accept(word: "null")
            return Operand(expression: .literal(.null, position), name: "null", isNull: true)
        case "tick": throw SQLError(.unsupported, "tick() has no translation", at: position)
        default: return try property()
        }
    }

    private func literal(_ text: String, at position: SourcePosition) throws(SQLError) -> Operand {
        if let integer = Int64(text) { return Operand(expression: .literal(.integer(integer), position), name: text) }
        guard let number = Double(text), number.isFinite else {
            throw SQLError(.invalidLiteral, "\(text) is no number", at: position)
        }
        return Operand(expression: .literal(.number(number), position), name: text)
    }

    /// `a.b`, or `e['a']['b']`, which is the same column.
    mutating func property() throws(SQLError) -> Operand {
        let position = scanner.position
        if scanner.peek() == UInt8(ascii: "e"), scanner.peek(1) == UInt8(ascii: "[") {
            scanner.advance()
            var parts: [String] = []
            // From the first `[*]` on, steps into each element of the column.
            var path = ""
            while scanner.accept("[") {
                if scanner.accept("*") {
                    path += "[*]"
                } else {
                    let key = try key()
                    if path.isEmpty { parts.append(key) } else { path += Parser.step(to: key) }
                }
                try scanner.expect("]")
            }
            let column = column(parts.joined(separator: "."), at: position)
            guard !path.isEmpty else { return column }
            let arguments = [column.expression, Expression.literal(.text("$" + path), position)]
            return Operand(
                expression: .call(FunctionCall(name: "JSON_ELEMENT", arguments: arguments, position: position)),
                name: column.name)
        }
        if Self.reserved.contains(scanner.upcomingWord) { throw scanner.unexpected("a property") }
        let name = scanner.name()
        guard !name.isEmpty else { throw scanner.unexpected("a property, a number or a text") }
        return column(name, at: position)
    }

    private static let reserved: Set<String> = [
        "select", "from", "where", "window", "group", "having", "order", "limit", "sample", "anomaly", "join", "and",
        "or", "as",
    ]

    private mutating func key() throws(SQLError) -> String {
        let position = scanner.position
        if scanner.peek() == UInt8(ascii: "^") {
            throw SQLError(
                .unsupported, "[^prefix] has no translation", at: position, suggestion: "name the properties")
        }
        if let number = scanner.number() { return number }
        let key = try scanner.text("a key in quotes")
        guard !key.isEmpty else { throw SQLError(.syntax, "a key can't be empty", at: position) }
        return key
    }

    private func column(_ name: String, at position: SourcePosition) -> Operand {
        let identifier = Identifier(text: name, position: position, isQuoted: true)
        return Operand(expression: .name(Name(parts: [identifier])), name: name)
    }

    // MARK: Aggregates

    private static let percentiles: [String: Double] = [
        "p1": 0.01, "p5": 0.05, "p10": 0.1, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95,
        "p99": 0.99, "p995": 0.995,
    ]

    /// `count(*)`, `average(a.b)`, `count(distinct a)`, `p99(a)`; `nil` where no aggregate begins.
    mutating func aggregate() throws(SQLError) -> Operand? {
        let position = scanner.position
        var ahead = scanner
        let written = ahead.name()
        let name = written.lowercased()
        guard ahead.peek() == UInt8(ascii: "(") else { return nil }
        let functions = ["count": "COUNT", "sum": "SUM", "min": "MIN", "max": "MAX", "average": "AVG"]
        guard functions[name] != nil || Self.percentiles[name] != nil else {
            if name == "tick" { return nil }
            let known = functions.keys.sorted() + Self.percentiles.keys.sorted()
            throw SQLError(
                name == "list" ? .unsupported : .unknownFunction,
                name == "list" ? "list() has no translation" : "there is no aggregate \(written)", at: position,
                suggestion: Suggestion.phrase(for: name, among: known))
        }
        scanner = ahead
        try scanner.expect("(")
        var call = FunctionCall(name: functions[name] ?? "APPROX_PERCENTILE", arguments: [], position: position)
        var shown = "*"
        if scanner.accept("*") {
            call.isStar = true
        } else {
            call.isDistinct = scanner.accept(word: "distinct")
            let argument = call.isDistinct ? try property() : try operand()
            call.arguments = [name == "average" ? .average(of: argument.expression) : argument.expression]
            shown = argument.name
        }
        try scanner.expect(")")
        if let fraction = Self.percentiles[name] { call.arguments.append(.literal(.number(fraction), position)) }
        return Operand(expression: .call(call), name: "\(written)(\(shown))")
    }
}

extension Expression {
    /// An average of whole numbers is a fraction in MQL.
    fileprivate static func average(of value: Expression) -> Expression {
        .cast(value, to: TypeName(base: .double, position: value.position), isTry: false, value.position)
    }
}
