extension Parser {
    /// What stands after `FROM`: tables, joined from left to right.
    mutating func tableReference() throws(SQLError) -> TableReference {
        try enter()
        defer { leave() }
        var tables = try joinedTables()
        while at(.comma), allowsCommaJoin {
            let position = advance().position
            tables = .join(tables, .inner, try joinedTables(), .none, position)
        }
        return tables
    }

    /// As `tableReference`, with the commas as they are given.
    mutating func tableReference(commasJoin: Bool) throws(SQLError) -> TableReference {
        let before = allowsCommaJoin
        allowsCommaJoin = commasJoin
        defer { allowsCommaJoin = before }
        return try tableReference()
    }

    private mutating func joinedTables() throws(SQLError) -> TableReference {
        var tables = try matched(try singleTable())
        var count = 1
        while let words = try joinWords() {
            count += 1
            // Joins lie behind each other.
            guard count <= limits.maximumDepth else {
                throw SQLError(
                    .limitExceeded, "more than \(limits.maximumDepth) tables in a row are joined", at: words.position)
            }
            let right = try matched(try singleTable())
            tables = .join(tables, words.kind, right, words.isCross ? .none : try joinCondition(), words.position)
        }
        return tables
    }

    private mutating func joinCondition() throws(SQLError) -> JoinCondition {
        if accept(.on) { return .on(try expression()) }
        guard accept(.using) else { throw unexpected(expecting: "ON or USING", keywords: [.on, .using]) }
        return .using(try parenthesisedNames())
    }

    /// The words up to `JOIN`; `nil` where no join follows.
    private mutating func joinWords() throws(SQLError) -> (kind: JoinKind, isCross: Bool, position: SourcePosition)? {
        let position = token.position
        let kind: JoinKind
        switch token.keyword {
        case .join: kind = .inner
        case .inner, .cross:
            let isCross = advance().keyword == .cross
            try expect(.join)
            return (.inner, isCross, position)
        case .left where lookahead(1).text.uppercased() == "SEMI" || lookahead(1).text.uppercased() == "ANTI":
            advance()
            kind = advance().text.uppercased() == "SEMI" ? .semi : .anti
        case .left, .right, .full:
            kind = token.keyword == .left ? .left : token.keyword == .right ? .right : .full
            advance()
            _ = accept(.outer)
        case .natural: throw unsupported("NATURAL JOIN is")
        default: return nil
        }
        try expect(.join)
        return (kind, false, position)
    }
}
