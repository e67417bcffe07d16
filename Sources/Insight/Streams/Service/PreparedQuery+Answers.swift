import Columns
import Runtime
import SQL

/// Statements that ask about tables and queries, answered as rows like a query's.
extension PreparedQuery {
    static func explanationFields() -> [PlanField] { [PlanField(name: "plan", type: .varchar)] }

    static func descriptionFields() -> [PlanField] {
        ["name", "type", "key", "extras", "watermark"].map { PlanField(name: $0, type: .varchar) }
    }

    static func listFields(_ show: ShowStatement) -> [PlanField] {
        let names =
            switch show.subject {
            case .tables: ["name", "kind"]
            case .materializedViews: ["name", "key", "rows", "state"]
            case .jobs: ["name", "state", "targets", "failure"]
            case .views, .functions: ["name"]
            case .createTable, .createView, .createMaterializedView: ["statement"]
            case .columns: descriptionFields().map(\.name)
            }
        return names.map { PlanField(name: $0, type: .varchar) }
    }

    /// A row for each column of a table.
    ///
    /// - Parameter isExtended: rows about the table follow.
    func description(of table: ObjectName, isExtended: Bool) throws(SQLError) -> LogicalPlan {
        var rows = try columns(of: table)
        if isExtended, let resolved = resolved(table) {
            rows += resolved.details.map { ["# \($0)", $1, nil, nil, nil] }
        }
        return Self.rows(rows, Self.descriptionFields())
    }

    /// Of a table; not of a view.
    private func resolved(_ table: ObjectName) -> ResolvedTable? {
        views.contains { $0.name.text == table.text } ? nil : catalog.resolved(table.text)
    }

    private func columns(of table: ObjectName) throws(SQLError) -> [[String?]] {
        let fields = try binder.fields(of: table)
        let description = resolved(table)?.description
        return fields.enumerated().map { index, field in
            guard let description else { return [field.name, field.type.name, nil, nil, nil] }
            let column = description.columns?[index] ?? .field(index)
            let delay = description.watermarkDelay
            let watermark = "the latest" + (delay == 0 ? "" : " less \(DurationText.of(delay))")
            let keys = description.primaryKey
            return [
                field.name, field.type.name, keys.contains(field.name) ? "PRI(\(keys.joined(separator: ", ")))" : nil,
                column.words(over: description.fields), description.isTime(column) ? watermark : nil,
            ]
        }
    }

    func list(_ show: ShowStatement) throws(SQLError) -> LogicalPlan {
        let fields = Self.listFields(show)
        let plan = Self.rows(try list(show, views.map(\.name.text)), fields)
        return show.pattern.map { plan.filtered(by: $0) } ?? plan
    }

    private func list(_ show: ShowStatement, _ viewNames: [String]) throws(SQLError) -> [[String?]] {
        switch show.subject {
        case .views: return viewNames.map { [$0] }
        case .functions:
            return Set(functions.map(\.name.text) + FunctionSignatures.allNames).sorted().map { [$0] }
        case .tables:
            let tables = catalog.tableNames.filter { !viewNames.contains($0) }
            return tables.map { [$0, catalog.resolved($0)?.kind] } + viewNames.map { [$0, "view"] }
        case .materializedViews:
            return service.views.published.map { view in
                let keys = view.snapshot?.keyFields.map(\.name).joined(separator: ", ") ?? ""
                let (state, failure) = service.views.standing(of: view)
                return [
                    view.name, keys.isEmpty ? nil : keys, String(view.snapshot?.rowCount ?? 0),
                    failure.map { "\(state): \($0)" } ?? state,
                ]
            }
        case .jobs:
            guard let keeper = service.views.keeper else {
                throw SQLError(
                    code: .unsupported, message: "there are no jobs here", at: show.position,
                    suggestion: "squilla job list asks the server")
            }
            return keeper.jobs().map { job in
                [job.name, job.phase, job.targets.joined(separator: ", "), job.failure]
            }
        case .columns: return try show.table.map { table throws(SQLError) in try columns(of: table) } ?? []
        case .createTable, .createView, .createMaterializedView:
            guard let name = show.table else { return [] }
            // A row a line, as EXPLAIN has them.
            return try statement(show.subject, of: name).split(separator: "\n").map { [String($0)] }
        }
    }

    /// The statement that a table or view was declared with, or could be.
    private func statement(_ subject: ShowStatement.Subject, of name: ObjectName) throws(SQLError) -> String {
        let text: String?
        switch subject {
        case .createView: text = views.first { $0.name.text == name.text }?.text
        case .createMaterializedView:
            text = service.views.snapshot(name.text).flatMap { _ in service.views.keeper?.text(name.text) }
        default: return try declaration(of: name)
        }
        if let text { return text }
        let kind = subject == .createView ? "view" : "materialized view"
        throw SQLError(
            code: .unknownTable, message: "there is no \(kind) \(name.text)", at: name.position,
            suggestion: subject == .createView
                ? "a view holds for the text that declares it" : "SHOW MATERIALIZED VIEWS")
    }

    /// `CREATE TABLE`, as it could be written, or as it is.
    private func declaration(of table: ObjectName) throws(SQLError) -> String {
        _ = try binder.fields(of: table)
        guard let text = resolved(table)?.declaration ?? declarations[table.text] else {
            throw SQLError(
                code: .unsupported,
                message:
                    "SHOW CREATE TABLE tells of topics, files and what the text declares, and \(table.text) is neither",
                at: table.position, suggestion: "DESCRIBE \(table.text) shows its columns")
        }
        return text
    }

