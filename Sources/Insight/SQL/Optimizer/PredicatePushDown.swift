/// Moves conditions to where rows are born: through projections, windows, groups and unions down to the scans.
enum PredicatePushDown {
    static func push(_ plan: LogicalPlan) -> LogicalPlan { push([], into: plan) }

    /// `plan` with the rows kept for which all `predicates` (over the plan's columns) are true.
    static func push(_ predicates: [BoundExpression], into plan: LogicalPlan) -> LogicalPlan {
        switch plan {
        case .filter(let input, let predicate):
            return push(Conjunction.split(predicate) + predicates, into: input)
        case .scan(let table, let columns, let predicate):
            guard let wanted = conditions(predicates + (predicate.map(Conjunction.split) ?? [])) else {
                return .values(rows: [], fields: plan.fields)
            }
            return .scan(
                table: table, columns: columns, predicate: wanted.isEmpty ? nil : Conjunction.join(wanted[...]))
        case .project(let input, let expressions, let fields):
            let moved = predicates.map { $0.replacingColumns(expressions) }
            return .project(input: push(moved, into: input), expressions: expressions, fields: fields)
        case .window(let input, let window):
            let count = input.fields.count
            let (below, above) = partition(predicates) { $0 < count }
            return filter(.window(input: push(below, into: input), window: window), by: above)
        case .aggregate(let input, let keys, let aggregates, let fields):
            // Without keys there is one group even over no rows, so nothing may be taken from below it: the same for
            // a grouping set without keys.
            let isTotal = keys.isEmpty || !input.totals(of: keys).isEmpty
            let (below, above) = partition(isTotal ? [] : predicates) { $0 < keys.count }
            let moved = below.map { $0.replacingColumns(keys) }
            let rest = isTotal ? predicates : above
            return filter(
                .aggregate(input: push(moved, into: input), keys: keys, aggregates: aggregates, fields: fields),
                by: rest)
        case .expand(let input, let projections, let fields):
            let unchanged = LogicalPlan.unchanged(projections)
            let (below, above) = partition(predicates) { unchanged[$0] != nil }
            let moved = below.map { $0.replacingColumns(projections[0]) }
            return filter(
                .expand(input: push(moved, into: input), projections: projections, fields: fields), by: above)
        case .unnest(let input, let list):
            let count = input.fields.count
            let (below, above) = partition(predicates) { $0 < count }
            return filter(.unnest(input: push(below, into: input), list: list), by: above)
        case .sample(let input, let sample):
            // The input's columns are the first of the sample's.
            let count = input.fields.count
            let (below, above) = partition(predicates) { sample.letsConditionsThrough && $0 < count }
            return filter(self.sample(push(below, into: input), sample), by: above)
        case .match(let input, let match, let fields):
            // Only whole partitions may be taken away: every other row is part of what is matched.
            let keys = zip(match.partitionKeys, fields).map { BoundExpression.column(index: $0, type: $1.type) }
            let (below, above) = partition(predicates) { $0 < keys.count }
            let isConstant = keys.isEmpty
            let moved = isConstant ? [] : below.map { $0.replacingColumns(keys) }
            return filter(
                .match(input: push(moved, into: input), match: match, fields: fields),
                by: isConstant ? predicates : above)
        case .over(let input, let over): return push(predicates, input, over)
        case .distinct(let input): return .distinct(input: push(predicates, into: input))
        case .sort(let input, let keys): return .sort(input: push(predicates, into: input), keys: keys)
        case .limit(let input, let count, let offset):
            return filter(.limit(input: push(input), count: count, offset: offset), by: predicates)
        case .join(let left, let right, let join): return push(predicates, left, right, join)
        case .union(let inputs): return .union(inputs: inputs.map { push(predicates, into: $0) })
        case .values: return filter(plan, by: predicates)
        }
    }

