extension Parser {
    /// `CREATE …` and `DROP …`: what the catalog holds.
    mutating func create() throws(SQLError) -> Statement {
        let start = index
        try expect(.create)
        let isTemporary = accept(.temporary)
        switch token.keyword {
        case .table:
            let table = try createTable(since: start)
            guard accept(.as) else { return .createTable(table) }
            // It is there before it is written to.
            filled.append(table)
            return .insert(try insert(into: table, since: start))
        case .view: return .createView(try createView(since: start))
        case .materialized where !isTemporary:
            return .createMaterializedView(try createMaterializedView(from: start))
        case .function: return .createFunction(try createFunction())
        default:
            throw unexpected(
                expecting: isTemporary ? "TABLE, VIEW or FUNCTION" : "TABLE, VIEW, MATERIALIZED VIEW or FUNCTION",
                keywords: [.table, .view, .temporary, .materialized, .function])
        }
    }

    /// The rest of `CREATE TABLE … AS query`.
    private mutating func insert(into table: TableDeclaration, since start: Int) throws(SQLError) -> Insert {
        let position = token.position
        guard table.fields.isEmpty || !table.primaryKey.isEmpty else {
            throw SQLError(
                .unsupported, "columns of CREATE TABLE … AS are the query's", at: position,
                suggestion: "CREATE TABLE, then INSERT INTO … SELECT")
        }
        let query = try query()
        let target = ObjectName(text: table.name, position: position)
        return Insert(target: target, columns: nil, query: query, text: source(since: start), position: position)
    }

    private mutating func createView(since start: Int) throws(SQLError) -> ViewDeclaration {
        try expect(.view)
        let ifNotExists = try ifNotExists()
        let name = try objectName("a view's name")
        let columns = at(.leftParenthesis) ? try objectNames() : nil
        if accept(.comment) { try optionText("a comment") }
        try expect(.as)
        let query = try query()
        return ViewDeclaration(
            name: name, columns: columns, query: query, ifNotExists: ifNotExists, text: source(since: start))
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

    private mutating func createFunction() throws(SQLError) -> FunctionDeclaration {
        try expect(.function)
        let ifNotExists = try ifNotExists()
        let name = try identifier("a function's name")
        guard !FunctionSignatures.exists(name.text), AggregateName(rawValue: name.text.uppercased()) == nil,
            OverFunctionName(rawValue: name.text.uppercased()) == nil
        else {
            throw SQLError(
                .ambiguousName, "there is a function \(name.text.uppercased()) already", at: name.position,
                suggestion: "take another name")
        }
        let parameters = try parameters()
        try word("RETURNS")
        let result = try typeName().resolved()
        if at(word: "LANGUAGE"), lookahead(1).text.uppercased() == "SQL" {
            advance()
            advance()
        }
        try word("RETURN")
        height = 0
        let body = try expression()
        return FunctionDeclaration(
            name: ObjectName(text: name.text, position: name.position), ifNotExists: ifNotExists,
            parameters: parameters, result: result, body: body, height: height)
    }

    /// `([parameter type, …])`
    private mutating func parameters() throws(SQLError) -> [PlanField] {
        try expect(.leftParenthesis)
        var parameters: [PlanField] = []
        if accept(.rightParenthesis) { return [] }
        repeat {
            let name = try identifier("a parameter's name")
            guard !parameters.contains(where: { $0.name == name.text }) else {
                throw SQLError(.ambiguousName, "parameter \(name.text) is there twice", at: name.position)
            }
            parameters.append(PlanField(name: name.text, type: try typeName().resolved()))
            try checkLength(parameters.count)
        } while accept(.comma)
        try expect(.rightParenthesis)
        return parameters
    }

    /// A word that is a key word here alone.
    private mutating func word(_ word: String) throws(SQLError) {
        guard case .word = token.kind, token.text.uppercased() == word else { throw unexpected(expecting: word) }
        advance()
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
        let name = try objectName("a name")
        if kind == .table { declared[name.text] = nil }
        return DropStatement(kind: kind, name: name, ifExists: ifExists)
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
