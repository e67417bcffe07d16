import Columns
import SQL

extension PhysicalPlanner {
    func buildOver(
        _ input: LogicalPlan, _ over: OverSpecification, _ plan: LogicalPlan, _ next: StageInput,
        _ query: PhysicalQuery
    ) throws(SQLError) {
        if deadLetters != nil, let apart = over.apart(input, fields: plan.outputFields) {
            return try build(apart, next, query)
        }
        let layout = try OverLayout(
            over, input: input.outputFields, output: plan.outputFields, context: context)
        if !isLive || isBounded(input) {
            let rows = OverRows(layout: layout, window: nil, maximumOpenWindows: .max)
            return try build(input, byKey(stage(rows, "OVER", next)), query)
        }
        if isUpdatingTop(over, input) {
            let top = UpdatingTop(
                layout: layout, inputChanges: isChanging(input), schema: layout.schema.changing,
                timeToLive: groupTimeToLiveMicroseconds)
            return try build(input, byKey(stage(top, "OVER", next)), query)
        }
        try requireRowsInTime(input, for: "OVER")
        try requireAppended(input, for: "OVER", "put it over the events, before they are grouped or joined")
        if let window = over.closingWindow(of: input) {
            let rows = OverRows(layout: layout, window: window, maximumOpenWindows: maximumOpenPanes)
            return try build(input, byKey(stage(rows, "OVER", next)), query)
        }
        guard let clock = Self.clock(over, input) else { throw refusal(over, input) }
        if !clock.isNeverLate { try requireTimesOnTime(input, time: clock.column, for: "OVER") }
        let pending = PendingRows(
            schema: layout.inputSchema, order: try SortOrder(keys: over.order, context: context),
            timeColumn: clock.column)
        let rows = try OverStream(
            layout: layout, clock: clock, pending: pending, timeToLive: groupTimeToLiveMicroseconds)
        try build(input, byKey(stage(rows, "OVER", next)), query)
    }

    /// How the watermark orders the rows of a live OVER; `nil` where it doesn't.
    private static func clock(_ over: OverSpecification, _ input: LogicalPlan) -> OverStream.Clock? {
        guard let key = over.order.first, !key.isDescending, case .column(let column, _) = key.expression else {
            return nil
        }
        if column == input.eventTimeColumn { return .init(column: column) }
        let attributes = WindowAttributes.of(input)
        guard attributes.byColumn[column]?.isAggregated == true,
            let end = windowEnd(key.expression, attributes)
        else { return nil }
        // The window whose last moment the watermark has passed has come, and all before it.
        return .init(column: column, shift: 1 - end.shift, isNeverLate: true)
    }

    /// Whether a live node gives the first rows of each partition as far as they have come, and takes them back.
    func isUpdatingTop(_ over: OverSpecification, _ input: LogicalPlan) -> Bool {
        guard over.limit != nil else { return false }
        return isChanging(input) || over.closingWindow(of: input) == nil && Self.clock(over, input) == nil
    }

    /// Why a live query can't have this OVER, and what it can.
    private func refusal(_ over: OverSpecification, _ input: LogicalPlan) -> SQLError {
        let perWindow =
            "PARTITION BY window_start, window_end of TABLE(TUMBLE(…)) answers when a window ends, or ask the "
            + "stored events instead"
        return SQLError(
            code: .unsupported,
            message: "OVER needs rows in order, and those of a live query come in the order of their event time only",
            suggestion: "ORDER BY the time column, ascending, or bound ROW_NUMBER for a top-N that changes; "
                + perWindow)
    }
}

extension OverSpecification {
    /// The columns that tell rows apart since their number does.
    func keys(inputCount: Int) -> [[Int]] {
        var columns: [Int] = []
        for key in partition {
            guard case .column(let column, _) = key else { return [] }
            columns.append(column)
        }
        if let limit, limit.ranking == .rowNumber, limit.count <= 1 { return [columns] }
        guard let number = calls.firstIndex(where: { $0.function == .rowNumber }) else { return [] }
        return [columns + [inputCount + number]]
    }

    /// The node with all that it computes put into a step of its own before it, where rows can be left out that an
    /// expression fails on; `nil` where it computes nothing.
    fileprivate func apart(_ input: LogicalPlan, fields: [PlanField]) -> LogicalPlan? {
        var values = AggregateValues(input.outputFields, areApart: true)
        var over = self
        for index in partition.indices { over.partition[index] = values.take(partition[index]) }
        for index in order.indices { over.order[index].expression = values.take(order[index].expression) }
        for (index, call) in calls.enumerated() {
            over.calls[index].filter = call.filter.map { values.take($0) }
            over.calls[index].argument = call.argument.map { values.take($0, where: call.filter) }
            over.calls[index].otherwise = call.otherwise.map { values.take($0) }
        }
        guard values.isNeeded else { return nil }
        let computed = LogicalPlan.project(
            input: input, expressions: values.expressions, fields: values.fields)
        let count = input.outputFields.count
        let places = Array(0..<count) + calls.indices.map { values.fields.count + $0 }
        return .project(
            input: .over(input: computed, over: over),
            expressions: zip(places, fields).map { .column(index: $0, type: $1.type) }, fields: fields)
    }

    /// The part of the partition's keys that tells the end of a window, so that a partition is whole when it closes.
    func closingWindow(of input: LogicalPlan) -> JoinRetention.WindowEnd? {
        let attributes = WindowAttributes.of(input)
        for key in partition {
            if let end = PhysicalPlanner.windowEnd(key, attributes) { return end }
        }
        return nil
    }
}