    /// A sample of `input`. Where a row is in several windows, it is sampled before it is given them: once.
    private static func sample(_ input: LogicalPlan, _ sample: SampleSpecification) -> LogicalPlan {
        guard case .window(let source, let window) = input, window.mayRepeatRows else {
            return .sample(input: input, sample: sample)
        }
        let count = source.fields.count
        if case .sticky(_, let keys, _) = sample {
            guard partition(keys, { $0 < count }).above.isEmpty else { return .sample(input: input, sample: sample) }
        }
        let plan = LogicalPlan.window(input: .sample(input: source, sample: sample), window: window)
        let (fields, added) = (input.fields, sample.appendedFields)
        guard !added.isEmpty else { return plan }
        // The weights are in front of the window's columns now, and are wanted behind them.
        let places = Array(0..<count) + Array(count + added.count..<fields.count + added.count) + [count]
        let wanted = fields + added
        return .project(
            input: plan, expressions: zip(places, wanted).map { .column(index: $0, type: $1.type) }, fields: wanted)
    }

    /// A condition on one side goes to that side, unless its rows may have been filled up with nulls; in an inner join
    /// one on both sides becomes a part of what makes a pair.
    private static func push(
        _ predicates: [BoundExpression], _ left: LogicalPlan, _ right: LogicalPlan, _ join: JoinSpecification
    ) -> LogicalPlan {
        let count = left.fields.count
        var join = join
        var above: [BoundExpression] = []
        var below: (left: [BoundExpression], right: [BoundExpression]) = ([], [])
        var candidates = predicates
        if join.kind == .inner, let residual = join.residual {
            candidates += Conjunction.split(residual)
            join.residual = nil
        }
        if !join.kind.hasRightColumns, let residual = join.residual {
            var kept: [BoundExpression] = []
            for condition in Conjunction.split(residual) {
                switch condition.side(count) {
                case .right: below.right.append(condition.remappingColumns { $0 - count })
                case .left where join.kind == .semi: below.left.append(condition)
                default: kept.append(condition)
                }
            }
            join.residual = kept.isEmpty ? nil : Conjunction.join(kept[...])
        }
        for predicate in candidates {
            switch predicate.side(count) {
            case .left where !join.kind.keepsRight: below.left.append(predicate)
            // A row of a table may be there no more when another of its key is left out.
            case .right where join.lookup == nil && !join.kind.keepsLeft:
                below.right.append(predicate.remappingColumns { $0 - count })
            case nil where join.kind == .inner, .right where join.kind == .inner:
                join.add([predicate], leftCount: count)
            default: above.append(predicate)
            }
        }
        return filter(
            .join(left: push(below.left, into: left), right: push(below.right, into: right), join: join), by: above)
    }

    static func filter(_ plan: LogicalPlan, by predicates: [BoundExpression]) -> LogicalPlan {
        guard let wanted = conditions(predicates) else { return .values(rows: [], fields: plan.fields) }
        return wanted.isEmpty ? plan : .filter(input: plan, predicate: Conjunction.join(wanted[...]))
    }

    /// What is left to test; `nil` when no row can pass.
    private static func conditions(_ predicates: [BoundExpression]) -> [BoundExpression]? {
        var result: [BoundExpression] = []
        for predicate in predicates {
            switch predicate {
            case .literal(.bool(true), _): continue
            case .literal: return nil
            default: if !result.contains(predicate) { result.append(predicate) }
            }
        }
        return result
    }

    /// Those whose columns all are in `isBelow`, and the others.
    static func partition(
        _ predicates: [BoundExpression], _ isBelow: (Int) -> Bool
    ) -> (below: [BoundExpression], above: [BoundExpression]) {
        var below: [BoundExpression] = []
        var above: [BoundExpression] = []
        for predicate in predicates {
            var fits = true
            predicate.forEachColumn { if !isBelow($0) { fits = false } }
            if fits { below.append(predicate) } else { above.append(predicate) }
        }
        return (below, above)
    }
}

extension WindowSpecification {
    /// Whether a row may be in several windows.
    fileprivate var mayRepeatRows: Bool {
        switch kind {
        case .hop, .cumulate: true
        case .tumble, .session: false
        }
    }
}
