/// `GROUP BY` over several sets of keys: an aggregate over rows that are there once for each set, with nulls for the keys
/// that it leaves out, and one more key that tells the sets apart.
struct GroupingSets {
    /// As they are named, over the input's columns.
    let keys: [BoundExpression]
    /// The keys of each set.
    let sets: [Set<Int>]
    /// What tells each set from the others: a bit for each key that it leaves out, the first key's the highest, and above
    /// them the number of sets before it with the same keys.
    let ids: [Int64]

    /// - Parameter sets: places of `keys`.
    init(keys: [BoundExpression], sets: [Set<Int>]) {
        self.keys = keys
        self.sets = sets
        var ids: [Int64] = []
        for (number, set) in sets.enumerated() {
            let twins = sets[..<number].filter { $0 == set }.count
            ids.append(Int64(twins) << Int64(keys.count) | Self.bits(keys.indices.map { !set.contains($0) }))
        }
        self.ids = ids
    }

    static func bits(_ flags: [Bool]) -> Int64 { flags.reduce(0) { $0 << 1 | ($1 ? 1 : 0) } }

    /// The input with its rows once for each set: its own columns, the keys, the set's id.
    ///
    /// - Returns: the keys to group by, over the expanded columns. A key of all sets is read as it is, so that windows
    ///   still are windows.
    func expanded(
        _ input: LogicalPlan, names: [String]
    ) -> (plan: LogicalPlan, keys: [BoundExpression], fields: [PlanField]) {
        let columns = input.fields.enumerated().map { BoundExpression.column(index: $0, type: $1.type) }
        let keyFields = zip(names, keys).map { PlanField(name: $0, type: $1.type) }
        let idField = PlanField(name: "$grouping", type: .bigint)
        let projections = zip(sets, ids).map { set, id in
            columns
                + keys.enumerated().map { set.contains($0) ? $1 : .literal(.null, type: $1.type) }
                + [.literal(.int64(id), type: .bigint)]
        }
        let plan = LogicalPlan.expand(
            input: input, projections: projections, fields: input.fields + keyFields + [idField])
        let grouped = keys.enumerated().map { index, key in
            sets.allSatisfy { $0.contains(index) }
                ? key : .column(index: columns.count + index, type: key.type)
        }
        let id = BoundExpression.column(index: columns.count + keys.count, type: .bigint)
        return (plan, grouped + [id], keyFields + [idField])
    }

    /// `GROUPING(key, …)` over `id`.
    func grouping(of arguments: [Int], id: BoundExpression) -> BoundExpression {
        var idsByValue: [Int64: [Int64]] = [:]
        for (set, id) in zip(sets, ids) {
            idsByValue[Self.bits(arguments.map { !set.contains($0) }), default: []].append(id)
        }
        let values = idsByValue.keys.sorted().map { BoundExpression.literal(.int64($0), type: .bigint) }
        let branches = zip(values, idsByValue.keys.sorted()).dropLast().map { literal, value in
            let test = BoundExpression.inList(id, (idsByValue[value] ?? []).map { .int64($0) }, isNegated: false)
            return CaseBranch(condition: test, result: literal)
        }
        let last = values[values.count - 1]
        return branches.isEmpty ? last : .caseWhen(branches, otherwise: last, type: .bigint)
    }
}
