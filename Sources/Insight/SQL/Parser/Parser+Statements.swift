extension Parser {
    /// Statements up to the end, separated by semicolons.
    mutating func script() throws(SQLError) -> [Statement] {
        var statements: [Statement] = []
        while true {
            while accept(.semicolon) {}
            if token.kind == .end { return statements }
            let statement = try statement()
            // The tables that its hints make are there before it is.
            statements += hints.map { .hint($0) } + filled.map { .createTable($0) } + [statement]
            hints = []
            filled = []
            try checkLength(statements.count)
            guard at(.semicolon) || token.kind == .end else {
                throw unexpected(expecting: "the end of the statement", keywords: Self.clauseWords)
            }
        }
    }

    /// What may follow a complete query, for "did you mean".
    static let clauseWords: [Keyword] = [
        .from, .where, .group, .having, .order, .limit, .offset, .fetch, .union, .as,
    ]

    private mutating func statement() throws(SQLError) -> Statement {
        quantifiedQueries = 0
        switch token.keyword {
        case .select, .with, .values: return .query(try query())
        case .create: return try create()
        case .drop: return .drop(try drop())
        case .insert: return .insert(try insert())
        case .execute, .begin: return .statementSet(try statementSet())
        case .set: return .set(try setting())
        case .reset: return try reset()
        case .show: return .show(try show())
        case .describe, .desc:
            advance()
            // A table may be called that.
            let isExtended =
                at(word: "EXTENDED") && lookahead(1).kind != .end && lookahead(1).kind != .symbol(.semicolon)
            if isExtended { advance() }
            return .describe(try objectName("a table"), isExtended: isExtended)
        case .explain: return .explain(try explain())
        case .update, .delete: throw unsupported("\(token.text.uppercased()) is")
        default:
            if at(.leftParenthesis) { return .query(try query()) }
            if at(word: "USE") {
                throw unsupported(
                    "USE is", suggestion: "there are no catalogs and databases: a table's name stands alone")
            }
            throw unexpected(
                expecting: "SELECT, WITH, VALUES, CREATE, INSERT or another statement",
                keywords: [
                    .select, .with, .values, .create, .insert, .drop, .show, .describe, .explain, .set, .reset,
                    .execute,
                ])
        }
    }

    /// `SET 'key' = 'value'`
    private mutating func setting() throws(SQLError) -> Setting {
        try expect(.set)
        let position = token.position
        let key = try optionText("a setting's name")
        try expect(.equal)
        return Setting(
            key: ObjectName(text: key, position: position), value: try optionText("the setting's value"))
    }

    /// `RESET ['key']`
    private mutating func reset() throws(SQLError) -> Statement {
        try expect(.reset)
        guard token.kind == .text else { return .reset(nil) }
        let key = advance()
        return .reset(ObjectName(text: key.text, position: key.position))
    }

    private mutating func show() throws(SQLError) -> ShowStatement {
        var show = ShowStatement(subject: .tables, position: try expect(.show).position)
        if at(.materialized), lookahead(1).keyword == .views {
            advance()
            show.subject = .materializedViews
        } else if accept(.create) {
            show.subject = try createdSubject()
            show.table = try objectName("a name")
            return show
        } else {
            guard case .word = token.kind, let subject = ShowStatement.Subject(rawValue: token.text.uppercased()) else {
                throw unexpected(
                    expecting: "TABLES, VIEWS, FUNCTIONS, JOBS, COLUMNS, CREATE TABLE or CREATE VIEW",
                    keywords: [.tables, .views, .functions, .jobs])
            }
            show.subject = subject
        }
        advance()
        if show.subject == .columns {
            guard accept(.from) || accept(.in) else { throw unexpected(expecting: "FROM and a table") }
            show.table = try objectName("a table")
        }
        show.pattern = try showPattern()
        return show
    }

    /// `TABLE | VIEW | MATERIALIZED VIEW`, behind SHOW CREATE.
    private mutating func createdSubject() throws(SQLError) -> ShowStatement.Subject {
        if accept(.table) { return .createTable }
        if accept(.view) { return .createView }
        guard accept(.materialized) else {
            throw unexpected(expecting: "TABLE, VIEW or MATERIALIZED VIEW", keywords: [.table, .view, .materialized])
        }
        try expect(.view)
        return .createMaterializedView
    }

    /// `[NOT] LIKE | ILIKE 'pattern'`
    private mutating func showPattern() throws(SQLError) -> ShowStatement.Pattern? {
        let isNegated = at(.not)
        let next = lookahead(isNegated ? 1 : 0)
        let ignoresCase = next.text.uppercased() == "ILIKE"
        guard next.keyword == .like || ignoresCase else { return nil }
        if isNegated { advance() }
        advance()
        guard token.kind == .text else { throw unexpected(expecting: "a pattern in quotes") }
        return ShowStatement.Pattern(text: advance().text, isNegated: isNegated, ignoresCase: ignoresCase)
    }

    /// `EXPLAIN [PLAN FOR | detail, …] query | insert`. What details ask for is in the answer anyway.
    private mutating func explain() throws(SQLError) -> Explained {
        let position = try expect(.explain).position
        if token.text.uppercased() == "PLAN", lookahead(1).keyword == .for {
            advance()
            advance()
        } else if Self.details.contains(token.text.uppercased()) {
            repeat {
                guard Self.details.contains(token.text.uppercased()) else {
                    throw unexpected(expecting: "one of \(Self.details.joined(separator: ", "))")
                }
                advance()
            } while accept(.comma)
        }
        if at(.insert) {
            let insert = try insert()
            return Explained(query: insert.query, target: insert.target, position: position)
        }
        let startsQuery = at(.select) || at(.with) || at(.values) || at(.leftParenthesis)
        guard startsQuery else {
            throw unexpected(expecting: "a query or INSERT", keywords: [.select, .with, .values, .insert])
        }
        return Explained(query: try query(), target: nil, position: position)
    }

    private static let details = ["ESTIMATED_COST", "CHANGELOG_MODE", "PLAN_ADVICE", "JSON_EXECUTION_PLAN"]

    /// A dotted name that isn't a column's.
    mutating func objectName(_ what: String) throws(SQLError) -> ObjectName {
        let name = try name(what)
        return ObjectName(text: name.text, position: name.position)
    }
}
