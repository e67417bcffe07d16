/// Text to statements. Pure: no catalog, no I/O.
public enum SQLParser {
    /// The statements of a script, separated by semicolons.
    ///
    /// - Throws: `syntax`, `invalidLiteral`, `unsupported` or `limitExceeded`, at the offending token.
    public static func parse(_ text: String, limits: SQLLimits = .standard) throws(SQLError) -> [Statement] {
        var parser = try Parser(text, limits: limits)
        return try parser.script()
    }

    /// The one query of a text; a semicolon may end it.
    ///
    /// - Throws: as `parse`; also `invalidQuery` where the text holds no query or more than one statement.
    public static func parseQuery(_ text: String, limits: SQLLimits = .standard) throws(SQLError) -> Query {
        let statements = try parse(text, limits: limits)
        guard statements.count == 1, case .query(let query) = statements[0] else {
            throw SQLError(
                code: .invalidQuery, message: statements.isEmpty ? "there is no query" : "one query is wanted here",
                line: 1, column: 1)
        }
        return query
    }

    /// A condition alone, as it stands after `WHERE`.
    static func parseCondition(_ text: String, limits: SQLLimits) throws(SQLError) -> Expression {
        var parser = try Parser(text, limits: limits)
        let condition = try parser.expression()
        guard parser.token.kind == .end else {
            throw parser.unexpected(expecting: "AND, OR or the end of the condition", keywords: Parser.operatorWords)
        }
        return condition
    }
}
