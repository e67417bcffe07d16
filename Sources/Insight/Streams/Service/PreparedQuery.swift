import Columns
import EventLog
import Runtime
import SQL

/// A request's text, parsed and bound to the tables it names.
struct PreparedQuery {
    /// The whole query's plan, or that of the sub-query whose rows it needs first.
    private(set) var binding: Binding
    private let question: RequestScript.Question
    let views: [ViewDeclaration]
    let functions: [FunctionDeclaration]
    /// The statements by which the text declares tables, by name.
    let declarations: [String: String]
    let binder: Binder
    let catalog: QueryCatalog
    private let request: QueryRequest
    let service: QueryService
    private var answers: [SubqueryAnswer] = []
    /// What `SET` said.
    let settings: StateSettings

    init(request: QueryRequest, service: QueryService) throws(SQLError) {
        let script = try RequestScript(request: request, service: service)
        guard let question = script.question else {
            throw SQLError(code: .invalidQuery, message: "there is no query", line: 1, column: 1)
        }
        var resolved: [String: ResolvedTable] = [:]
        for (name, definition) in script.definitions {
            resolved[name] = try definition.resolve(
                name: name, service: service, isLive: request.mode != .stored)
        }
        catalog = QueryCatalog(
            declared: resolved, log: service.log,
            topicWatermarkDelay: Int64(service.limits.watermarkDelayMilliseconds) * 1_000, views: service.views)
        self.question = question
        self.request = request
        self.service = service
        settings = script.settings
        views = script.views
        declarations = script.declarations.mapValues(\.text)
        functions = script.functions
        binder = Binder(
            catalog: catalog, views: script.views, functions: script.functions,
            limits: service.limits.sql)
        binding = .plan(.values(rows: [], fields: []))
        binding = try bind()
    }

    /// Goes on with the rows of the sub-query that was wanted.
    mutating func answer(_ batches: [Batch]) throws(SQLError) {
        answers.append(SubqueryAnswer(batches))
        binding = try bind()
    }

    private func bind() throws(SQLError) -> Binding {
        switch question {
        case .query(let query):
            // Who asks for changes is told those of sub-queries too.
            if try binder.emission(of: query).timing == .changes { return .plan(try binder.bind(query)) }
            return try binder.bind(query, answers: answers)
        case .explain(let explained):
            let binding =
                explained.target == nil
                ? try binder.bind(explained.query, answers: answers) : .plan(try binder.bind(explained.query))
            guard case .plan(let plan) = binding else { return binding }
            return .plan(try explanation(of: plan, explained, request: request, service: service))
        case .describe(let table, let isExtended): return .plan(try description(of: table, isExtended: isExtended))
        case .show(let show): return .plan(try list(show))
        case .keep(let view): return .plan(try keep(view, request: request, service: service))
        case .dropView(let drop): return .plan(try dropView(drop, request: request, service: service))
        }
    }

    /// When the query is to answer.
    func emission() throws(SQLError) -> Emission {
        guard case .query(let query) = question else { return Emission() }
        let emission = try binder.emission(of: query)
        if let late = emission.lateTarget {
            throw SQLError(
                code: .unsupported, message: "LATE DATA INTO \(late.text) writes, and this asks a question",
                at: late.position, suggestion: "submit it as a job: INSERT INTO … SELECT … LATE DATA INTO …")
        }
        return emission
    }

    /// The columns of the request's answer.
    func fields() throws(SQLError) -> [PlanField] {
        switch question {
        case .query(let query): return try binder.fields(of: query)
        case .explain(let explained):
            _ = try binder.fields(of: explained.query)
            return Self.explanationFields()
        case .describe(let table, _):
            _ = try binder.fields(of: table)
            return Self.descriptionFields()
        case .show(let show): return Self.listFields(show)
        case .keep, .dropView: return Self.doneFields()
        }
    }

    /// Threads that may work at the query together.
    var threads: Int { min(settings.parallelism ?? .max, service.limits.workerThreads) }

    func readsTopics(_ plan: LogicalPlan) -> Bool { Self.readsTopics(plan, catalog) }

