extension Parser {
    /// Hints of Flink's that choose how a join of a batch is run. There is one way here.
    private static let joinHints = ["BROADCAST", "SHUFFLE_HASH", "SHUFFLE_MERGE", "NEST_LOOP", "MULTI_JOIN"]

    /// `/*+ OPTIONS('key' = 'value', …) */` behind a table's name.
    ///
    /// - Returns: what the table is called with these options, and the alias that its columns are read by then; `name`
    ///   where there are none.
    mutating func hinted(_ name: Name) throws(SQLError) -> (table: Name, alias: TableAlias?) {
        guard accept(.hintStart) else { return (name, nil) }
        guard at(word: "OPTIONS") else {
            throw SQLError(
                .syntax, "expected OPTIONS in a hint behind a table, found \(token.shown)", at: token.position,
                suggestion: "write \(name.text) /*+ OPTIONS('key' = 'value') */")
        }
        advance()
        let hint = TableHint(table: name, options: try options())
        try expect(.hintEnd)
        if !hints.contains(hint) { hints.append(hint) }
        try checkLength(hints.count)
        let table = Name(parts: [Identifier(text: hint.name, position: name.position, isQuoted: true)])
        return (table, TableAlias(name: Identifier(text: name.text, position: name.position)))
    }

    /// `/*+ … */` behind SELECT.
    mutating func queryHints() throws(SQLError) {
        guard accept(.hintStart) else { return }
        repeat {
            guard case .word = token.kind else { throw unexpected(expecting: "a hint") }
            try queryHint(advance())
        } while accept(.comma)
        try expect(.hintEnd)
    }

    private mutating func queryHint(_ name: Token) throws(SQLError) {
        switch name.text.uppercased() {
        case let known where Self.joinHints.contains(known):
            _ = try parenthesisedNames()
        case "STATE_TTL":
            throw SQLError(
                .unsupported, "the hint STATE_TTL is not supported", at: name.position,
                suggestion: "SET 'table.exec.state.ttl' = '1 d' is for all that a job keeps")
        case "LOOKUP":
            throw SQLError(
                .unsupported, "the hint LOOKUP is not supported", at: name.position,
                suggestion: "the options of the table say how it is looked up")
        case "OPTIONS":
            throw SQLError(
                .syntax, "OPTIONS stands behind the name of a table", at: name.position,
                suggestion: "FROM t /*+ OPTIONS('key' = 'value') */")
        default:
            throw SQLError(
                .unsupported, "there is no hint \(name.text)", at: name.position,
                suggestion: Suggestion.phrase(for: name.text, among: Self.joinHints))
        }
    }
}
