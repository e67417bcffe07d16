import Columns
import SQL

extension PhysicalPlanner {
    func buildAggregate(
        _ input: LogicalPlan, _ keys: [BoundExpression], _ aggregates: [AggregateCall], _ fields: [PlanField],
        _ next: StageInput, _ query: PhysicalQuery
    ) throws(SQLError) {
        let attributes = WindowAttributes.of(input)
        let windowKey = Self.windowKey(keys, attributes)
        if isLive, windowKey == nil, !attributes.closesWithInput(keys), !isBounded(input) {
            return try build(input, try updatingStage(input, keys, aggregates, fields, "GROUP BY", next), query)
        }
        var values = AggregateValues(input.outputFields, areApart: deadLetters != nil)
        var compiled: [RowExpression] = []
        var keyNames: [String] = []
        var keyTypes: [FieldType] = []
        var origins: [AggregateLayout.KeyOrigin] = []
        let closing = Self.closingRoles(keys, attributes)
        for key in keys {
            if case .column(let column, _) = key, let attribute = attributes.byColumn[column],
                windowKey?.attribute.window == attribute.window, closing?.contains(attribute.role) ?? true
            {
                switch attribute.role {
                case .start: origins.append(.windowStart)
                case .end: origins.append(.windowEnd)
                case .time: origins.append(.windowTime)
                }
            } else {
                origins.append(.group(compiled.count))
                compiled.append(try RowExpression(values.take(key)))
                keyNames.append(key.text(over: input.outputFields))
                keyTypes.append(key.type.fieldType)
            }
        }
        try requireRowsInTime(input, for: "GROUP BY of windows")
        try requireAppended(
            input, for: "GROUP BY of windows", "group by the windows first, and join or group what comes of it")
        var windows: AggregateLayout.Windows?
        var isPaned = false
        if let (column, attribute) = windowKey {
            isPaned = canUsePanes(input, keys, aggregates, attributes, attribute)
            windows = makeWindows(column, attribute, isPaned: isPaned)
        }
        let layout = AggregateLayout(
            keys: compiled, keyNames: keyNames, keyTypes: keyTypes, keyOrigins: origins,
            totals: try totals(of: keys, over: input),
            calls: try compile(aggregates, over: input.outputFields, &values), windows: windows,
            schema: Schema(planFields: fields), context: context)
        let after: StageInput
        if let windows, isLive, emission.updatesWindows {
            after = stage(windowUpdates(layout, windows), "GROUP BY", next)
        } else if let windows, isLive || isPaned {
            let maximum = isLive ? maximumOpenPanes : .max
            after = stage(
                WindowAggregate(layout: layout, windows: windows, maximumOpenPanes: maximum), "GROUP BY", next)
        } else {
            // Sessions come when they are closed: what a watermark has brought is whole.
            let settles = isLive && windowKey == nil && !isBounded(input)
            let aggregate = try HashAggregate(layout: layout, settlesAtWatermarks: settles, spill: spill)
            after = stage(aggregate, "GROUP BY", next)
        }
        try buildAggregateInput(input, isPaned: isPaned, try stage(values, byKey(after)), query)
    }

    /// The step that computes what an aggregate works on, where it is one of its own.
    func stage(
        _ values: AggregateValues, keepsKinds: Bool = false, _ next: StageInput
    ) throws(SQLError) -> StageInput {
        guard values.isNeeded else { return next }
        let project = try Project(
            expressions: values.expressions, schema: Schema(planFields: values.fields), context: context,
            keepsKinds: keepsKinds)
        return stage(project, "the values of GROUP BY", next)
    }

    /// The groups that are there without a row, as key columns of one row each.
    private func totals(of keys: [BoundExpression], over input: LogicalPlan) throws(SQLError) -> [[Column]] {
        let one = Batch(schema: Schema([]), rowCount: 1, columns: [])
        var groups: [[Column]] = []
        for values in input.totals(of: keys) {
            var columns: [Column] = []
            for value in values { columns.append(try RowExpression(value).evaluate(one, context)) }
            groups.append(columns)
        }
        return groups
    }

    func compile(
        _ aggregates: [AggregateCall], over fields: [PlanField], _ values: inout AggregateValues
    ) throws(SQLError) -> [AggregateLayout.Call] {
        var calls: [AggregateLayout.Call] = []
        for call in aggregates {
            var argument: RowExpression?
            var filter: RowExpression?
            if let expression = call.argument {
                argument = try RowExpression(values.take(expression, where: call.filter))
            }
            if let expression = call.filter { filter = try RowExpression(values.take(expression)) }
            calls.append(.init(name: call.text(over: fields), call: call, argument: argument, filter: filter))
        }
        return calls
    }

