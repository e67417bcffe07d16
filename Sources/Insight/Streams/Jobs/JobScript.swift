import Columns
import SQL

/// A job's text, parsed: the tables it declares and the statements that run together.
struct JobScript {
    /// Statements of one job, at most.
    static let maximumStatements = 64

    /// A statement of a job, bound: what it computes and where the rows go.
    struct Plan {
        let plan: LogicalPlan
        let output: JobOutput
        /// How it is planned: when it answers, and for what.
        let emission: Emission
        let target: AnswerTarget
        /// Where late rows go.
        let late: JobOutput?
        /// It reads a topic, and so has no end.
        let isLive: Bool
        let catalog: QueryCatalog

        init(
            plan: LogicalPlan, output: JobOutput, emission: Emission, target: AnswerTarget, late: JobOutput?,
            catalog: QueryCatalog
        ) {
            self.plan = plan
            self.output = output
            self.emission = emission
            self.target = target
            self.late = late
            self.catalog = catalog
            self.isLive = PreparedQuery.readsTopics(plan, catalog)
        }

        func readsTopics(_ part: LogicalPlan) -> Bool { PreparedQuery.readsTopics(part, catalog) }

        /// How a scan reads its table: with its time, which tells how far the job has come.
        func reading(_ scan: PhysicalQuery.Scan, now: Int64) throws(SQLError) -> PreparedQuery.Reading {
            guard let table = catalog.resolved(scan.table.name) else {
                throw SQLError(code: .unknownTable, message: "there is no table \(scan.table.name)")
            }
            return try PreparedQuery.Reading(scan, of: table, needsTime: true, window: .everything, now: now)
        }
    }

    let text: String
    private let name: String
    private(set) var settings = StateSettings()
    /// The view that the job keeps.
    private(set) var materialized: MaterializedViewDeclaration?
    private(set) var declarations: [TableDeclaration] = []
    private var views: [ViewDeclaration] = []
    private var functions: [FunctionDeclaration] = []
    private(set) var header = JobHeader()
    private var inserts: [(target: String, columns: [String], query: Query)] = []

    /// - Parameter name: of the job; the topic of a `SELECT` that names none.
    /// - Throws: what is wrong with the text, with its place.
    init(_ text: String, name: String, limits: SQLLimits) throws(SQLError) {
        self.text = text
        self.name = name
        for statement in try SQLParser.parse(text, limits: limits) { try add(statement) }
        try header.check()
        guard !inserts.isEmpty else {
            throw SQLError(
                code: .invalidQuery, message: "job \(name) computes nothing", line: 1, column: 1,
                suggestion: "INSERT INTO topic SELECT …")
        }
        guard materialized == nil || inserts.count == 1 else {
            throw SQLError(
                code: .invalidQuery, message: "a job keeps one materialized view, or inserts into tables",
                suggestion: "submit them as jobs of their own")
        }
        guard inserts.count <= Self.maximumStatements else {
            throw SQLError(
                code: .limitExceeded, message: "job \(name) has more than \(Self.maximumStatements) statements")
        }
    }

    private mutating func add(_ statement: Statement) throws(SQLError) {
        switch statement {
        case .createTable(let declaration): declarations.append(declaration)
        case .hint(let hint): try add(hint)
        case .createView(let view): views.append(view)
        case .createFunction(let function): functions.append(function)
        case .query(let query): inserts.append((name, [], query))
        case .insert(let insert): add(insert)
        case .statementSet(let set): for insert in set { add(insert) }
        case .createMaterializedView(let view):
            guard view.name.text == name else {
                throw SQLError(
                    code: .invalidQuery,
                    message: "view \(view.name.text) is kept by a job of its name, and this is job \(name)",
                    at: view.name.position, suggestion: "submit it as job \(view.name.text)")
            }
            materialized = view
            inserts.append((name, [], view.query))
        case .drop(let drop): throw Self.misplaced("DROP", at: drop.name.position)
        case .set(let setting) where StateSettings.keys.contains(setting.key.text): try settings.set(setting)
        case .set(let setting): try header.set(setting)
        case .reset(let key): try settings.reset(key)
        case .show(let show): throw Self.misplaced("SHOW", at: show.position)
        case .describe(let table, _): throw Self.misplaced("DESCRIBE", at: table.position)
        case .explain(let explained): throw Self.misplaced("EXPLAIN", at: explained.position)
        }
    }

