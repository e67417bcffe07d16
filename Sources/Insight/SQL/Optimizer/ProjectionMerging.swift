/// Joins projections that follow each other, and drops those that change nothing.
enum ProjectionMerging {
    static func merge(_ plan: LogicalPlan) -> LogicalPlan {
        switch plan {
        case .scan, .values: plan
        case .filter(let input, let predicate): .filter(input: merge(input), predicate: predicate)
        case .window(let input, let window): .window(input: merge(input), window: window)
        case .aggregate(let input, let keys, let aggregates, let fields):
            merge(over: merge(input), keys, aggregates, fields)
        case .expand(let input, let projections, let fields):
            .expand(input: merge(input), projections: projections, fields: fields)
        case .unnest(let input, let list): .unnest(input: merge(input), list: list)
        case .sample(let input, let sample): .sample(input: merge(input), sample: sample)
        case .match(let input, let match, let fields): .match(input: merge(input), match: match, fields: fields)
        case .over(let input, let over): .over(input: merge(input), over: over)
        case .distinct(let input): .distinct(input: merge(input))
        case .sort(let input, let keys): .sort(input: merge(input), keys: keys)
        case .limit(let input, let count, let offset): .limit(input: merge(input), count: count, offset: offset)
        case .join(let left, let right, let join): .join(left: merge(left), right: merge(right), join: join)
        case .union(let inputs): .union(inputs: inputs.map(merge))
        case .project(let input, let expressions, let fields): project(merge(input), expressions, fields)
        }
    }

    private static func project(
        _ input: LogicalPlan, _ expressions: [BoundExpression], _ fields: [PlanField]
    ) -> LogicalPlan {
        if case .project(let inner, let sources, _) = input, canInline(sources, into: expressions) {
            return project(inner, expressions.map { $0.replacingColumns(sources) }, fields)
        }
        if isIdentity(expressions), fields == input.fields { return input }
        return .project(input: input, expressions: expressions, fields: fields)
    }

    /// An aggregate reads through a projection that only moves columns.
    private static func merge(
        over input: LogicalPlan, _ keys: [BoundExpression], _ aggregates: [AggregateCall], _ fields: [PlanField]
    ) -> LogicalPlan {
        guard case .project(let inner, let sources, _) = input, sources.allSatisfy(isTrivial) else {
            return .aggregate(input: input, keys: keys, aggregates: aggregates, fields: fields)
        }
        let moved = aggregates.map { call in
            var moved = call
            moved.argument = call.argument?.replacingColumns(sources)
            moved.filter = call.filter?.replacingColumns(sources)
            return moved
        }
        return .aggregate(
            input: inner, keys: keys.map { $0.replacingColumns(sources) }, aggregates: moved, fields: fields)
    }

    private static func isIdentity(_ expressions: [BoundExpression]) -> Bool {
        expressions.enumerated().allSatisfy { index, expression in
            if case .column(index, _) = expression { return true }
            return false
        }
    }

    private static func isTrivial(_ expression: BoundExpression) -> Bool {
        switch expression {
        case .column, .literal: true
        default: false
        }
    }

    /// Whether no computation of `sources` would be done twice.
    private static func canInline(_ sources: [BoundExpression], into expressions: [BoundExpression]) -> Bool {
        var uses = Array(repeating: 0, count: sources.count)
        for expression in expressions { expression.forEachColumn { uses[$0] += 1 } }
        return zip(sources, uses).allSatisfy { source, count in count <= 1 || isTrivial(source) }
    }
}
