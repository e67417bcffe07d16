import Columns
import SQL

extension PhysicalPlanner {
    func buildJoin(
        _ left: LogicalPlan, _ right: LogicalPlan, _ join: JoinSpecification, _ plan: LogicalPlan, _ next: StageInput,
        _ query: PhysicalQuery
    ) throws(SQLError) {
        if isLive, isChanging(left) || isChanging(right) || takesPairsBack(left, right, join) {
            if join.isNullAware { return try build(LogicalPlan.notIn(left, right, join), next, query) }
            return try buildChangelogJoin(left, right, join, plan, next, query)
        }
        let retention = isLive ? retention(left, right, join) ?? .bounded : .bounded
        if case .interval(let leftTime, let rightTime, _, _) = retention {
            try requireTimesOnTime(left, time: leftTime, for: "a join of intervals")
            try requireTimesOnTime(right, time: rightTime, for: "a join of intervals")
        }
        let stage = try JoinStage(
            join, schemas: [Schema(planFields: left.outputFields), Schema(planFields: right.outputFields)],
            schema: Schema(planFields: plan.outputFields), retention: retention, context: context, account: account,
            next: next, deadLetters: deadLetters, spill: spill, draining: draining)
        try build(left, byKey(StageInput(stage: stage, port: 0)), query)
        try buildRight(right, of: join, StageInput(stage: stage, port: 1), query)
    }

    /// How long a live join holds its rows; `nil` where what met none can't be told.
    func retention(
        _ left: LogicalPlan, _ right: LogicalPlan, _ join: JoinSpecification
    ) -> JoinRetention? {
        if !holdsRowsPastTheirTime(left), !holdsRowsPastTheirTime(right) {
            if let window = Self.window(left, right, join) { return window }
            if let interval = Self.interval(left, right, join) { return interval }
        }
        // A match is one whenever it comes; that there is none is known at the end.
        if join.kind == .semi || join.kind == .anti, isBounded(right) { return .bounded }
        if join.kind == .inner || join.kind == .semi {
            let times = timesToLive(join)
            return .timeToLive(left: times[0], right: times[1])
        }
        // What met none is known when the side that could have met it has ended.
        if join.kind == .left, isBounded(right) { return .bounded }
        if join.kind == .right, isBounded(left) { return .bounded }
        return nil
    }

    /// Whether a live join over rows that are only added answers what it may have to take back: an outer one that can't
    /// tell when a row has no match.
    func takesPairsBack(_ left: LogicalPlan, _ right: LogicalPlan, _ join: JoinSpecification) -> Bool {
        join.lookup == nil && retention(left, right, join) == nil
    }

    /// Whether a live plan has a join whose rows may be as far behind the watermark as their time to live.
    private func holdsRowsPastTheirTime(_ plan: LogicalPlan) -> Bool {
        switch plan {
        case .scan, .values: return false
        case .filter(let input, _), .project(let input, _, _), .window(let input, _), .aggregate(let input, _, _, _),
            .distinct(let input), .sort(let input, _), .limit(let input, _, _), .sample(let input, _),
            .match(let input, _, _), .over(let input, _), .expand(let input, _, _), .unnest(let input, _):
            return holdsRowsPastTheirTime(input)
        case .union(let inputs): return inputs.contains(where: holdsRowsPastTheirTime)
        case .join(let left, let right, let join):
            if join.lookup != nil { return holdsRowsPastTheirTime(left) }
            if holdsRowsPastTheirTime(left) || holdsRowsPastTheirTime(right) { return true }
            if isBounded(left) || isBounded(right) { return false }
            return Self.window(left, right, join) == nil && Self.interval(left, right, join) == nil
        }
    }

    /// What goes by the watermark can't stand over such a join: its rows would be late.
    ///
    /// - Parameter what: stands in the refusal.
    func requireRowsInTime(_ input: LogicalPlan, for what: String) throws(SQLError) {
        guard isLive, holdsRowsPastTheirTime(input) else { return }
        throw SQLError(
            code: .unsupported,
            message: "\(what) over a live join without a bound on time: its rows may be older than the watermark",
            suggestion: "bound the times (a.t BETWEEN b.t - INTERVAL '5' SECOND AND b.t), or join windows on "
                + "window_start and window_end")
    }

    /// Keys that are the same bound of a window on both sides: rows that meet are of windows that close together.
    private static func window(
        _ left: LogicalPlan, _ right: LogicalPlan, _ join: JoinSpecification
    ) -> JoinRetention? {
        let leftWindows = WindowAttributes.of(left)
        let rightWindows = WindowAttributes.of(right)
        for (leftKey, rightKey) in zip(join.leftKeys, join.rightKeys) {
            guard let leftEnd = windowEnd(leftKey, leftWindows), let rightEnd = windowEnd(rightKey, rightWindows),
                leftEnd.shift == rightEnd.shift
            else { continue }
            return .window(leftEnd: leftEnd, rightEnd: rightEnd)
        }
        return nil
    }