    /// The plan of an explained query, as rows of text.
    func explanation(
        of plan: LogicalPlan, _ explained: Explained, request: QueryRequest, service: QueryService
    ) throws(SQLError) -> LogicalPlan {
        // What is inserted is a job's.
        let isLive = (request.mode != .stored || explained.target != nil) && readsTopics(plan)
        var planner = PhysicalPlanner(
            isLive: isLive, context: EvaluationContext(now: service.clock.now()),
            account: MemoryAccount(limitBytes: .max))
        planner.lookups = LookupEnvironment(catalog: catalog, service: service, wake: {})
        planner.take(settings, standard: service.limits.stateTimeToLiveMilliseconds)
        planner.emission = try binder.emission(of: explained.query)
        let query = try planner.plan(plan)
        var explanation = PlanExplanation(plan: plan, traits: planner.traits(plan), target: explained.target)
        for scan in query.scans {
            var reading = try words(for: scan, of: query, isLive: isLive, request, service)
            if isLive || explained.target != nil, let count = settings.parallelism, count > 1 {
                reading.append(shardWords(count, scan, query, plan))
            }
            explanation.add(scan, reading: reading)
        }
        for literals in query.literals { explanation.add(literals) }
        return Self.rows(explanation.lines.map { [$0] }, Self.explanationFields())
    }

    private func words(
        for scan: PhysicalQuery.Scan, of query: PhysicalQuery, isLive: Bool, _ request: QueryRequest,
        _ service: QueryService
    ) throws(SQLError) -> [String] {
        let reading = try reading(scan, request)
        let table = reading.table
        let columns = reading.schema.fields.map(\.name).joined(separator: ", ")
        var lines = ["read \(scan.table.name) (\(table.kind)): columns \(columns.isEmpty ? "none" : columns)"]
        if let times = reading.times {
            let from = times.lowerBound == .min ? "" : " from \(try Self.text(ofTime: times.lowerBound))"
            let before = times.upperBound == .max ? "" : " before \(try Self.text(ofTime: times.upperBound))"
            lines.append("only frames with times" + from + before)
        }
        if isLive, case .topic = table.source {
            let delay = DurationText.of(table.description.watermarkDelay)
            let time = reading.timeName ?? table.description.timeExpression?.text(over: table.description.fields)
            let watermark = time.map { "watermark: the latest \($0) less \(delay)" } ?? "no watermark"
            lines.append((request.mode == .live ? "live; " : "what is stored, then live; ") + watermark)
        } else if query.scans.count == 1, threads > 1, scan.input.stage.aggregateBehind() != nil,
            try sharedScan(reading, service) != nil
        {
            lines.append("by up to \(threads) threads, each with states of its own up to GROUP BY")
        }
        return lines
    }

    /// How a job that runs the query would share it out.
    private func shardWords(
        _ count: Int, _ scan: PhysicalQuery.Scan, _ query: PhysicalQuery, _ plan: LogicalPlan
    ) -> String {
        func canCountInParts(_ scan: PhysicalQuery.Scan) -> Bool {
            guard case .topic? = catalog.resolved(scan.table.name)?.source else { return false }
            return scan.input.stage.shardedAggregate != nil && query.late == nil && query.polled.isEmpty
                && !scan.isTable
        }
        if !query.scans.allSatisfy(canCountInParts), query.canGoByKey, !query.scans.contains(where: \.isTable),
            let part = KeyedPart(of: plan)
        {
            return "as a job by \(count) shards, each with the rows of its keys: \(part.words.joined(separator: ", "))"
        }
        if canCountInParts(scan) { return "as a job by \(count) shards, each with states of its own up to GROUP BY" }
        return "as a job by one thread: the steps behind it share no key that is known where a row is read"
    }

    private static func text(ofTime time: Int64) throws(SQLError) -> String {
        let cast = BoundExpression.cast(.literal(.int64(time), type: .timestamp), to: .varchar, isTry: false)
        let one = Batch(schema: Schema([]), rowCount: 1, columns: [])
        let column = try RowExpression(cast).evaluate(one, EvaluationContext(now: 0))
        switch column.storage {
        case .byteStrings(let strings): return strings.string(0)
        case .dictionary(let codes, let values): return values.string(Int(codes[0]))
        default: return String(time)
        }
    }

    static func rows(_ rows: [[String?]], _ fields: [PlanField]) -> LogicalPlan {
        let literals = rows.map { row in
            row.map { cell in
                BoundExpression.literal(cell.map { .bytes(Array($0.utf8)) } ?? .null, type: .varchar)
            }
        }
        return .values(rows: literals, fields: fields)
    }
}

extension TableDescription {
    fileprivate func isTime(_ column: TableColumn) -> Bool {
        switch column {
        case .field(let index): index == timeColumn
        case .computed(_, let expression): expression == timeExpression
        }
    }
}

extension TableColumn {
    fileprivate func words(over fields: [PlanField]) -> String? {
        switch self {
        case .field: nil
        case .computed(_, let expression): "AS \(expression.text(over: fields))"
        }
    }
}
