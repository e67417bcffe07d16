extension Parser {
    private func at(words: String...) -> Bool {
        for (distance, word) in words.enumerated() where lookahead(distance).text.uppercased() != word { return false }
        for distance in words.indices { guard case .word = lookahead(distance).kind else { return false } }
        return true
    }

    private mutating func accept(words first: String, _ second: String? = nil) -> Bool {
        guard second.map({ at(words: first, $0) }) ?? at(words: first) else { return false }
        advance()
        if second != nil { advance() }
        return true
    }

    /// `JSON_VALUE(json, path [RETURNING type] [… ON EMPTY] [… ON ERROR])`, `JSON_QUERY` with a wrapper, and `JSON_EXISTS`.
    mutating func jsonPathArguments(of call: inout FunctionCall) throws(SQLError) {
        call.arguments.append(try expression())
        try expect(.comma)
        call.arguments.append(try expression())
        var clauses = CallClauses()
        var hasClauses = true
        while hasClauses { hasClauses = try jsonClause(into: &clauses, of: call) }
        if clauses != CallClauses() { call.clauses = clauses }
    }

    private mutating func jsonClause(
        into clauses: inout CallClauses, of call: FunctionCall
    ) throws(SQLError) -> Bool {
        if accept(words: "RETURNING") {
            clauses.returning = try typeName()
            return true
        }
        if at(words: "WITH") || at(words: "WITHOUT") {
            let isWith = advance().keyword == .with
            let isConditional = accept(words: "CONDITIONAL")
            if !isConditional { _ = accept(words: "UNCONDITIONAL") }
            _ = accept(words: "ARRAY")
            guard accept(words: "WRAPPER") else { throw unexpected(expecting: "WRAPPER") }
            clauses.wrapper = !isWith ? .without : isConditional ? .conditional : .unconditional
            return true
        }
        guard !at(.rightParenthesis), let behaviour = try behaviour() else { return false }
        guard accept(.on) else { throw unexpected(expecting: "ON EMPTY or ON ERROR") }
        if accept(words: "EMPTY") {
            clauses.onEmpty = behaviour
        } else {
            guard accept(words: "ERROR") else { throw unexpected(expecting: "EMPTY or ERROR after ON") }
            clauses.onError = behaviour
        }
        return true
    }

    private mutating func behaviour() throws(SQLError) -> CallClauses.Behaviour? {
        if accept(.null) { return .null }
        if accept(words: "ERROR") { return .error }
        if accept(words: "DEFAULT") { return .value(try expression()) }
        if accept(words: "EMPTY", "ARRAY") { return .emptyArray }
        if accept(words: "EMPTY", "OBJECT") { return .emptyObject }
        if accept(words: "EMPTY") { return .emptyArray }
        if accept(.true) { return .truth(true) }
        if accept(.false) { return .truth(false) }
        if accept(words: "UNKNOWN") { return .truth(nil) }
        return nil
    }

    /// `JSON_OBJECT([KEY] name VALUE value, … [NULL | ABSENT ON NULL])`, and `JSON_OBJECTAGG` of one pair.
    mutating func jsonObjectArguments(of call: inout FunctionCall) throws(SQLError) {
        while !at(.rightParenthesis), try !acceptNulls(of: &call) {
            if at(.key), lookahead(1).text.uppercased() != "VALUE", lookahead(1).kind != .symbol(.comma) { advance() }
            call.arguments.append(try expression())
            guard accept(words: "VALUE") || accept(.comma) else { throw unexpected(expecting: "VALUE and the value") }
            call.arguments.append(try expression())
            try checkLength(call.arguments.count)
            if !accept(.comma) {
                _ = try acceptNulls(of: &call)
                return
            }
        }
    }

    /// `JSON_ARRAY(value, … [NULL | ABSENT ON NULL])`
    mutating func jsonArrayArguments(of call: inout FunctionCall) throws(SQLError) {
        while !at(.rightParenthesis), try !acceptNulls(of: &call) {
            call.arguments.append(try expression())
            try checkLength(call.arguments.count)
            if !accept(.comma) {
                _ = try acceptNulls(of: &call)
                return
            }
        }
    }

    /// `NULL | ABSENT ON NULL`
    private mutating func acceptNulls(of call: inout FunctionCall) throws(SQLError) -> Bool {
        let isAbsent = at(words: "ABSENT", "ON")
        guard isAbsent || at(words: "NULL", "ON") else { return false }
        advance()
        advance()
        try expect(.null)
        call.clauses = CallClauses(leavesNullsOut: isAbsent)
        return true
    }
}