    /// What a key tells of the end of the window that a row is in.
    static func windowEnd(
        _ key: BoundExpression, _ attributes: WindowAttributes
    ) -> JoinRetention.WindowEnd? {
        guard case .column(let column, _) = key, let attribute = attributes.byColumn[column] else { return nil }
        switch (attribute.role, attribute.window.kind) {
        case (.end, _): return .init(column: column, shift: 0)
        case (.time, _): return .init(column: column, shift: 1_000)
        case (.start, .tumble), (.start, .hop):
            return .init(column: column, shift: attribute.window.sizeMicroseconds)
        case (.start, .cumulate), (.start, .session): return nil
        }
    }

    /// Bounds on how far the event times of a pair lie apart, where there are both.
    private static func interval(
        _ left: LogicalPlan, _ right: LogicalPlan, _ join: JoinSpecification
    ) -> JoinRetention? {
        guard let leftTime = left.eventTimeColumn, let rightTime = right.eventTimeColumn else { return nil }
        for (leftKey, rightKey) in zip(join.leftKeys, join.rightKeys) {
            if case .column(leftTime, _) = leftKey, case .column(rightTime, _) = rightKey {
                return .interval(leftTime: leftTime, rightTime: rightTime, lower: 0, upper: 0)
            }
        }
        var range: (lower: Int64?, upper: Int64?)
        let width = left.outputFields.count
        for condition in join.residual?.conjuncts ?? [] {
            guard let bound = JoinTimeBound(condition, left: leftTime, right: rightTime + width) else { continue }
            if let lower = bound.lower { range.lower = max(range.lower ?? lower, lower) }
            if let upper = bound.upper { range.upper = min(range.upper ?? upper, upper) }
        }
        guard let lower = range.lower, let upper = range.upper else { return nil }
        return .interval(leftTime: leftTime, rightTime: rightTime, lower: lower, upper: max(lower, upper))
    }
}

/// What one condition says of `left - right`, microseconds.
struct JoinTimeBound {
    private(set) var lower: Int64?
    private(set) var upper: Int64?

    /// `nil` where the condition compares other things.
    init?(_ condition: BoundExpression, left: Int, right: Int) {
        guard case .call(let function, let operands, _) = condition, operands.count == 2,
            let first = Self.shifted(operands[0]), let second = Self.shifted(operands[1])
        else { return nil }
        let isMirrored: Bool
        switch (first.column, second.column) {
        case (left, right): isMirrored = false
        case (right, left): isMirrored = true
        default: return nil
        }
        // first + shift OP second + shift, so first - second OP difference.
        let (difference, overflow) = second.shift.subtractingReportingOverflow(first.shift)
        guard !overflow, difference.magnitude <= AssignWindows.maximumTime else { return nil }
        switch function {
        case .greaterOrEqual: lower = difference
        case .greater: lower = difference + 1
        case .lessOrEqual: upper = difference
        case .less: upper = difference - 1
        default: return nil
        }
        if isMirrored { (lower, upper) = (upper.map { -$0 }, lower.map { -$0 }) }
    }

    /// A column of time, with what is added to it.
    private static func shifted(_ expression: BoundExpression) -> (column: Int, shift: Int64)? {
        switch expression {
        case .column(let column, .timestamp): return (column, 0)
        case .call(let function, let operands, _) where operands.count == 2:
            guard let base = shifted(operands[0]), case .literal(.int64(let amount), .intervalDaySecond) = operands[1],
                amount.magnitude <= AssignWindows.maximumTime, base.shift.magnitude <= AssignWindows.maximumTime
            else { return nil }
            switch function {
            case .add: return (base.column, base.shift + amount)
            case .subtract: return (base.column, base.shift - amount)
            default: return nil
            }
        default: return nil
        }
    }
}

extension BoundExpression {
    /// The conditions that all must hold.
    var conjuncts: [BoundExpression] {
        guard case .call(.and, let operands, _) = self else { return [self] }
        return operands.flatMap(\.conjuncts)
    }
}

extension LogicalPlan {
    /// The column of the output that the watermark speaks of.
    var eventTimeColumn: Int? {
        switch self {
        case .scan(let table, let columns, _): table.timeColumn.flatMap { columns.firstIndex(of: $0) }
        case .filter(let input, _), .window(let input, _), .distinct(let input), .sort(let input, _),
            .limit(let input, _, _), .sample(let input, _), .unnest(let input, _):
            input.eventTimeColumn
        case .over(let input, let over):
            over.closingWindow(of: input) == nil ? input.eventTimeColumn : nil
        case .project(let input, let expressions, _):
            input.eventTimeColumn.flatMap { time in
                expressions.firstIndex { if case .column(time, _) = $0 { true } else { false } }
            }
        case .expand(let input, let projections, _):
            input.eventTimeColumn.flatMap { time in
                LogicalPlan.unchanged(projections)
                    .filter { if case .column(time, _) = $0.value { true } else { false } }.keys.min()
            }
        case .join(let left, let right, let join):
            // Times that may be missing are no event times.
            if !join.kind.keepsRight, let time = left.eventTimeColumn {
                time
            } else if !join.kind.keepsLeft, join.kind.hasRightColumns, let time = right.eventTimeColumn {
                time + left.outputFields.count
            } else {
                nil
            }
        default: nil
        }
    }
}
