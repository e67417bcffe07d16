extension Parser {
    /// `value['key'][1][i].field…`: keys of objects, places in arrays from 1, and `[*]` for each of them. Steps that are
    /// known come as one path into JSON; one that is computed is a call of `ELEMENT_AT`.
    mutating func elements(of value: Expression) throws(SQLError) -> Expression {
        guard at(.leftBracket) else { return value }
        var result = value
        var path = ""
        var position = token.position
        var steps = 0
        while at(.leftBracket) || at(.dot) {
            steps += 1
            guard steps <= JSONPath.maximumSteps else {
                throw SQLError(
                    .limitExceeded, "more than \(JSONPath.maximumSteps) steps into a value", at: token.position)
            }
            if path.isEmpty { position = token.position }
            if accept(.dot) {
                path += Self.step(to: try identifier("a field's name").text)
                continue
            }
            advance()
            if let step = try knownElement() {
                path += step
            } else {
                let key = try expression()
                let whole = Self.access(result, path, at: position)
                result = .call(FunctionCall(name: "ELEMENT_AT", arguments: [whole, key], position: value.position))
                path = ""
            }
            try expect(.rightBracket)
        }
        return Self.access(result, path, at: position)
    }

    private static func access(_ value: Expression, _ path: String, at position: SourcePosition) -> Expression {
        if path.isEmpty { return value }
        let arguments = [value, Expression.literal(.text("$" + path), position)]
        return .call(FunctionCall(name: "JSON_ELEMENT", arguments: arguments, position: value.position))
    }

    static func step(to key: String) -> String {
        "['" + key.map { $0 == "'" || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined() + "']"
    }

    /// What stands in the brackets, as a step of a path, where places are from 0; `nil` where it has to be computed.
    private mutating func knownElement() throws(SQLError) -> String? {
        guard lookahead(1).kind == .symbol(.rightBracket) else { return nil }
        switch token.kind {
        case .text: return Self.step(to: advance().text)
        case .number:
            guard let place = Int(token.text), (1...1_000_000_000).contains(place) else {
                throw SQLError(
                    .invalidLiteral, "there is no place \(token.text.prefix(40)) in an array", at: token.position,
                    suggestion: "places are whole numbers from 1")
            }
            advance()
            return "[\(place - 1)]"
        case .symbol(.star):
            advance()
            return "[*]"
        default: return nil
        }
    }
}
