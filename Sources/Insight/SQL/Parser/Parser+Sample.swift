extension Parser {
    /// Whether a `SAMPLE` clause begins here. `SAMPLE` is no key word: a table may be called so, or have it as an alias.
    var atSample: Bool {
        guard case .word(nil) = token.kind, case .word(nil) = lookahead(1).kind else { return false }
        return token.text.uppercased() == "SAMPLE"
    }

    mutating func sampleClause() throws(SQLError) -> SampleClause {
        let position = advance().position
        var clause = SampleClause(method: try sampleMethod(), position: position)
        while true {
            switch token.text.uppercased() {
            case "EXTRAPOLATE" where clause.extrapolation == nil: clause.extrapolation = advance().position
            case "SEED": clause.method = try seeded(clause.method)
            case "SALT": clause.method = try salted(clause.method)
            default:
                guard !at(.where) else {
                    throw SQLError(
                        .syntax, "WHERE stands in front of SAMPLE", at: token.position,
                        suggestion: "rows are sampled among those that WHERE keeps")
                }
                return clause
            }
        }
    }

    private mutating func sampleMethod() throws(SQLError) -> SampleClause.Method {
        let name = token
        switch name.text.uppercased() {
        case "RANDOM":
            advance()
            return .random(percent: try percent(), seed: nil)
        case "STICKY":
            advance()
            try expect(.leftParenthesis)
            let keys = try expressions()
            try expect(.rightParenthesis)
            return .sticky(keys: keys, percent: try percent(), salt: 0)
        case "RPS":
            advance()
            let rows = try count("rows a second")
            guard rows.count > 0 else {
                throw SQLError(.invalidQuery, "SAMPLE RPS keeps at least one row a second", at: rows.position)
            }
            return .rate(rowsPerSecond: rows.count)
        default:
            throw SQLError(
                .syntax, "there is no sampling called \(name.text)", at: name.position,
                suggestion: Suggestion.phrase(for: name.text, among: ["RANDOM", "STICKY", "RPS"])
                    ?? "write SAMPLE RANDOM 10, SAMPLE STICKY(column) 10 or SAMPLE RPS 100")
        }
    }

    /// `n [PERCENT]`
    private mutating func percent() throws(SQLError) -> Double {
        guard token.kind == .number, let value = Double(token.text) else {
            throw unexpected(expecting: "a percentage")
        }
        guard value > 0, value <= 100 else {
            throw SQLError(
                .invalidQuery, "a sample is more than 0 and at most 100 percent", at: token.position,
                suggestion: "SAMPLE RANDOM 0.5 keeps one row of 200")
        }
        advance()
        if token.text.uppercased() == "PERCENT" || at(.percent) { advance() }
        return value
    }

    private mutating func seeded(_ method: SampleClause.Method) throws(SQLError) -> SampleClause.Method {
        guard case .random(let percent, nil) = method else { throw misplaced("SEED", with: "RANDOM") }
        advance()
        return .random(percent: percent, seed: try number())
    }

    private mutating func salted(_ method: SampleClause.Method) throws(SQLError) -> SampleClause.Method {
        guard case .sticky(let keys, let percent, _) = method else { throw misplaced("SALT", with: "STICKY") }
        advance()
        return .sticky(keys: keys, percent: percent, salt: try number())
    }

    private func misplaced(_ word: String, with method: String) -> SQLError {
        SQLError(.syntax, "\(word) goes with SAMPLE \(method), once", at: token.position)
    }

    private mutating func number() throws(SQLError) -> Int64 {
        guard token.kind == .number, let value = Int64(token.text) else {
            throw unexpected(expecting: "a whole number")
        }
        advance()
        return value
    }
}
