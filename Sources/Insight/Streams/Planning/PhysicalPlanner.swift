import Columns
import SQL

/// Turns a bound plan into stages.
struct PhysicalPlanner {
    let isLive: Bool
    let context: EvaluationContext
    let account: MemoryAccount
    /// Windows that one row may be in, at most.
    var maximumWindowsPerRow = 10_000
    /// Panes that a live query keeps at a time; a bounded one is limited by its memory alone.
    var maximumOpenPanes = 100_000
    /// How long a live join without a bound on time holds its rows, of event time.
    var stateTimeToLiveMicroseconds: Int64 = 3_600_000_000
    /// Where rows go that an expression fails on; `nil` where the query fails then.
    var deadLetters: DeadLetters?
    /// What lookup joins need; without it there are none.
    var lookups: LookupEnvironment?
    /// How long live groups and distinct rows are kept that nothing touches, of event time; `nil` for ever.
    var groupTimeToLiveMicroseconds: Int64?
    /// Whether a part of the plan ends: it reads no topic that goes on.
    var isBounded: (LogicalPlan) -> Bool = { _ in false }
    /// Tables of which a row stands for the one before are read row by row: who reads them takes care of that.
    var takesUpsertsAsRows = false
    /// When windows answer.
    var emission = Emission()
    /// Where a stored query puts aside what its memory doesn't hold; `nil` where it is refused then.
    var spill: SpillSpace?
    /// Has those stages go on that answer in pieces.
    var draining: DrainingStages?

    /// Updates that change none of the selected columns are answered all the same.
    var repeatsUnchanged = false
    /// Sub-queries that are kept up to date begin with what is stored, and the query with what comes.
    var readsSubqueriesFromStart = false
    /// The part that is built is of such a sub-query.
    var scansAreTables = false
    /// Tells the steps that keep something by key which of their keys a shard is told by, in turn; `nil` where none is.
    var keyPlaces: KeyPlaces?
    /// Below the place where rows are shared out by key.
    var isBelowExchange = false

    /// What takes the answer.
    var target = AnswerTarget.reader

    func plan(_ plan: LogicalPlan) throws(SQLError) -> PhysicalQuery {
        try checkEmission(of: plan)
        let query = PhysicalQuery(fields: answerFields(plan), account: account)
        if emission.lateTarget != nil { query.late = OutputStage() }
        try build(plan, try answerStage(plan, StageInput(stage: query.output, port: 0)), query)
        return query
    }

    /// The stages of a part of a plan alone, up to `output`.
    func plan(_ part: KeyedPart, output: Stage) throws(SQLError) -> PhysicalQuery {
        var planner = self
        planner.keyPlaces = KeyPlaces(part.places)
        let query = PhysicalQuery(fields: part.plan.outputFields, account: account)
        try planner.build(part.plan, StageInput(stage: output, port: 0), query)
        return query
    }

    /// Has a step know which of its keys a shard is told by. For each step with keys, before its inputs are built.
    func byKey(_ step: StageInput) -> StageInput {
        if let keyPlaces { step.stage.keyPlaces = keyPlaces.next() }
        return step
    }

    /// Whether the answer is shown as changes.
    func showsChanges(_ plan: LogicalPlan) -> Bool { isChanging(plan) || isLive && emission.timing == .changes }

    /// The columns of the answer as its target gets them.
    func answerFields(_ plan: LogicalPlan) -> [PlanField] {
        let fields = plan.outputFields
        switch target {
        case .upserted: return fields + [PlanField(name: LatestRows.Operation.field, type: .varchar)]
        case .view: return fields
        case .reader, .appended, .nothing: return showsChanges(plan) ? ShowChanges.fields(fields) : fields
        }
    }

