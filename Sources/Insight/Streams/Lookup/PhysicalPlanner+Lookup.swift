import Columns
import Runtime
import SQL

/// What a planner needs for lookup joins besides the plan.
struct LookupEnvironment {
    let catalog: QueryCatalog
    let service: QueryService
    /// Called from other threads when something was fetched.
    let wake: @Sendable () -> Void
}

extension PhysicalPlanner {
    func buildLookup(
        _ left: LogicalPlan, _ right: LogicalPlan, _ join: JoinSpecification, _ plan: LogicalPlan, _ next: StageInput,
        _ query: PhysicalQuery
    ) throws(SQLError) {
        guard let lookups, let table = right.lookedUpTable, let resolved = lookups.catalog.resolved(table.name) else {
            throw SQLError(
                code: .unsupported, message: "FOR SYSTEM_TIME AS OF looks up a table, or a view of one table")
        }
        try requireAppended(
            left, for: "a lookup", "look up before the GROUP BY, or write its rows into a topic and look up from there")
        let schema = Schema(planFields: plan.outputFields)
        let clock = lookups.service.clock
        let now = { clock.monotonicNanoseconds() / 1_000 }
        switch resolved.source {
        case .topic: try buildChanges(left, right, join, schema, now, next, query)
        case .requests(let requests):
            try buildRequests(left, right, join, schema, requests, lookups, now, next, query)
        case .file, .batches, .generated, .watched:
            let rowSchema = Schema(planFields: right.outputFields)
            let supply = TableSide.Supply.whole(reload(right, resolved, lookups))
            let side = try TableSide(join, schema: rowSchema, supply: supply, context: context, now: now)
            try build(left, stage(side, join, left, schema, next, query), query)
        }
    }

    private func stage<Side: LookupSide>(
        _ side: Side, _ join: JoinSpecification, _ left: LogicalPlan, _ schema: Schema, _ next: StageInput,
        _ query: PhysicalQuery
    ) throws(SQLError) -> StageInput {
        let stage = LookupStage(
            side, pairs: try LookupPairs(join, schema: schema, context: context, deadLetters: deadLetters),
            leftSchema: Schema(planFields: left.outputFields), next: next, account: account, deadLetters: deadLetters)
        query.polled.append(stage)
        return StageInput(stage: stage, port: 0)
    }

    // MARK: A topic

    private func buildChanges(
        _ left: LogicalPlan, _ right: LogicalPlan, _ join: JoinSpecification, _ schema: Schema,
        _ now: @escaping () -> Int64, _ next: StageInput, _ query: PhysicalQuery
    ) throws(SQLError) {
        guard let scan = right.scanBelowColumns else {
            throw SQLError(
                code: .unsupported, message: "a topic that is looked up can't be a view that leaves rows out",
                suggestion: "look the topic's table up, and put the condition behind ON")
        }
        let identity = join.lookup?.primaryKey ?? []
        guard !identity.isEmpty, identity.count == scan.table.primaryKey.count else {
            throw SQLError(
                code: .unsupported,
                message: "\(scan.table.name) is a topic, and of its rows the latest of each key counts: "
                    + "it needs a key",
                suggestion: "CREATE TABLE \(scan.table.name) (…, PRIMARY KEY (…) NOT ENFORCED) WITH ('topic' = '…')")
        }
        let names = scan.columns.map { scan.table.fields[$0].name }
        let time = scan.table.timeColumn.map { scan.table.fields[$0].name }
        let values = names.indices.filter {
            !scan.table.primaryKey.contains(names[$0]) && names[$0] != time && names[$0] != JobOutput.jobField
                && names[$0] != JobOutput.epochField
        }
        // What a changing query wrote says in a column that isn't shown which rows delete.
        let operation = scan.table.fields.firstIndex { $0.name == LatestRows.Operation.field }
        let isHidden = operation.map { !scan.columns.contains($0) } ?? false
        let columns = scan.columns + (isHidden ? [operation].compactMap(\.self) : [])
        let chain = TableChain(
            try chainPlanner.plan(right), values: values.filter { names[$0] != LatestRows.Operation.field },
            operation: operation.flatMap { columns.firstIndex(of: $0) }, columnCount: scan.columns.count)
        let side = try TableSide(
            join, schema: Schema(planFields: right.outputFields), supply: .changes(chain), context: context, now: now)
        let input = try stage(side, join, left, schema, next, query)
        try build(left, input, query)
        query.scans.append(
            .init(
                table: scan.table, columns: columns, timeRange: .min ... .max,
                input: StageInput(stage: input.stage, port: 1), isTable: true))
    }

    /// Plans what stands between a table's scan and the join; it keeps nothing.
    private var chainPlanner: PhysicalPlanner {
        var planner = PhysicalPlanner(
            isLive: false, context: context, account: MemoryAccount(limitBytes: account.limitBytes))
        planner.takesUpsertsAsRows = true
        return planner
    }

    // MARK: A whole table

    private func reload(
        _ right: LogicalPlan, _ table: ResolvedTable, _ lookups: LookupEnvironment
    ) -> LookupReload {
        let service = lookups.service
        let limit = account.limitBytes
        let context = context
        let path: String? = if case .file(let file) = table.source { file.path } else { nil }
        let stamps = FileStamps()
        return LookupReload(interval: path == nil ? nil : table.lookup.reloadInterval, wake: lookups.wake) {
            do throws(SQLError) {
                if let path, try !stamps.hasChanged(path) { return .success(nil) }
                return .success(try Self.read(right, table, service, context, limitBytes: limit))
            } catch {
                stamps.forget()
                return .failure(error)
            }
        }
    }