    private mutating func add(_ hint: TableHint) throws(SQLError) {
        guard !views.contains(where: { $0.name.text == hint.table.text }) else {
            throw SQLError(
                code: .unsupported, message: "\(hint.table.text) is a view, and has no options",
                at: hint.table.position, suggestion: "OPTIONS is for topics and for tables of CREATE TABLE … WITH")
        }
        // The last one of a name is what it means.
        let declared = declarations.last { $0.name == hint.table.text }
        declarations.append(hint.declaration(over: declared))
    }

    private mutating func add(_ insert: Insert) {
        inserts.append((insert.target.text, (insert.columns ?? []).map(\.text), insert.query))
    }

    private static func misplaced(_ what: String, at position: SourcePosition?) -> SQLError {
        SQLError(
            code: .unsupported, message: "\(what) can't stand in a job", line: position.map { Int($0.line) },
            column: position.map { Int($0.column) },
            suggestion: "a job is CREATE TABLE …, CREATE VIEW … and INSERT INTO topic SELECT …")
    }

    /// Whether the text names files, which a text that came over the network may not.
    var namesFiles: Bool { declarations.contains { $0.options["path"] != nil } }

    /// The hosts that the job would send requests to.
    var hosts: [String] {
        declarations.compactMap { table in
            // Names in braces stand in the path or the query, behind the host.
            table.options["url"].map { $0.replacing("{", with: "").replacing("}", with: "") }.flatMap(OutboundURL.init)?
                .host
        }
    }

    /// The statements as they mean something now: topics widen, files come and go.
    func plans(_ service: QueryService) throws(SQLError) -> [Plan] {
        var definitions = service.tables
        // A table that is only written to needs no topic yet.
        let written = Set(inserts.map(\.target))
        for declaration in declarations where !written.contains(declaration.name) {
            definitions[declaration.name] = try TableDefinition(
                declaration: declaration, over: definitions[declaration.name])
        }
        var resolved: [String: ResolvedTable] = [:]
        for (name, definition) in definitions where !written.contains(name) {
            resolved[name] = try definition.resolve(name: name, service: service, isLive: true, awaitsTopics: true)
        }
        let catalog = QueryCatalog(
            declared: resolved, log: service.log,
            topicWatermarkDelay: Int64(service.limits.watermarkDelayMilliseconds) * 1_000)
        let binder = Binder(catalog: catalog, views: views, functions: functions, limits: service.limits.sql)
        var plans: [Plan] = []
        for insert in inserts {
            plans.append(try plan(insert, binder, catalog, service))
        }
        try Self.checkTypes(plans, service.log)
        return plans
    }

    func sink(_ target: String, _ fields: [PlanField]) throws(SQLError) -> JobOutput.Sink {
        guard let declaration = declarations.first(where: { $0.name == target }) else { return .topic(target) }
        if declaration.options["connector"] == "blackhole" { return .blackhole }
        if let options = try SinkOptions(declaration) {
            return .outside(SinkThread(target: target, options: options, fields: fields))
        }
        let definition = try TableDefinition(declaration: declaration, over: nil)
        if case .generated = definition.source {
            throw SQLError(
                code: .unsupported,
                message: "table \(target): connector '\(declaration.options["connector"] ?? "")' takes no rows")
        }
        return .topic(declaration.options["topic"] ?? target)
    }

    /// The columns as they are written: under the names that were given, else under those of the query.
    static func fields(
        of plan: LogicalPlan, into target: String, columns: [String]
    ) throws(SQLError) -> [PlanField] {
        var fields = plan.outputFields
        if !columns.isEmpty {
            guard columns.count == fields.count else {
                throw SQLError(
                    code: .invalidQuery,
                    message: "INSERT INTO \(target) names \(columns.count) columns, and the query gives \(fields.count)"
                )
            }
            for index in fields.indices {
                guard !columns[..<index].contains(columns[index]) else {
                    throw SQLError(
                        code: .ambiguousName, message: "INSERT INTO \(target) names column \(columns[index]) twice")
                }
                fields[index].name = columns[index]
            }
        }
        for field in fields where field.name == JobOutput.jobField || field.name == JobOutput.epochField {
            throw SQLError(
                code: .invalidQuery, message: "column \(field.name) of \(target) is written by the job itself")
        }
        return fields
    }
}