    private func answerStage(_ plan: LogicalPlan, _ output: StageInput) throws(SQLError) -> StageInput {
        let fields = plan.outputFields
        switch target {
        case .appended(let table) where emission.timing != .changes:
            try requireNoUpdates(plan, of: table)
            try requireAppended(
                plan, for: "INSERT INTO \(table)",
                "declare the table with PRIMARY KEY (…) NOT ENFORCED to have the latest row of each key, write EMIT CHANGES "
                    + "to have the changes, or group by a window: its results are final")
            return output
        case .upserted(_, let key):
            let traits = traits(plan)
            let upsert = UpsertRows(
                keys: key, fields: Schema(planFields: fields), inputChanges: traits.isChanging,
                isUnique: traits.keys.contains { Set(key).isSuperset(of: $0) })
            return stage(upsert, "PRIMARY KEY", output)
        case .view(let view):
            let traits = traits(plan)
            let rows = ViewRows(view, key: traits.key, inputChanges: traits.isChanging)
            return stage(rows, "MATERIALIZED VIEW", output)
        case .reader, .appended, .nothing:
            guard showsChanges(plan) else { return output }
            let shown = stage(ShowChanges(fields: fields), "", output)
            guard !isChanging(plan) else { return shown }
            return stage(MarkInsertions(schema: Schema(planFields: fields)), "", shown)
        }
    }

    /// Refuses `EMIT EARLY` and `ALLOW LATENESS` where it is these that have a window answer more than once.
    private func requireNoUpdates(_ plan: LogicalPlan, of table: String) throws(SQLError) {
        guard isLive, emission.updatesWindows, isChanging(plan), let position = emission.position else { return }
        var closing = self
        closing.emission = Emission()
        guard !closing.isChanging(plan) else { return }
        throw SQLError(
            code: .unsupported,
            message: "INSERT INTO \(table) can't take updates: with EMIT EARLY or ALLOW LATENESS a window answers anew",
            at: position,
            suggestion: "declare the table with PRIMARY KEY (…) NOT ENFORCED to have the latest row of each key, or "
                + "write EMIT CHANGES to have the changes")
    }

    private func checkEmission(of plan: LogicalPlan) throws(SQLError) {
        guard let position = emission.position, isLive else { return }
        func refusal(_ message: String, _ suggestion: String) -> SQLError {
            SQLError(code: .unsupported, message: message, at: position, suggestion: suggestion)
        }
        if emission.timing == .final, isChanging(plan) {
            throw refusal(
                "EMIT FINAL: the answer has no final rows, it changes for good",
                "group by window_start and window_end of TABLE(TUMBLE(…)), or EMIT CHANGES")
        }
        let windows = plan.windows
        if emission.lateTarget != nil, windows.count != 1 {
            throw refusal(
                "LATE DATA INTO needs one window whose late rows are meant, and there are \(windows.count)",
                "window the events once, in TABLE(TUMBLE(…)), TABLE(HOP(…)) or TABLE(CUMULATE(…))")
        }
        if case .early = emission.timing, windows.isEmpty {
            throw refusal("EMIT EARLY needs a window", "EMIT CHANGES answers each change at once")
        }
        if emission.lateness > 0, windows.isEmpty { throw refusal("ALLOW LATENESS needs a window", "leave it out") }
        let needsBounds = emission.updatesWindows && emission.timing != .changes || emission.lateTarget != nil
        guard needsBounds else { return }
        for (_, window) in windows {
            guard case .session = window.kind else { continue }
            throw refusal(
                "EMIT EARLY, ALLOW LATENESS and LATE DATA have no meaning for SESSION: its windows grow with their rows",
                "TABLE(TUMBLE(…)) or TABLE(HOP(…))")
        }
    }

