extension Parser {
    /// Whether a clause of when to answer begins here. Its words are names elsewhere.
    var atEmission: Bool {
        let next = lookahead(1).text.uppercased()
        return at(word: "EMIT") && ["CHANGES", "FINAL", "EARLY"].contains(next)
            || at(word: "ALLOW") && next == "LATENESS" || at(word: "LATE") && next == "DATA"
    }

    /// What stands at the end of a query about when it answers.
    mutating func emission() throws(SQLError) -> EmitClause? {
        var clause = EmitClause(position: token.position)
        var isThere = false
        while true {
            if at(word: "EMIT"), clause.timing == nil {
                advance()
                clause.timing = try emissionTiming()
            } else if at(word: "ALLOW"), clause.lateness == nil {
                advance()
                try expect(word: "LATENESS")
                clause.lateness = try expression()
            } else if at(word: "LATE"), clause.lateTarget == nil {
                advance()
                try expect(word: "DATA")
                try expect(.into)
                clause.lateTarget = try objectName("a table for late rows")
            } else {
                return isThere ? clause : nil
            }
            isThere = true
        }
    }

    private mutating func emissionTiming() throws(SQLError) -> EmitClause.Timing {
        if accept(word: "CHANGES") { return .changes }
        if accept(word: "FINAL") { return .final }
        guard accept(word: "EARLY") else { throw unexpected(expecting: "CHANGES, FINAL or EARLY EVERY") }
        try expect(word: "EVERY")
        return .early(every: try expression())
    }

    private mutating func expect(word: String) throws(SQLError) {
        guard accept(word: word) else { throw unexpected(expecting: word) }
    }
}
