extension Parser {
    /// `CREATE …` and `DROP …`: what the catalog holds.
    mutating func create() throws(SQLError) -> Statement {
        let start = index
        try expect(.create)
        let isTemporary = accept(.temporary)
        switch token.keyword {
        case .table: return .createTable(try createTable())
        case .view: return .createView(try createView())
        case .materialized where !isTemporary:
            return .createMaterializedView(try createMaterializedView(from: start))
        case .function: throw unsupported("CREATE FUNCTION is")
        default:
            throw unexpected(
                expecting: isTemporary ? "TABLE or VIEW" : "TABLE, VIEW or MATERIALIZED VIEW",
                keywords: [.table, .view, .temporary, .materialized, .function])
        }
    }

    private mutating func createView() throws(SQLError) -> ViewDeclaration {
        try expect(.view)
        let ifNotExists = try ifNotExists()
        let name = try objectName("a view's name")
        let columns = at(.leftParenthesis) ? try objectNames() : nil
        if accept(.comment) { try optionText("a comment") }
        try expect(.as)
        return ViewDeclaration(name: name, columns: columns, query: try query(), ifNotExists: ifNotExists)
    }

    private mutating func createMaterializedView(
        from start: Int
    ) throws(SQLError) -> MaterializedViewDeclaration {
        try expect(.materialized)
        try expect(.view)
        let ifNotExists = try ifNotExists()
        let name = try objectName("a view's name")
        if accept(.comment) { try optionText("a comment") }
        let options = accept(.with) ? try options() : [:]
        try expect(.as)
        let query = try query()
        return MaterializedViewDeclaration(
            name: name, options: options, query: query, ifNotExists: ifNotExists, text: source(since: start))
    }

    mutating func drop() throws(SQLError) -> DropStatement {
        try expect(.drop)
        _ = accept(.temporary)
        let kind: ObjectKind
        switch token.keyword {
        case .table: kind = .table
        case .view: kind = .view
        case .function: kind = .function
        case .materialized where lookahead(1).keyword == .view:
            advance()
            kind = .materializedView
        default:
            throw unexpected(
                expecting: "TABLE, VIEW, MATERIALIZED VIEW or FUNCTION",
                keywords: [.table, .view, .materialized, .function])
        }
        advance()
        var ifExists = false
        if accept(.if) {
            try expect(.exists)
            ifExists = true
        }
        return DropStatement(kind: kind, name: try objectName("a name"), ifExists: ifExists)
    }

    mutating func ifNotExists() throws(SQLError) -> Bool {
        guard accept(.if) else { return false }
        try expect(.not)
        try expect(.exists)
        return true
    }

    mutating func objectNames() throws(SQLError) -> [ObjectName] {
        try parenthesisedNames().map { ObjectName(text: $0.text, position: $0.position) }
    }
}