    func build(_ plan: LogicalPlan, _ next: StageInput, _ query: PhysicalQuery) throws(SQLError) {
        if keyPlaces != nil, !isBelowExchange, plan.isOfRowsAlone {
            var below = self
            below.isBelowExchange = true
            return try below.build(plan, StageInput(stage: ExchangeStage(next), port: 0), query)
        }
        switch plan {
        case .scan(let table, let columns, let predicate):
            try buildScan(table, columns, predicate, next, query)
        case .values(let rows, let fields):
            query.literals.append(.init(batch: try literalBatch(rows, fields), input: next))
        case .filter(let input, let predicate):
            try build(input, try filterStage(predicate, isChanging: isChanging(input), next), query)
        case .project(let input, let expressions, let fields):
            let (context, watermark) = context(for: expressions)
            let project = try Project(
                expressions: expressions, schema: Schema(planFields: fields), context: context,
                keepsKinds: isChanging(input))
            let after = dropsUnchanged(input, expressions) ? stage(DropUnchanged(), "", next) : next
            try build(input, stage(project, "SELECT", after, watermark: watermark), query)
        case .window(let input, let window):
            try buildWindow(input, window, asPanes: false, plan, next, query)
        case .aggregate(let input, let keys, let aggregates, let fields):
            try buildAggregate(input, keys, aggregates, fields, next, query)
        case .join(let left, let right, let join):
            if join.lookup != nil {
                try buildLookup(left, right, join, plan, next, query)
            } else {
                try buildJoin(left, right, join, plan, next, query)
            }
        case .expand(let input, let projections, let fields):
            try requireAppended(
                input, for: "GROUPING SETS", "group the events themselves, or take one GROUP BY for each set")
            try build(input, stage(try expand(projections, fields), "GROUPING SETS", next), query)
        case .unnest(let input, let list) where list.isCount && isChanging(input):
            let schema = Schema(planFields: input.outputFields)
            let rows = try RepeatChanges(count: list.expression, schema: schema, context: context)
            try build(input, stage(rows, "ALL", next), query)
        case .unnest(let input, let list):
            try requireAppended(input, for: "UNNEST", "unnest the events themselves")
            let unnest = try Unnest(list: list, schema: Schema(planFields: plan.outputFields), context: context)
            try build(input, stage(unnest, "UNNEST", next), query)
        case .sample(let input, let sample):
            try requireAppended(input, for: "SAMPLE", "sample the events before they are grouped or joined")
            try build(input, try sampleStage(sample, Schema(planFields: plan.outputFields), next), query)
        case .match(let input, let match, let fields):
            try buildMatch(input, match, fields, next, query)
        case .over(let input, let over):
            try buildOver(input, over, plan, next, query)
        case .distinct(let input): try buildDistinct(input, next, query)
        case .sort(let input, let keys):
            try buildSort(input, keys, limit: nil, next, query)
        case .limit(let input, let count, let offset):
            try requireAppended(
                input, for: "LIMIT", "leave it out and stop reading, or group by a window: its results are final")
            let after = stage(Limit(count: count, offset: offset), "LIMIT", next)
            if case .sort(let sorted, let keys) = input {
                let needed = count.map { $0.addingReportingOverflow(offset) }
                let limit = needed.flatMap { $0.overflow ? nil : $0.partialValue }
                try buildSort(sorted, keys, limit: limit, after, query)
            } else {
                try build(input, after, query)
            }
        case .union(let inputs): try buildUnion(inputs, plan, next, query)
        }
    }

    /// Whether a projection of what changes may make the same of different rows.
    private func dropsUnchanged(_ input: LogicalPlan, _ expressions: [BoundExpression]) -> Bool {
        guard isChanging(input), !repeatsUnchanged else { return false }
        let columns = expressions.compactMap { if case .column(let column, _) = $0 { column } else { nil } }
        return Set(columns).count < input.outputFields.count
    }

    func filterStage(
        _ predicate: BoundExpression, isChanging: Bool, _ next: StageInput
    ) throws(SQLError) -> StageInput {
        let (context, watermark) = context(for: [predicate])
        guard isChanging else {
            return stage(try Filter(predicate: predicate, context: context), "WHERE", next, watermark: watermark)
        }
        return stage(try FilterChanges(predicate: predicate, context: context), "WHERE", next, watermark: watermark)
    }

