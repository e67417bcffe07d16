extension QueryBinder {
    /// `JOIN t FOR SYSTEM_TIME AS OF o.proc_time`: each row meets what the table holds when it comes.
    func lookup(
        _ left: Relation, _ kind: JoinKind, _ table: Relation, at time: Expression, _ condition: JoinCondition,
        _ position: SourcePosition
    ) throws(SQLError) -> Relation {
        guard kind == .inner || kind == .left else {
            throw SQLError(
                .unsupported, "a lookup is INNER or LEFT: the table's rows alone are no stream", at: position)
        }
        var binder = ExpressionBinder(
            scope: left.scope, limits: limits, aggregates: .refused("FOR SYSTEM_TIME AS OF"), queries: self)
        let moment = try binder.bind(time)
        guard left.plan.isProcessingTime(moment.expression) else {
            throw SQLError(
                .unsupported, "a table is looked up as of processing time, and this is none", at: moment.position,
                suggestion: "declare a column proc_time AS PROCTIME() and write FOR SYSTEM_TIME AS OF o.proc_time")
        }
        let keys = table.plan.primaryKey.compactMap { name in
            table.plan.fields.firstIndex { $0.name == name }
        }
        let specification = LookupSpecification(primaryKey: keys)
        let joined = try join(left, kind, table, condition, lookup: specification, at: position)
        guard joined.plan.hasLookupKeys else {
            throw SQLError(
                .unsupported, "a lookup needs a condition ON that sets a column of the table equal to the stream's",
                at: position, suggestion: "ON o.key = t.key")
        }
        return joined
    }
}

extension LogicalPlan {
    /// Whether an expression over the plan's columns is the time at which a row is worked on.
    func isProcessingTime(_ expression: BoundExpression) -> Bool {
        switch expression {
        case .call(.processingTime, _, _): true
        case .column(let column, _): isProcessingTime(column: column)
        default: false
        }
    }

    private func isProcessingTime(column: Int) -> Bool {
        switch self {
        case .scan, .values, .aggregate, .match, .union, .expand: return false
        case .project(let input, let expressions, _): return input.isProcessingTime(expressions[column])
        case .filter(let input, _), .distinct(let input), .sort(let input, _), .limit(let input, _, _):
            return input.isProcessingTime(column: column)
        case .window(let input, _), .sample(let input, _), .over(let input, _), .unnest(let input, _):
            return column < input.fields.count && input.isProcessingTime(column: column)
        case .join(let left, let right, _):
            let count = left.fields.count
            return column < count
                ? left.isProcessingTime(column: column) : right.isProcessingTime(column: column - count)
        }
    }

    /// The key of the table that the plan reads, as far as it is one table.
    fileprivate var primaryKey: [String] {
        switch self {
        case .scan(let table, _, _): table.primaryKey
        case .project(let input, _, _), .filter(let input, _): input.primaryKey
        default: []
        }
    }

    fileprivate var hasLookupKeys: Bool {
        switch self {
        case .join(_, _, let join): !join.leftKeys.isEmpty
        case .project(let input, _, _): input.hasLookupKeys
        default: false
        }
    }
}
