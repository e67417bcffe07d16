extension Parser {
    /// `value['key'][1]…`: keys of objects, and places in arrays from 1, as one path into JSON.
    mutating func elements(of value: Expression) throws(SQLError) -> Expression {
        guard at(.leftBracket) else { return value }
        let position = token.position
        var path = "$"
        var steps = 0
        while at(.leftBracket) {
            steps += 1
            guard steps <= JSONPath.maximumSteps else {
                throw SQLError(
                    .limitExceeded, "more than \(JSONPath.maximumSteps) steps into a value", at: token.position)
            }
            advance()
            path += try element()
            try expect(.rightBracket)
        }
        let arguments = [value, Expression.literal(.text(path), position)]
        return .call(FunctionCall(name: "JSON_ELEMENT", arguments: arguments, position: value.position))
    }

    /// What stands in the brackets, as a step of a path, where places are from 0.
    private mutating func element() throws(SQLError) -> String {
        switch token.kind {
        case .text:
            let key = advance().text
            return "['" + key.map { $0 == "'" || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined() + "']"
        case .number:
            guard let place = Int(token.text), (1...1_000_000_000).contains(place) else {
                throw SQLError(
                    .invalidLiteral, "there is no place \(token.text.prefix(40)) in an array", at: token.position,
                    suggestion: "places are whole numbers from 1")
            }
            advance()
            return "[\(place - 1)]"
        case .symbol(.star):
            throw unsupported("[*] is", suggestion: "JSON_EXISTS(value, '$.list[*].key') tells whether there is one")
        default: throw unexpected(expecting: "a key in single quotes, or a place from 1")
        }
    }
}