    /// What expressions of one step are evaluated in, and what must be told the step's watermark for them.
    private func context(for expressions: [BoundExpression]) -> (EvaluationContext, WatermarkCell?) {
        guard expressions.contains(where: \.readsWatermark) else { return (context, nil) }
        let cell = WatermarkCell()
        var context = context
        context.watermark = { cell.value }
        return (context, cell)
    }

    private func buildDistinct(_ input: LogicalPlan, _ next: StageInput, _ query: PhysicalQuery) throws(SQLError) {
        let fields = input.outputFields
        guard isChanging(input) else {
            let distinct = Distinct(
                schema: Schema(planFields: fields), timeToLive: isLive ? groupTimeToLiveMicroseconds : nil)
            return try build(input, byKey(stage(distinct, "DISTINCT", next)), query)
        }
        // A row is there as long as one like it is: a group without aggregates.
        let keys = fields.enumerated().map { BoundExpression.column(index: $0, type: $1.type) }
        try build(input, try updatingStage(input, keys, [], fields, "DISTINCT", next), query)
    }

    private func buildUnion(
        _ inputs: [LogicalPlan], _ plan: LogicalPlan, _ next: StageInput, _ query: PhysicalQuery
    ) throws(SQLError) {
        // Columns meet by position: all take the names of the first.
        let schema = Schema(planFields: plan.outputFields)
        let union = UnionStage(inputCount: inputs.count, next: next)
        let isChanging = isChanging(plan)
        for (port, input) in inputs.enumerated() {
            var into = StageInput(stage: union, port: port)
            if isChanging, !self.isChanging(input) { into = stage(MarkInsertions(schema: schema), "", into) }
            let own = self.isChanging(input) ? schema.changing : schema
            try build(input, stage(Rename(schema: own), "UNION", into), query)
        }
    }

    func stage<Op: StreamOperator & ~Copyable>(
        _ op: consuming Op, _ name: String, _ next: StageInput, watermark: WatermarkCell? = nil
    ) -> StageInput {
        let stage = OperatorStage(
            op, name: name, next: next, account: account, deadLetters: deadLetters, draining: draining,
            watermark: watermark)
        return StageInput(stage: stage, port: 0)
    }

    func expand(_ projections: [[BoundExpression]], _ fields: [PlanField]) throws(SQLError) -> Expand {
        try Expand(projections: projections, schema: Schema(planFields: fields), context: context)
    }

    /// - Parameter schema: of the sample's rows.
    func sampleStage(
        _ sample: SampleSpecification, _ schema: Schema, _ next: StageInput
    ) throws(SQLError) -> StageInput {
        switch sample {
        case .random(let fraction, let seed):
            stage(SampleRandom(fraction: fraction, seed: seed ?? context.now), "SAMPLE RANDOM", next)
        case .sticky(let fraction, let keys, let salt):
            stage(
                try SampleSticky(fraction: fraction, keys: keys, salt: salt, context: context), "SAMPLE STICKY", next)
        case .rate(let rows, let time, let appendsWeight):
            stage(
                SampleRate(rowsPerSecond: rows, timeColumn: time, appendsWeight: appendsWeight, schema: schema),
                "SAMPLE RPS", next)
        }
    }

    private func buildScan(
        _ table: TableDescription, _ columns: [Int], _ predicate: BoundExpression?, _ next: StageInput,
        _ query: PhysicalQuery
    ) throws(SQLError) {
        if table.isUpserted, !takesUpsertsAsRows {
            return try buildUpsertedScan(table, columns, predicate, next, query)
        }
        var input = next
        var range = Int64.min...Int64.max
        if let predicate {
            input = try filterStage(predicate, isChanging: false, next)
            if let time = table.timeColumn, let column = columns.firstIndex(of: time) {
                range = TimeBounds.of(predicate, column: column, now: context.now)
            }
        }
        if let digits = DeclaredDigits(columns.map { table.fields[$0].type }) {
            input = stage(digits, "declared digits", input)
        }
        query.scans.append(
            .init(table: table, columns: columns, timeRange: range, input: input, isTable: scansAreTables))
    }