    /// The rows of a bounded plan over one table.
    private static func read(
        _ plan: LogicalPlan, _ table: ResolvedTable, _ service: QueryService, _ context: EvaluationContext,
        limitBytes: Int
    ) throws(SQLError) -> [Batch] {
        let account = MemoryAccount(limitBytes: limitBytes)
        let query = try PhysicalPlanner(isLive: false, context: context, account: account).plan(plan)
        var rows: [Batch] = []
        for scan in query.scans {
            let reading = try PreparedQuery.Reading(
                scan, of: table, needsTime: false, window: .everything, now: context.now)
            let source = try PreparedQuery.makeSource(reading, service)
            while let batch = try source.next() {
                try scan.input.stage.accept(reading.wanted(batch), port: scan.input.port)
                for found in query.output.drain() {
                    try account.charge(found.memoryBytes, for: "the table \(table.description.name)")
                    rows.append(found)
                }
            }
            try scan.input.stage.close(port: scan.input.port)
        }
        return rows + query.output.drain()
    }

    // MARK: Requests

    private func buildRequests(
        _ left: LogicalPlan, _ right: LogicalPlan, _ join: JoinSpecification, _ schema: Schema,
        _ table: RequestTable, _ lookups: LookupEnvironment, _ now: @escaping () -> Int64, _ next: StageInput,
        _ query: PhysicalQuery
    ) throws(SQLError) {
        guard let scan = right.lookedUpScan else {
            throw SQLError(
                code: .unsupported, message: "FOR SYSTEM_TIME AS OF looks up a table, or a view of one table")
        }
        guard let sender = lookups.service.http else {
            throw SQLError(
                code: .unsupported, message: "table \(scan.table.name): connector 'http' can't be used here",
                suggestion: "a server (squilla up) sends requests")
        }
        let names = scan.columns.map { scan.table.fields[$0].name }
        let binding = try RequestKeys(
            join, right: right, leftCount: left.outputFields.count, names: names, table, scan.table.name)
        let scanSchema = Schema(planFields: scan.columns.map { scan.table.fields[$0] })
        let rowSchema = Schema(planFields: right.outputFields)
        let response = LookupResponse(
            schema: scanSchema, keyColumns: binding.columns(in: scanSchema),
            chain: TableChain(try chainPlanner.plan(right)), rowSchema: rowSchema)
        let side = try RequestSide(
            name: scan.table.name, table: table, keys: binding.keys, response: response, rowSchema: rowSchema,
            sender: sender, context: context, now: now, wake: lookups.wake)
        try build(left, stage(side, binding.join, left, schema, next, query), query)
    }
}

/// Which conditions of a lookup make the address, and what is left to be tested.
private struct RequestKeys {
    /// Over the stream, one a name in the address.
    private(set) var keys: [BoundExpression] = []
    /// The name of each.
    private let keyNames: [String]
    private(set) var join: JoinSpecification

    init(
        _ join: JoinSpecification, right: LogicalPlan, leftCount: Int, names: [String], _ table: RequestTable,
        _ tableName: String
    ) throws(SQLError) {
        keyNames = table.template.names
        self.join = join
        var found: [String: BoundExpression] = [:]
        var rest = join.residual.map { [$0] } ?? []
        for (leftKey, rightKey) in zip(join.leftKeys, join.rightKeys) {
            if let column = right.scanColumn(rightKey), keyNames.contains(names[column]), found[names[column]] == nil {
                found[names[column]] = leftKey
                continue
            }
            let shifted = rightKey.remappingColumns { $0 + leftCount }
            rest.append(.call(.equal, [leftKey, shifted], type: .boolean))
        }
        for name in keyNames {
            guard let key = found[name] else {
                throw SQLError(
                    code: .unsupported,
                    message: "table \(tableName) can't be looked up without its column \(name), which "
                        + "stands in its url",
                    suggestion: "add ON … = \(name)")
            }
            keys.append(key)
        }
        self.join.residual = rest.dropFirst().reduce(rest.first) { both, next in
            both.map { .call(.and, [$0, next], type: .boolean) } ?? next
        }
    }

    /// Where the values of the key stand in a row of the table, as far as they are of the column's type.
    func columns(in schema: Schema) -> [Int?] {
        zip(keys, keyNames).map { key, name in
            schema.index(of: name).flatMap { schema.fields[$0].type == key.type.fieldType ? $0 : nil }
        }
    }
}

extension LogicalPlan {
    /// The table of a plan over one table alone.
    fileprivate var lookedUpTable: TableDescription? {
        switch self {
        case .scan(let table, _, _): table
        case .filter(let input, _), .project(let input, _, _), .distinct(let input), .sort(let input, _),
            .limit(let input, _, _), .aggregate(let input, _, _, _):
            input.lookedUpTable
        default: nil
        }
    }

    /// The scan below nodes that look at each row alone.
    fileprivate var lookedUpScan: (table: TableDescription, columns: [Int])? {
        switch self {
        case .scan(let table, let columns, _): (table, columns)
        case .filter(let input, _), .project(let input, _, _): input.lookedUpScan
        default: nil
        }
    }

    /// The scan below nodes that leave no row out.
    fileprivate var scanBelowColumns: (table: TableDescription, columns: [Int])? {
        switch self {
        case .scan(let table, let columns, nil): (table, columns)
        case .project(let input, _, _): input.scanBelowColumns
        default: nil
        }
    }

    /// The place among the scan's columns of what an expression over the plan's columns is.
    fileprivate func scanColumn(_ expression: BoundExpression) -> Int? {
        switch (self, expression) {
        case (_, .cast(let operand, _, _)): scanColumn(operand)
        case (.scan, .column(let column, _)): column
        case (.filter(let input, _), .column): input.scanColumn(expression)
        case (.project(let input, let expressions, _), .column(let column, _)): input.scanColumn(expressions[column])
        default: nil
        }
    }
}
