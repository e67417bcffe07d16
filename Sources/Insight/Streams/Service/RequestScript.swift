import EventLog
import SQL

/// The statements of a request: the tables and views it declares, and its one question.
struct RequestScript {
    enum Question {
        case query(Query)
        case explain(Explained)
        case describe(ObjectName, isExtended: Bool)
        case show(ShowStatement)
        case keep(MaterializedViewDeclaration)
        case dropView(DropStatement)
    }

    private(set) var definitions: [String: TableDefinition]
    /// Tables as this text declares them.
    private(set) var declarations: [String: TableDeclaration] = [:]
    /// In the order in which they see each other.
    private(set) var views: [ViewDeclaration] = []
    private(set) var functions: [FunctionDeclaration] = []
    private(set) var question: Question?
    private(set) var settings = StateSettings()
    private let allowsFiles: Bool

    init(request: QueryRequest, service: QueryService) throws(SQLError) {
        definitions = service.tables.merging(request.tables) { $1 }
        allowsFiles = request.allowsFiles
        guard request.language == .sql else {
            let known = definitions
            question = .query(
                try MQLTranslator.query(
                    request.text, defaultTable: "requests",
                    isTable: { known[$0] != nil || service.log?.topic($0) != nil }, limits: service.limits.sql))
            return
        }
        for statement in try SQLParser.parse(request.text, limits: service.limits.sql) { try add(statement) }
    }

    private mutating func add(_ statement: Statement) throws(SQLError) {
        switch statement {
        case .createTable(let declaration): try declare(declaration)
        case .hint(let hint): try declare(hint)
        case .createView(let view): try declare(view)
        case .createFunction(let function): try declare(function)
        case .drop(let drop) where drop.kind == .materializedView: try ask(.dropView(drop), at: drop.name.position)
        case .drop(let drop): try remove(drop)
        case .query(let query): try ask(.query(query), at: query.position)
        case .explain(let explained): try ask(.explain(explained), at: explained.position)
        case .describe(let table, let isExtended):
            try ask(.describe(table, isExtended: isExtended), at: table.position)
        case .show(let show): try ask(.show(show), at: show.position)
        case .insert(let insert): throw Self.belongsInJob("INSERT INTO", at: insert.position)
        case .statementSet(let inserts): throw Self.belongsInJob("a statement set", at: inserts[0].position)
        case .createMaterializedView(let view): try ask(.keep(view), at: view.name.position)
        case .set(let setting): try settings.set(setting)
        case .reset(let key): try settings.reset(key)
        }
    }

    private mutating func declare(_ declaration: TableDeclaration) throws(SQLError) {
        guard allowsFiles || declaration.options["path"] == nil else {
            throw SQLError(
                code: .unsupported, message: "table \(declaration.name): a query here can't read files",
                suggestion: "squilla sql --table \(declaration.name)=FILE reads one")
        }
        guard allowsFiles || declaration.options["url"] == nil else {
            throw SQLError(
                code: .unsupported, message: "table \(declaration.name): a query here can't send requests",
                suggestion: "a job can, to the hosts that jobs.http_hosts names")
        }
        definitions[declaration.name] = try TableDefinition(
            declaration: declaration, over: definitions[declaration.name])
        declarations[declaration.name] = declaration
    }

    private mutating func declare(_ hint: TableHint) throws(SQLError) {
        let name = hint.table.text
        let declared = declarations[name]
        guard !views.contains(where: { $0.name.text == name }), declared != nil || definitions[name] == nil else {
            throw SQLError(
                code: .unsupported, message: "\(name) has no options that a hint could change",
                at: hint.table.position, suggestion: "OPTIONS is for topics and for tables of CREATE TABLE … WITH")
        }
        try declare(hint.declaration(over: declared))
    }

    private mutating func declare(_ view: ViewDeclaration) throws(SQLError) {
        if views.contains(where: { $0.name.text == view.name.text }) {
            if view.ifNotExists { return }
            throw SQLError(
                code: .ambiguousName, message: "view \(view.name.text) is there already", at: view.name.position,
                suggestion: "DROP VIEW \(view.name.text) first")
        }
        views.append(view)
    }

    private mutating func declare(_ function: FunctionDeclaration) throws(SQLError) {
        let name = function.name.text
        if functions.contains(where: { $0.name.text.uppercased() == name.uppercased() }) {
            if function.ifNotExists { return }
            throw SQLError(
                code: .ambiguousName, message: "function \(name) is there already", at: function.name.position,
                suggestion: "DROP FUNCTION \(name) first")
        }
        functions.append(function)
    }

    /// Takes back what this text has declared, or a table that came with the request.
    private mutating func remove(_ drop: DropStatement) throws(SQLError) {
        let name = drop.name.text
        let isThere: Bool
        switch drop.kind {
        case .table: isThere = definitions.removeValue(forKey: name) != nil
        case .view:
            isThere = views.contains { $0.name.text == name }
            views.removeAll { $0.name.text == name }
        case .materializedView: throw Self.belongsInJob("DROP MATERIALIZED VIEW", at: drop.name.position)
        case .function:
            isThere = functions.contains { $0.name.text.uppercased() == name.uppercased() }
            functions.removeAll { $0.name.text.uppercased() == name.uppercased() }
        }
        guard isThere || drop.ifExists else {
            throw SQLError(
                code: drop.kind == .function ? .unknownFunction : .unknownTable,
                message: "no \(drop.kind.rawValue.lowercased()) \(name) is declared here",
                at: drop.name.position, suggestion: "DROP … IF EXISTS takes that for done")
        }
    }

    private mutating func ask(_ question: Question, at position: SourcePosition) throws(SQLError) {
        guard self.question == nil else {
            throw SQLError(
                code: .invalidQuery, message: "a request holds one query, this holds more", at: position)
        }
        self.question = question
    }

    private static func belongsInJob(_ what: String, at position: SourcePosition) -> SQLError {
        SQLError(
            code: .unsupported, message: "\(what) runs as a job, and this asks a question", at: position,
            suggestion: "submit the script as a job")
    }
}