    func buildWindow(
        _ input: LogicalPlan, _ window: WindowSpecification, asPanes: Bool, _ plan: LogicalPlan, _ next: StageInput,
        _ query: PhysicalQuery
    ) throws(SQLError) {
        try requireRowsInTime(input, for: "a window")
        try requireTimesOnTime(input, time: window.timeColumn, in: window, for: "a window")
        try requireAppended(
            input, for: "a window over event time", "put the window below: window the events, then group or join")
        if case .session(let gap, let partition) = window.kind {
            let sessions = SessionWindows(
                gapMicroseconds: gap, timeColumn: window.timeColumn, partition: partition,
                schema: Schema(planFields: plan.outputFields), inputSchema: Schema(planFields: input.outputFields))
            return try build(input, byKey(stage(sessions, "SESSION", next)), query)
        }
        let (size, slide) = (window.sizeMicroseconds, window.slideMicroseconds)
        guard slide > 0, size > 0, size % slide == 0 else {
            throw SQLError(code: .invalidQuery, message: "a window's size must be a positive multiple of its slide")
        }
        guard size <= Int64(AssignWindows.maximumTime) else {
            throw SQLError(code: .limitExceeded, message: "a window's size must be less than 36,000 years")
        }
        guard size / slide <= maximumWindowsPerRow else {
            throw SQLError(
                code: .limitExceeded,
                message: "each row would be in \(size / slide) windows; \(maximumWindowsPerRow) is the limit",
                suggestion: "use a larger slide")
        }
        let assign = AssignWindows(window, asPanes: asPanes, schema: Schema(planFields: plan.outputFields))
        var first = stage(assign, "the window", next)
        if let late = query.late, isLive {
            first = StageInput(
                stage: LateRows(window, lateness: emission.lateness, next: first, late: late), port: 0)
        }
        try build(input, first, query)
    }

    private func buildSort(
        _ input: LogicalPlan, _ keys: [SortKey], limit: Int?, _ next: StageInput, _ query: PhysicalQuery
    ) throws(SQLError) {
        var sortsAtWatermarks = false
        if isLive {
            try requireAppended(
                input, for: "ORDER BY", "leave it out, or order by window_start the windows that are final")
            let attributes = WindowAttributes.of(input)
            if let first = keys.first, !first.isDescending, case .column(let index, _) = first.expression,
                attributes.byColumn[index]?.isAggregated == true
            {
                sortsAtWatermarks = true
            } else {
                throw SQLError(
                    code: .unsupported,
                    message: "ORDER BY needs all rows, and a live query has no last one",
                    suggestion: "order by window_start first, over a GROUP BY of TABLE(TUMBLE(…)) or TABLE(HOP(…)), or "
                        + "ask the stored events instead")
            }
        }
        let order = try SortOrder(keys: keys, context: context)
        let sort = Sort(order: order, limit: limit, sortsAtWatermarks: sortsAtWatermarks, spill: spill)
        try build(input, stage(sort, "ORDER BY", next), query)
    }

    private func literalBatch(_ rows: [[BoundExpression]], _ fields: [PlanField]) throws(SQLError) -> Batch {
        let one = Batch(schema: Schema([]), rowCount: 1, columns: [])
        let schema = Schema(planFields: fields)
        var columns: [Column] = []
        for index in fields.indices {
            var parts: [Column] = []
            for row in rows { parts.append(try RowExpression(row[index]).evaluate(one, context)) }
            columns.append(
                parts.isEmpty
                    ? .nulls(schema.fields[index].type, count: 0)
                    : .concatenate(parts, type: schema.fields[index].type))
        }
        return Batch(schema: schema, rowCount: rows.count, columns: columns)
    }
}
