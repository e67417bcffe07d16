/// Drops columns that nothing reads, down to the scans.
enum ProjectionPushDown {
    static func prune(_ plan: LogicalPlan) -> LogicalPlan {
        let count = plan.fields.count
        return exact(prune(plan, keeping: Set(0..<count)), Array(0..<count), like: plan)
    }

    /// A plan that gives at least the wanted columns, and where each is.
    private struct Pruned {
        var plan: LogicalPlan
        /// New places by old ones; only of columns that are still there.
        var places: [Int: Int]

        func place(_ column: Int) -> Int { places[column] ?? column }

        func rewrite(_ expression: BoundExpression) -> BoundExpression { expression.remappingColumns(place) }
    }

    private static func columns(of expressions: some Sequence<BoundExpression>) -> Set<Int> {
        var columns: Set<Int> = []
        for expression in expressions { expression.forEachColumn { columns.insert($0) } }
        return columns
    }

    private static func places(_ kept: [Int]) -> [Int: Int] {
        Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, $0) })
    }

    private static func prune(_ plan: LogicalPlan, keeping wanted: Set<Int>) -> Pruned {
        switch plan {
        case .scan(let table, let columns, let predicate):
            let kept = wanted.union(Self.columns(of: predicate.map { [$0] } ?? [])).sorted()
            let places = places(kept)
            let moved = predicate?.remappingColumns { places[$0] ?? $0 }
            return Pruned(
                plan: .scan(table: table, columns: kept.map { columns[$0] }, predicate: moved), places: places)
        case .values(let rows, let fields):
            let kept = wanted.sorted()
            return Pruned(
                plan: .values(rows: rows.map { row in kept.map { row[$0] } }, fields: kept.map { fields[$0] }),
                places: places(kept))
        case .filter(let input, let predicate):
            let below = prune(input, keeping: wanted.union(columns(of: [predicate])))
            return Pruned(plan: .filter(input: below.plan, predicate: below.rewrite(predicate)), places: below.places)
        case .project(let input, let expressions, let fields):
            let kept = wanted.sorted()
            let below = prune(input, keeping: columns(of: kept.map { expressions[$0] }))
            return Pruned(
                plan: .project(
                    input: below.plan, expressions: kept.map { below.rewrite(expressions[$0]) },
                    fields: kept.map { fields[$0] }),
                places: places(kept))
        case .window(let input, let window): return prune(input, window, keeping: wanted)
        case .aggregate(let input, let keys, let aggregates, let fields):
            return prune(input, keys, aggregates, fields, keeping: wanted)
        case .expand(let input, let projections, let fields):
            let kept = wanted.sorted()
            let below = prune(input, keeping: columns(of: projections.flatMap { copy in kept.map { copy[$0] } }))
            return Pruned(
                plan: .expand(
                    input: below.plan, projections: projections.map { copy in kept.map { below.rewrite(copy[$0]) } },
                    fields: kept.map { fields[$0] }),
                places: places(kept))
        case .unnest(let input, let list):
            let count = input.fields.count
            let kept = list.parts.indices.filter { wanted.contains(count + $0) }
            let below = prune(
                input, keeping: wanted.filter { $0 < count }.union(columns(of: [list.expression])))
            var moved = list
            moved.expression = below.rewrite(list.expression)
            moved.parts = kept.map { list.parts[$0] }
            var places = below.places
            for (place, part) in kept.enumerated() { places[count + part] = below.plan.fields.count + place }
            return Pruned(plan: .unnest(input: below.plan, list: moved), places: places)
        case .sample(let input, let sample): return prune(input, sample, keeping: wanted)
        case .match(let input, let match, let fields):
            let below = prune(input, keeping: match.inputColumns)
            return Pruned(
                plan: .match(input: below.plan, match: match.remappingColumns(below.place), fields: fields),
                places: places(Array(fields.indices)))
        case .over(let input, let over): return prune(input, over, keeping: wanted)
        case .distinct(let input):
            let all = Array(input.fields.indices)
            let below = exact(prune(input, keeping: Set(all)), all, like: input)
            return Pruned(plan: .distinct(input: below), places: places(all))
        case .sort(let input, let keys):
            let below = prune(input, keeping: wanted.union(columns(of: keys.map(\.expression))))
            let moved = keys.map { key in
                SortKey(
                    expression: below.rewrite(key.expression), isDescending: key.isDescending,
                    nullsFirst: key.nullsFirst)
            }
            return Pruned(plan: .sort(input: below.plan, keys: moved), places: below.places)
        case .limit(let input, let count, let offset):
            let below = prune(input, keeping: wanted)
            return Pruned(plan: .limit(input: below.plan, count: count, offset: offset), places: below.places)
        case .join(let left, let right, let join): return prune(left, right, join, keeping: wanted)
        case .union(let inputs):
            let kept = wanted.sorted()
            let plans = inputs.map { exact(prune($0, keeping: wanted), kept, like: $0) }
            return Pruned(plan: .union(inputs: plans), places: places(kept))
        }
    }

    private static func prune(
        _ left: LogicalPlan, _ right: LogicalPlan, _ join: JoinSpecification, keeping wanted: Set<Int>
    ) -> Pruned {
        let count = left.fields.count
        let needed = wanted.union(columns(of: join.residual.map { [$0] } ?? []))
        let belowLeft = prune(left, keeping: needed.filter { $0 < count }.union(columns(of: join.leftKeys)))
        var wantedRight = Set(needed.filter { $0 >= count }.map { $0 - count }).union(columns(of: join.rightKeys))
        // Whether a row with a key deletes it, all its columns tell.
        if let lookup = join.lookup, !lookup.primaryKey.isEmpty { wantedRight = Set(right.fields.indices) }
        let belowRight = prune(right, keeping: wantedRight)
        let width = belowLeft.plan.fields.count
        var places = belowLeft.places
        for (old, new) in belowRight.places { places[old + count] = new + width }
        var moved = join
        moved.leftKeys = join.leftKeys.map(belowLeft.rewrite)
        moved.rightKeys = join.rightKeys.map(belowRight.rewrite)
        moved.lookup?.primaryKey = join.lookup?.primaryKey.map(belowRight.place) ?? []
        moved.residual = join.residual?.remappingColumns { places[$0] ?? $0 }
        return Pruned(plan: .join(left: belowLeft.plan, right: belowRight.plan, join: moved), places: places)
    }

    private static func prune(
        _ input: LogicalPlan, _ window: WindowSpecification, keeping wanted: Set<Int>
    ) -> Pruned {
        let count = input.fields.count
        var kept = window.keepsInput ? Set(0..<count) : wanted.filter { $0 < count }.union([window.timeColumn])
        if case .session(_, let partition) = window.kind { kept.formUnion(partition) }
        let below = prune(input, keeping: kept)
        var moved = window
        if case .session(let gap, let partition) = window.kind {
            moved.kind = .session(gap: gap, partition: partition.map(below.place))
        }
        moved.timeColumn = below.place(window.timeColumn)
        var places = below.places
        let start = below.plan.fields.count
        for column in WindowSpecification.columnNames.indices { places[count + column] = start + column }
        return Pruned(plan: .window(input: below.plan, window: moved), places: places)
    }

    private static func prune(
        _ input: LogicalPlan, _ sample: SampleSpecification, keeping wanted: Set<Int>
    ) -> Pruned {
        let count = input.fields.count
        var kept = wanted.filter { $0 < count }
        switch sample {
        case .random: break
        case .sticky(_, let keys, _): kept.formUnion(columns(of: keys))
        case .rate(_, let time, _): kept.insert(time)
        }
        let below = prune(input, keeping: kept)
        var moved = sample
        switch sample {
        case .random: break
        case .sticky(let fraction, let keys, let salt):
            moved = .sticky(fraction: fraction, keys: keys.map(below.rewrite), salt: salt)
        case .rate(let rows, let time, let appendsWeight):
            moved = .rate(rowsPerSecond: rows, timeColumn: below.place(time), appendsWeight: appendsWeight)
        }
        var places = below.places
        if !sample.appendedFields.isEmpty { places[count] = below.plan.fields.count }
        return Pruned(plan: .sample(input: below.plan, sample: moved), places: places)
    }

    private static func prune(
        _ input: LogicalPlan, _ over: OverSpecification, keeping wanted: Set<Int>
    ) -> Pruned {
        let count = input.fields.count
        let kept = wanted.filter { $0 >= count }.sorted()
        var moved = over
        moved.calls = kept.map { over.calls[$0 - count] }
        let inputs = wanted.filter { $0 < count }
        if moved.calls.isEmpty, moved.limit == nil { return prune(input, keeping: inputs) }
        let below = prune(input, keeping: inputs.union(columns(of: moved.expressions)))
        var places = below.places
        for (place, column) in kept.enumerated() { places[column] = below.plan.fields.count + place }
        return Pruned(plan: .over(input: below.plan, over: moved.mapExpressions(below.rewrite)), places: places)
    }

    private static func prune(
        _ input: LogicalPlan, _ keys: [BoundExpression], _ aggregates: [AggregateCall], _ fields: [PlanField],
        keeping wanted: Set<Int>
    ) -> Pruned {
        let kept = wanted.filter { $0 >= keys.count }.sorted()
        let calls = kept.map { aggregates[$0 - keys.count] }
        var needed = columns(of: keys)
        needed.formUnion(columns(of: calls.compactMap(\.argument)))
        needed.formUnion(columns(of: calls.compactMap(\.filter)))
        let below = prune(input, keeping: needed)
        let moved = calls.map { call in
            var moved = call
            moved.argument = call.argument.map(below.rewrite)
            moved.filter = call.filter.map(below.rewrite)
            return moved
        }
        let order = Array(keys.indices) + kept
        return Pruned(
            plan: .aggregate(
                input: below.plan, keys: keys.map(below.rewrite), aggregates: moved, fields: order.map { fields[$0] }),
            places: places(order))
    }

    /// Exactly the `wanted` columns of `original` in that order, by a projection where the pruned plan gives others.
    private static func exact(_ pruned: Pruned, _ wanted: [Int], like original: LogicalPlan) -> LogicalPlan {
        let width = pruned.plan.fields.count
        if width == wanted.count, wanted.enumerated().allSatisfy({ pruned.place($1) == $0 }) { return pruned.plan }
        let fields = original.fields
        return .project(
            input: pruned.plan,
            expressions: wanted.map { .column(index: pruned.place($0), type: fields[$0].type) },
            fields: wanted.map { fields[$0] })
    }
}
