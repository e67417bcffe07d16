import SQL

/// Which columns of a plan node's output say what window a row is in. They lead an aggregate to close its groups
/// when the window closes.
struct WindowAttributes {
    enum Role {
        case start
        case end
        case time
    }

    struct Attribute {
        let role: Role
        let window: WindowSpecification
        /// The window has been aggregated: a row tells of a whole window. Before that it may come as a pane.
        let isAggregated: Bool
    }

    var byColumn: [Int: Attribute] = [:]

    /// Whether groups by `keys` are of one session each, whose rows come when the watermark has closed it.
    func closesWithInput(_ keys: [BoundExpression]) -> Bool {
        keys.contains { key in
            // Sessions of one end close together, those of one start don't.
            guard case .column(let column, _) = key, let attribute = byColumn[column], attribute.role != .start,
                case .session = attribute.window.kind
            else { return false }
            return true
        }
    }

    static func of(_ plan: LogicalPlan) -> WindowAttributes {
        switch plan {
        case .window(let input, let window):
            var attributes = WindowAttributes()
            let count = input.outputFields.count
            for (index, role) in [Role.start, .end, .time].enumerated() {
                attributes.byColumn[count + index] = Attribute(role: role, window: window, isAggregated: false)
            }
            return attributes
        case .filter(let input, _), .sort(let input, _), .limit(let input, _, _), .distinct(let input),
            .sample(let input, _), .unnest(let input, _):
            return of(input)
        case .over(let input, let over):
            let attributes = of(input)
            // Rows that waited for their window come when it closes, as those of an aggregate do.
            guard let end = over.closingWindow(of: input), let closed = attributes.byColumn[end.column] else {
                return attributes
            }
            return attributes.settled(closed.window)
        case .project(let input, let expressions, _):
            return of(input).mapped(expressions, isAggregated: nil)
        case .expand(let input, let projections, _):
            var attributes = WindowAttributes()
            let known = of(input)
            for (index, expression) in LogicalPlan.unchanged(projections) {
                if case .column(let column, _) = expression { attributes.byColumn[index] = known.byColumn[column] }
            }
            return attributes
        case .aggregate(let input, let keys, _, _):
            return of(input).mapped(keys, isAggregated: true)
        case .join(let left, let right, let join):
            var attributes = join.kind.keepsRight ? WindowAttributes() : of(left)
            guard !join.kind.keepsLeft, join.kind.hasRightColumns else { return attributes }
            let width = left.outputFields.count
            for (column, attribute) in of(right).byColumn { attributes.byColumn[column + width] = attribute }
            return attributes
        default:
            return WindowAttributes()
        }
    }

    /// With the columns of one window told to come when it closes.
    private func settled(_ window: WindowSpecification) -> WindowAttributes {
        var settled = WindowAttributes()
        for (column, attribute) in byColumn where attribute.window == window {
            settled.byColumn[column] = Attribute(role: attribute.role, window: window, isAggregated: true)
        }
        return settled
    }

    private func mapped(_ expressions: [BoundExpression], isAggregated: Bool?) -> WindowAttributes {
        var mapped = WindowAttributes()
        for (index, expression) in expressions.enumerated() {
            guard case .column(let column, _) = expression, let attribute = byColumn[column] else { continue }
            mapped.byColumn[index] = Attribute(
                role: attribute.role, window: attribute.window,
                isAggregated: isAggregated ?? attribute.isAggregated)
        }
        return mapped
    }

    /// Whether the nodes down to the window pass its columns on without looking into them, so that panes may stand
    /// for windows. Rows must not be counted on the way either.
    static func allowsPanes(_ plan: LogicalPlan) -> Bool {
        switch plan {
        case .window: return true
        case .filter(let input, let predicate):
            return allowsPanes(input) && !predicate.refers(to: of(input))
        case .project(let input, let expressions, _):
            let attributes = of(input)
            return allowsPanes(input)
                && expressions.allSatisfy { expression in
                    if case .column = expression { return true }
                    return !expression.refers(to: attributes)
                }
        case .expand(let input, let projections, _):
            let attributes = of(input)
            let unchanged = LogicalPlan.unchanged(projections)
            return allowsPanes(input)
                && projections.allSatisfy { copy in
                    copy.enumerated().allSatisfy { index, expression in
                        if unchanged[index] != nil, case .column = expression { return true }
                        return !expression.refers(to: attributes)
                    }
                }
        case .sample(let input, let sample):
            guard case .sticky(_, let keys, _) = sample else { return allowsPanes(input) }
            let attributes = of(input)
            return allowsPanes(input) && !keys.contains { $0.refers(to: attributes) }
        default: return false
        }
    }
}

extension BoundExpression {
    func refers(to attributes: WindowAttributes) -> Bool {
        var found = false
        forEachColumn { column in if attributes.byColumn[column] != nil { found = true } }
        return found
    }

    /// Calls `body` with every column the expression reads.
    func forEachColumn(_ body: (Int) -> Void) {
        switch self {
        case .column(let index, _): body(index)
        case .literal: break
        case .call(_, let arguments, _): for argument in arguments { argument.forEachColumn(body) }
        case .cast(let operand, _, _): operand.forEachColumn(body)
        case .caseWhen(let branches, let otherwise, _):
            for branch in branches {
                branch.condition.forEachColumn(body)
                branch.result.forEachColumn(body)
            }
            otherwise.forEachColumn(body)
        case .inList(let operand, _, _): operand.forEachColumn(body)
        case .anyElement(let list, let captures, _): for part in [list] + captures { part.forEachColumn(body) }
        }
    }
}