    /// Whether a live `GROUP BY` answers each group once, when no more rows of it can come.
    func closesGroups(_ input: LogicalPlan, _ keys: [BoundExpression]) -> Bool {
        let attributes = WindowAttributes.of(input)
        if attributes.closesWithInput(keys) { return true }
        return Self.windowKey(keys, attributes) != nil && !emission.updatesWindows
    }

    /// The first key that tells when the window of its rows closes.
    private static func windowKey(
        _ keys: [BoundExpression], _ attributes: WindowAttributes
    ) -> (column: Int, attribute: WindowAttributes.Attribute)? {
        let closing = closingRoles(keys, attributes)
        for key in keys {
            if case .column(let column, _) = key, let attribute = attributes.byColumn[column],
                closing?.contains(attribute.role) ?? true
            {
                return (column, attribute)
            }
        }
        return nil
    }

    /// Which columns of a window can tell when it closes: those of cumulative windows that know the end, none of
    /// sessions; `nil` for all of the others.
    private static func closingRoles(
        _ keys: [BoundExpression], _ attributes: WindowAttributes
    ) -> [WindowAttributes.Role]? {
        for key in keys {
            guard case .column(let column, _) = key, let attribute = attributes.byColumn[column] else { continue }
            switch attribute.window.kind {
            case .cumulate: return [.end, .time]
            case .session: return []
            case .tumble, .hop: return nil
            }
        }
        return nil
    }

    /// Panes pay where windows overlap, and work where nothing but the grouping looks at a row's window.
    private func canUsePanes(
        _ input: LogicalPlan, _ keys: [BoundExpression], _ aggregates: [AggregateCall],
        _ attributes: WindowAttributes, _ attribute: WindowAttributes.Attribute
    ) -> Bool {
        if case .cumulate = attribute.window.kind { return false }
        // What a window has said is told apart by its groups, which panes put together have no numbers of.
        if isLive, emission.updatesWindows { return false }
        guard !attribute.isAggregated, attribute.window.sizeMicroseconds > attribute.window.slideMicroseconds,
            WindowAttributes.allowsPanes(input)
        else { return false }
        for key in keys {
            if case .column = key { continue }
            if key.refers(to: attributes) { return false }
        }
        return aggregates.allSatisfy { call in
            call.argument?.refers(to: attributes) != true && call.filter?.refers(to: attributes) != true
        }
    }

    private func makeWindows(
        _ column: Int, _ attribute: WindowAttributes.Attribute, isPaned: Bool
    ) -> AggregateLayout.Windows {
        let size = attribute.window.sizeMicroseconds
        let shift: Int64 =
            switch attribute.role {
            case .start: 0
            case .end: -size
            case .time: 1_000 - size
            }
        return AggregateLayout.Windows(
            column: column, columnShift: shift, slideMicroseconds: attribute.window.slideMicroseconds,
            sizeMicroseconds: size, isPaned: isPaned)
    }

    /// The nodes between an aggregate and its window, which is told to make panes.
    private func buildAggregateInput(
        _ input: LogicalPlan, isPaned: Bool, _ next: StageInput, _ query: PhysicalQuery
    ) throws(SQLError) {
        guard isPaned else { return try build(input, next, query) }
        switch input {
        case .window(let source, let window):
            try buildWindow(source, window, asPanes: true, input, next, query)
        case .filter(let source, let predicate):
            let filter = try Filter(predicate: predicate, context: context)
            try buildAggregateInput(source, isPaned: true, stage(filter, "WHERE", next), query)
        case .project(let source, let expressions, let fields):
            let project = try Project(
                expressions: expressions, schema: Schema(planFields: fields), context: context)
            try buildAggregateInput(source, isPaned: true, stage(project, "SELECT", next), query)
        case .expand(let source, let projections, let fields):
            let stage = stage(try expand(projections, fields), "GROUPING SETS", next)
            try buildAggregateInput(source, isPaned: true, stage, query)
        case .sample(let source, let sample):
            let stage = try sampleStage(sample, Schema(planFields: input.outputFields), next)
            try buildAggregateInput(source, isPaned: true, stage, query)
        default:
            try build(input, next, query)
        }
    }
}
