/// Text to statements. Pure: no catalog, no I/O.
public enum SQLParser {
    /// The statements of a script, separated by semicolons.
    ///
    /// - Throws: `syntax`, `invalidLiteral`, `unsupported` or `limitExceeded`, at the offending token.
    public static func parse(_ text: String, limits: SQLLimits = .standard) throws(SQLError) -> [Statement] {
        _ = (text, limits)
        throw SQLError(code: .unsupported, message: "the parser is not there yet")
    }

    /// The one query of a text; a semicolon may end it.
    public static func parseQuery(_ text: String, limits: SQLLimits = .standard) throws(SQLError) -> Query {
        _ = (text, limits)
        throw SQLError(code: .unsupported, message: "the parser is not there yet")
    }
}
