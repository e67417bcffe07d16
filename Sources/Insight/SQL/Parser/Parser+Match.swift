extension Parser {
    /// Words of `MATCH_RECOGNIZE` that are names everywhere else.
    private static let matchClauses = ["PARTITION", "MEASURES", "ONE", "ALL", "AFTER", "PATTERN", "SUBSET", "DEFINE"]

    func at(word: String, _ distance: Int = 0) -> Bool {
        let token = lookahead(distance)
        if case .word = token.kind { return token.text.uppercased() == word }
        return false
    }

    mutating func accept(word: String) -> Bool {
        guard at(word: word) else { return false }
        advance()
        return true
    }

    mutating func expect(word: String, after clause: String) throws(SQLError) {
        guard accept(word: word) else { throw unexpected(expecting: "\(word) after \(clause)") }
    }

    /// `reference`, or the patterns sought in it where `MATCH_RECOGNIZE (…)` follows.
    mutating func matched(_ reference: TableReference) throws(SQLError) -> TableReference {
        guard at(word: "MATCH_RECOGNIZE"), lookahead(1).kind == .symbol(.leftParenthesis) else { return reference }
        var match = MatchReference(input: reference, position: advance().position)
        try expect(.leftParenthesis)
        try matchInput(of: &match)
        try matchOutput(of: &match)
        guard accept(word: "PATTERN") else { throw unexpectedClause("PATTERN (…)") }
        try expect(.leftParenthesis)
        match.pattern = try patternAlternatives()
        guard at(.rightParenthesis) else {
            throw unexpected(expecting: "a pattern variable, a quantifier or ')' in PATTERN")
        }
        advance()
        if accept(.within) { match.within = try expression() }
        if at(word: "SUBSET") {
            throw unsupported("SUBSET is", suggestion: "measure the variables one by one")
        }
        try definitions(of: &match)
        guard at(.rightParenthesis) else { throw unexpectedClause("',' or ')' in MATCH_RECOGNIZE") }
        advance()
        let result = TableReference.match(match, alias: try tableAlias())
        // Matches of matches: each is a level deeper.
        try enter()
        defer { leave() }
        return try matched(result)
    }

    /// The error where a clause is missing, misspelt or at the wrong place.
    private func unexpectedClause(_ expected: String) -> SQLError {
        var error = unexpected(expecting: expected)
        let meant = Suggestion.nearest(to: token.text, among: Self.matchClauses)
        if let meant, meant != token.text.uppercased() {
            error.suggestion = "did you mean \(meant)?"
        } else {
            error.suggestion =
                "the order is PARTITION BY, ORDER BY, MEASURES, ONE ROW PER MATCH, AFTER MATCH, PATTERN, WITHIN, DEFINE"
        }
        return error
    }

    private mutating func matchInput(of match: inout MatchReference) throws(SQLError) {
        if accept(word: "PARTITION") {
            try expect(.by)
            repeat {
                match.partitionBy.append(try name("a column to partition by"))
                try checkLength(match.partitionBy.count)
            } while accept(.comma)
        }
        guard accept(.order) else {
            throw SQLError(
                .syntax, "MATCH_RECOGNIZE needs ORDER BY and a time column", at: token.position,
                suggestion: "write ORDER BY time before MEASURES and PATTERN")
        }
        try expect(.by)
        repeat {
            match.orderBy.append(try orderItem())
            try checkLength(match.orderBy.count)
        } while accept(.comma)
    }

    private mutating func matchOutput(of match: inout MatchReference) throws(SQLError) {
        if accept(word: "MEASURES") {
            repeat {
                let value = try expression()
                guard accept(.as) else { throw unexpected(expecting: "AS and a name behind a measure") }
                match.measures.append(.init(expression: value, name: try identifier("the name of a measure")))
                try checkLength(match.measures.count)
            } while accept(.comma)
        }
        if at(.all), at(word: "ROWS", 1) || at(word: "ROW", 1) {
            throw unsupported("ALL ROWS PER MATCH is", suggestion: "ONE ROW PER MATCH with measures")
        }
        if accept(word: "ONE") {
            try expect(.row)
            try expect(word: "PER", after: "ONE ROW")
            try expect(word: "MATCH", after: "ONE ROW PER")
        }
        if accept(word: "AFTER") {
            try expect(word: "MATCH", after: "AFTER")
            try expect(word: "SKIP", after: "AFTER MATCH")
            match.skip = try skip()
        }
    }

    private mutating func skip() throws(SQLError) -> MatchReference.Skip {
        if accept(word: "PAST") {
            try expect(.last)
            try expect(.row)
            return .pastLastRow
        }
        guard accept(.to) else { throw unexpected(expecting: "PAST LAST ROW or TO … after SKIP") }
        if at(.next), lookahead(1).keyword == .row {
            advance()
            advance()
            return .toNextRow
        }
        let follows = lookahead(1).kind
        var isName = follows == .quotedName
        if case .word(let keyword) = follows { isName = keyword.map { !$0.isReserved } ?? true }
        // FIRST and LAST may be names of variables too, but not in front of one.
        if isName, !at(word: "PATTERN", 1) || at(word: "PATTERN", 2) {
            if accept(.first) { return .toFirst(try identifier("a pattern variable")) }
            if accept(.last) { return .toLast(try identifier("a pattern variable")) }
        }
        return .toLast(try identifier("NEXT ROW, FIRST, LAST or a pattern variable"))
    }

    private mutating func definitions(of match: inout MatchReference) throws(SQLError) {
        // Flink asks for DEFINE; without one every variable matches every row.
        guard accept(word: "DEFINE") else { return }
        repeat {
            let variable = try identifier("a pattern variable")
            guard accept(.as) else { throw unexpected(expecting: "AS and a condition behind \(variable.text)") }
            match.definitions.append(.init(variable: variable, condition: try expression()))
            try checkLength(match.definitions.count)
        } while accept(.comma)
    }

    // MARK: PATTERN

    private mutating func patternAlternatives() throws(SQLError) -> PatternSyntax {
        try enter()
        defer { leave() }
        var alternatives = [try patternSequence()]
        while accept(.bar) {
            alternatives.append(try patternSequence())
            try checkLength(alternatives.count)
        }
        return alternatives.count == 1 ? alternatives[0] : .alternatives(alternatives)
    }

    private mutating func patternSequence() throws(SQLError) -> PatternSyntax {
        var parts: [PatternSyntax] = []
        while at(.leftParenthesis) || atName {
            parts.append(try patternFactor())
            try checkLength(parts.count)
        }
        guard !parts.isEmpty else { throw unexpected(expecting: "a pattern variable") }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func patternFactor() throws(SQLError) -> PatternSyntax {
        let part: PatternSyntax
        if accept(.leftParenthesis) {
            part = try patternAlternatives()
            try expect(.rightParenthesis)
        } else if at(word: "PERMUTE"), lookahead(1).kind == .symbol(.leftParenthesis) {
            throw unsupported("PERMUTE is", suggestion: "write the orders as alternatives: (A B | B A)")
        } else {
            part = .variable(try identifier("a pattern variable"))
        }
        guard let (minimum, maximum, position) = try quantifier() else { return part }
        let isReluctant = accept(.question)
        if at(.star) || at(.plus) || at(.question) || at(.leftBrace) {
            throw SQLError(
                .syntax, "a second quantifier behind the first", at: token.position,
                suggestion: "put what is repeated in parentheses")
        }
        return .repeated(part, minimum: minimum, maximum: maximum, isReluctant: isReluctant, position)
    }

    private mutating func quantifier() throws(SQLError) -> (Int, Int?, SourcePosition)? {
        let position = token.position
        if accept(.star) { return (0, nil, position) }
        if accept(.plus) { return (1, nil, position) }
        if accept(.question) { return (0, 1, position) }
        guard accept(.leftBrace) else { return nil }
        if at(.minus) {
            throw SQLError(.unsupported, "{- … -} is not supported: there is one row a match", at: position)
        }
        var minimum = 0
        var maximum: Int?
        if at(.comma) {
            advance()
            maximum = try count("repetitions").count
        } else {
            minimum = try count("repetitions").count
            if accept(.comma) {
                if !at(.rightBrace) { maximum = try count("repetitions").count }
            } else {
                maximum = minimum
            }
        }
        guard accept(.rightBrace) else { throw unexpected(expecting: "'}'") }
        if let maximum, maximum < max(minimum, 1) {
            throw SQLError(
                .invalidQuery,
                maximum == 0 ? "a part that is repeated 0 times" : "at least \(minimum) times and at most \(maximum)",
                at: position, suggestion: "write {least,most}")
        }
        return (minimum, maximum, position)
    }
}