    static func readsTopics(_ plan: LogicalPlan, _ catalog: QueryCatalog) -> Bool {
        switch plan {
        case .scan(let table, _, _):
            switch catalog.resolved(table.name)?.source {
            case .topic?, .watched?: return true
            default: return false
            }
        case .values: return false
        case .filter(let input, _), .project(let input, _, _), .window(let input, _), .aggregate(let input, _, _, _),
            .match(let input, _, _), .distinct(let input), .sort(let input, _), .limit(let input, _, _),
            .sample(let input, _), .over(let input, _), .expand(let input, _, _), .unnest(let input, _):
            return readsTopics(input, catalog)
        case .join(let left, let right, _): return readsTopics(left, catalog) || readsTopics(right, catalog)
        case .union(let inputs): return inputs.contains { readsTopics($0, catalog) }
        }
    }

    /// What reads the table of `scan`.
    func makeDriver(
        for scan: PhysicalQuery.Scan, request: QueryRequest, service: QueryService, replays: Bool,
        wake: @escaping @Sendable () -> Void
    ) throws(SQLError) -> any ScanDriver {
        let reading = try reading(scan, request, replays: replays)
        if case .topic(let topic) = reading.table.source, let log = service.log, request.mode != .stored {
            var stored: LogSource?
            if request.mode == .storedThenLive || scan.isTable {
                stored = try LogSource(
                    log: log, topic: topic, columns: reading.schema, timeName: reading.timeName, times: reading.times,
                    isBounded: false, metadata: reading.table.metadata)
            }
            return try LiveDriver(
                reading: reading, topic: topic, stored: stored, log: log, clock: service.clock,
                limits: service.limits, input: scan.input, wake: wake)
        }
        if case .watched = reading.table.source, request.mode != .stored {
            throw SQLError(
                code: .unsupported, message: "\(scan.table.name) is a watched folder, and a live query can't follow it",
                suggestion: "a job can: INSERT INTO topic SELECT … FROM \(scan.table.name)")
        }
        return BoundedDriver(
            source: try Self.makeSource(reading, service), input: scan.input, reading: reading, replays: replays)
    }

    static func makeSource(_ reading: Reading, _ service: QueryService) throws(SQLError) -> any BatchSource {
        switch reading.table.source {
        case .batches(let batches): return BatchesSource(batches, schema: reading.schema)
        case .generated(let generator): return GeneratedScan(generator, schema: reading.schema).makeSource()
        case .file(let file): return try file.open(columns: reading.schema)
        case .watched(let path, let format, var options):
            // What is there now: a last line without an end too.
            options.lastLine = 0
            options.interval = 1 << 60
            return FolderScan(
                FolderSource(
                    path: path, format: format, columns: reading.schema, options: options, offsets: nil,
                    clock: service.clock))
        case .requests:
            let name = reading.table.description.name
            throw SQLError(
                code: .unsupported, message: "table \(name) answers one key at a time and can't be read as a whole",
                suggestion: "JOIN \(name) FOR SYSTEM_TIME AS OF o.proc_time AS t ON …")
        case .topic(let topic):
            guard let log = service.log else {
                throw SQLError(code: .unknownTable, message: "there is no event log to read \(topic) from")
            }
            return try LogSource(
                log: log, topic: topic, columns: reading.schema, timeName: reading.timeName, times: reading.times,
                isBounded: true, metadata: reading.table.metadata)
        }
    }

    /// The table as several threads read it together; `nil` where it isn't large enough to pay, or can't be cut.
    func sharedScan(_ reading: Reading, _ service: QueryService) throws(SQLError) -> (any SharedScan)? {
        switch reading.table.source {
        case .batches, .requests, .watched: return nil
        case .generated(let generator):
            guard generator.rowCount >= service.limits.sharedScanRows else { return nil }
            return GeneratedScan(generator, schema: reading.schema)
        case .file(let file):
            return try file.share(columns: reading.schema, minimumBytes: service.limits.sharedScanBytes)
        case .topic(let topic):
            guard let log = service.log, let info = log.topic(topic) else { return nil }
            let rows = info.partitions.reduce(0) { $0 + $1.nextOffset - $1.firstOffset }
            guard rows >= service.limits.sharedScanRows else { return nil }
            return SharedLog(
                log: log, info: info, columns: reading.schema, times: reading.times, metadata: reading.table.metadata)
        }
    }
}
