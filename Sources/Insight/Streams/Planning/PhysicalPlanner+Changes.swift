import Columns
import SQL

extension PhysicalPlanner {
    /// A `GROUP BY` whose groups never are whole: it answers what changes.
    ///
    /// - Parameter name: of the step.
    func updatingStage(
        _ input: LogicalPlan, _ keys: [BoundExpression], _ aggregates: [AggregateCall], _ fields: [PlanField],
        _ name: String, _ next: StageInput
    ) throws(SQLError) -> StageInput {
        let inputChanges = isChanging(input)
        var values = AggregateValues(input.outputFields, areApart: deadLetters != nil)
        var compiled: [RowExpression] = []
        for key in keys { compiled.append(try RowExpression(values.take(key))) }
        var layout = AggregateLayout(
            keys: compiled, keyNames: keys.map { $0.text(over: input.outputFields) },
            keyTypes: keys.map(\.type.fieldType), keyOrigins: keys.indices.map { .group($0) }, totals: [],
            calls: try compile(aggregates, over: input.outputFields, &values), windows: nil,
            schema: Schema(planFields: fields), context: context)
        layout.takesBack = inputChanges
        let aggregate = try UpdatingAggregate(
            layout: layout, inputChanges: inputChanges, schema: layout.schema.changing,
            timeToLive: groupTimeToLiveMicroseconds)
        return try stage(values, keepsKinds: inputChanges, byKey(stage(aggregate, name, next)))
    }

    func buildChangelogJoin(
        _ left: LogicalPlan, _ right: LogicalPlan, _ join: JoinSpecification, _ plan: LogicalPlan, _ next: StageInput,
        _ query: PhysicalQuery
    ) throws(SQLError) {
        let stage = try ChangelogJoin(
            join, schemas: [Schema(planFields: left.outputFields), Schema(planFields: right.outputFields)],
            inputChanges: [isChanging(left), isChanging(right)],
            pairSchema: Schema(planFields: left.outputFields + right.outputFields),
            schema: Schema(planFields: plan.outputFields), timesToLive: timesToLive(join), context: context,
            account: account, next: next, deadLetters: deadLetters)
        try build(left, byKey(StageInput(stage: stage, port: 0)), query)
        try buildRight(right, of: join, StageInput(stage: stage, port: 1), query)
    }

    /// How long a live join without a bound on time holds the rows of its sides, microseconds; `nil` for ever.
    func timesToLive(_ join: JoinSpecification) -> [Int64?] {
        let standard = stateTimeToLiveMicroseconds == 0 ? nil : stateTimeToLiveMicroseconds
        // What a sub-query has answered goes with the groups that it is answered of.
        return [standard, join.holdsAnswers ? groupTimeToLiveMicroseconds : standard]
    }

    func buildRight(
        _ right: LogicalPlan, of join: JoinSpecification, _ input: StageInput, _ query: PhysicalQuery
    ) throws(SQLError) {
        var planner = self
        // Where groups go that nothing touches, what stands for them in the join must be touched with them.
        if join.holdsAnswers, groupTimeToLiveMicroseconds != nil { planner.repeatsUnchanged = true }
        if join.readsSubquery, readsSubqueriesFromStart { planner.scansAreTables = true }
        try planner.build(right, input, query)
    }

    func windowUpdates(_ layout: AggregateLayout, _ windows: AggregateLayout.Windows) -> WindowUpdates {
        let timing: WindowUpdates.Timing =
            switch emission.timing {
            case .standard, .final: .atEnd
            case .changes: .atOnce
            case .early(let every): .every(every)
            }
        return WindowUpdates(
            layout: layout, windows: windows, timing: timing, lateness: emission.lateness,
            maximumOpenWindows: maximumOpenPanes, schema: layout.schema.changing)
    }

    /// Reads a table that holds the latest row of each key. All of it must be read, whatever rows are wanted.
    func buildUpsertedScan(
        _ table: TableDescription, _ columns: [Int], _ predicate: BoundExpression?, _ next: StageInput,
        _ query: PhysicalQuery
    ) throws(SQLError) {
        var input = next
        if let predicate { input = try filterStage(predicate, isChanging: isLive, next) }
        let wanted = columns.map { table.fields[$0] }
        var read = columns
        func place(_ name: String) -> Int? {
            guard let column = table.fields.firstIndex(where: { $0.name == name }) else { return nil }
            if let place = read.firstIndex(of: column) { return place }
            read.append(column)
            return read.count - 1
        }
        let keys = table.primaryKey.compactMap(place)
        guard let operation = place(LatestRows.Operation.field), keys.count == table.primaryKey.count else {
            throw SQLError(code: .unknownColumn, message: "table \(table.name) lacks a column of its primary key")
        }
        let latest = LatestRows(
            keys: keys, keyTypes: keys.map { table.fields[read[$0]].type.fieldType }, operation: operation,
            schema: Schema(planFields: wanted), isLive: isLive)
        query.scans.append(
            .init(
                table: table, columns: read, timeRange: .min ... .max, input: byKey(stage(latest, "LATEST", input)),
                isTable: scansAreTables))
    }
}
