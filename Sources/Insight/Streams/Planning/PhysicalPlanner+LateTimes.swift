import SQL

/// Times that are past when their rows come: of rows that were held until a window closed.
extension PhysicalPlanner {
    /// What goes by the watermark can't stand over rows that wait for the end of a window: by then their own times are
    /// past.
    ///
    /// - Parameters:
    ///   - time: the column that it goes by.
    ///   - window: what it is, if it is one. It takes in rows that are held no longer than it is open itself.
    ///   - what: stands in the refusal.
    func requireTimesOnTime(
        _ input: LogicalPlan, time: Int, in window: WindowSpecification? = nil, for what: String
    ) throws(SQLError) {
        guard isLive, !isBounded(input) else { return }
        let held = holdingWindows(time, of: input)
        guard held.contains(where: { window?.staysOpen(for: $0) != true }) else { return }
        let name = input.outputFields[time].name
        throw SQLError(
            code: .unsupported,
            message: "\(what) can't go by \(name): rows come when their window has closed, and would be late",
            suggestion: "take that window's window_time or window_end as the time, or group by its window_start and "
                + "window_end")
    }

    /// The windows that the rows of a live plan are held for, where the times of a column are of before their ends.
    private func holdingWindows(_ column: Int, of plan: LogicalPlan) -> [WindowSpecification] {
        switch plan {
        case .scan, .values, .match: return []
        case .filter(let input, _), .distinct(let input), .sort(let input, _), .limit(let input, _, _):
            return holdingWindows(column, of: input)
        case .sample(let input, _), .unnest(let input, _):
            return column < input.outputFields.count ? holdingWindows(column, of: input) : []
        case .project(let input, let expressions, _):
            return holdingWindows(of: expressions[column], over: input)
        case .expand(let input, let projections, _):
            guard let expression = LogicalPlan.unchanged(projections)[column] else { return [] }
            return holdingWindows(of: expression, over: input)
        case .window(let input, let window): return holdingWindows(column, of: input, window)
        case .aggregate(let input, let keys, _, _): return holdingWindows(column, of: input, keys)
        case .over(let input, let over):
            let own = column < input.outputFields.count ? holdingWindows(column, of: input) : []
            let attributes = WindowAttributes.of(input)
            // Rows of windows that were aggregated come when these close, with OVER or without.
            guard let end = over.closingWindow(of: input), let closing = attributes.byColumn[end.column],
                !closing.isAggregated
            else { return own }
            return attributes.isEnd(column, of: closing.window) ? [] : own + [closing.window]
        case .join(let left, let right, let join): return holdingWindows(column, of: left, right, join)
        case .union(let inputs): return inputs.flatMap { holdingWindows(column, of: $0) }
        }
    }

    /// As above, of what is computed from the times of the input.
    private func holdingWindows(of expression: BoundExpression, over input: LogicalPlan) -> [WindowSpecification] {
        let fields = input.outputFields
        var held: [WindowSpecification] = []
        expression.forEachColumn { column in
            if fields[column].type == .timestamp { held += holdingWindows(column, of: input) }
        }
        return held
    }

    private func holdingWindows(
        _ column: Int, of input: LogicalPlan, _ window: WindowSpecification
    ) -> [WindowSpecification] {
        let width = input.outputFields.count
        // The start of a window is before its rows; it is followed by the end and the last moment.
        if column == width { return [window] }
        guard column < width else { return [] }
        let own = holdingWindows(column, of: input)
        if case .session = window.kind { return own + [window] }
        return own
    }

    /// The rows of an aggregate come when their window closes.
    private func holdingWindows(
        _ column: Int, of input: LogicalPlan, _ keys: [BoundExpression]
    ) -> [WindowSpecification] {
        let attributes = WindowAttributes.of(input)
        if column < keys.count, case .column(let place, _) = keys[column], let attribute = attributes.byColumn[place] {
            return attribute.role == .start ? [attribute.window] : []
        }
        var windows: [WindowSpecification] = []
        for case .column(let place, _) in keys {
            if let attribute = attributes.byColumn[place] { windows.append(attribute.window) }
        }
        return windows
    }

    /// A window join answers a pair when its second row comes, and a row that met none when the window closes.
    private func holdingWindows(
        _ column: Int, of left: LogicalPlan, _ right: LogicalPlan, _ join: JoinSpecification
    ) -> [WindowSpecification] {
        let width = left.outputFields.count
        let isLeft = column < width
        if join.lookup != nil { return isLeft ? holdingWindows(column, of: left) : [] }
        let (side, place) = isLeft ? (left, column) : (right, column - width)
        let own = holdingWindows(place, of: side)
        guard case .window(let leftEnd, let rightEnd)? = retention(left, right, join) else { return own }
        let attributes = WindowAttributes.of(side)
        guard let closing = attributes.byColumn[isLeft ? leftEnd.column : rightEnd.column] else { return own }
        return attributes.isEnd(place, of: closing.window) ? [] : own + [closing.window]
    }
}

extension WindowAttributes {
    /// Whether a column tells where a window ends: times that are not past before it closes.
    fileprivate func isEnd(_ column: Int, of window: WindowSpecification) -> Bool {
        guard let attribute = byColumn[column] else { return false }
        return attribute.role != .start && attribute.window == window
    }
}

extension WindowSpecification {
    /// Whether none of these windows ends within one of the others: what comes as late as those end is in time for it.
    fileprivate func staysOpen(for other: WindowSpecification) -> Bool {
        if case .session = kind { return false }
        switch other.kind {
        case .session, .hop: return false
        case .tumble(let size), .cumulate(_, let size):
            return size > 0 && slideMicroseconds % size == 0 && (offset &- other.offset) % size == 0
        }
    }
}
