import SQL

/// The statements of a request: the tables it declares, and its one query.
struct RequestScript {
    private(set) var definitions: [String: TableDefinition]
    private(set) var query: Query?
    private let allowsFiles: Bool

    init(request: QueryRequest, service: QueryService) throws(SQLError) {
        definitions = service.tables.merging(request.tables) { $1 }
        allowsFiles = request.allowsFiles
        for statement in try SQLParser.parse(request.text, limits: service.limits.sql) { try add(statement) }
    }

    private mutating func add(_ statement: Statement) throws(SQLError) {
        switch statement {
        case .createTable(let declaration): try declare(declaration)
        case .query(let select):
            guard query == nil else {
                throw SQLError(code: .invalidQuery, message: "a request holds one query, this holds more")
            }
            query = select
        case .insert(let insert): throw Self.belongsInJob("INSERT INTO", at: insert.position)
        case .statementSet(let inserts): throw Self.belongsInJob("a statement set", at: inserts[0].position)
        case .createMaterializedView(let view):
            throw Self.belongsInJob("CREATE MATERIALIZED VIEW", at: view.name.position)
        case .createView(let view): throw Self.unsupported("CREATE VIEW", at: view.name.position)
        case .drop(let drop): throw Self.unsupported("DROP \(drop.kind.rawValue)", at: drop.name.position)
        case .set(let setting): throw Self.unsupported("SET", at: setting.key.position)
        case .reset(let key): throw Self.unsupported("RESET", at: key?.position)
        case .show(let show): throw Self.unsupported("SHOW \(show.subject.rawValue)", at: show.position)
        case .describe(let table): throw Self.unsupported("DESCRIBE", at: table.position)
        case .explain(let explained): throw Self.unsupported("EXPLAIN", at: explained.position)
        }
    }

    private mutating func declare(_ declaration: TableDeclaration) throws(SQLError) {
        guard allowsFiles || declaration.options["path"] == nil else {
            throw SQLError(
                code: .unsupported, message: "table \(declaration.name): a query here can't read files",
                suggestion: "squilla sql --table \(declaration.name)=FILE reads one")
        }
        definitions[declaration.name] = try TableDefinition(
            declaration: declaration, over: definitions[declaration.name])
    }

    private static func belongsInJob(_ what: String, at position: SourcePosition) -> SQLError {
        SQLError(
            code: .unsupported, message: "\(what) runs as a job, and this asks a question", at: position,
            suggestion: "submit the script as a job")
    }

    private static func unsupported(_ what: String, at position: SourcePosition?) -> SQLError {
        let message = "\(what) is not supported yet"
        guard let position else { return SQLError(code: .unsupported, message: message) }
        return SQLError(code: .unsupported, message: message, at: position)
    }
}
