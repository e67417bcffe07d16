import SQL

/// How the result of a plan node comes to be while its inputs go on.
enum ChangelogMode: Hashable {
    /// Rows are only added.
    case append
    /// Rows are added, changed and taken back, each change with what it replaces (`ChangeKind`).
    case retract
    /// A row stands for the one before of the same key; there are no rows of before. Only tables that are read.
    case upsert
}

/// What the planner knows of a live plan node's result.
struct ChangelogTraits {
    var mode: ChangelogMode
    /// Sets of columns each of which tells a row from all others; `[]` where there is one row at most.
    var keys: [[Int]] = []

    static let append = ChangelogTraits(mode: .append)

    var isChanging: Bool { mode != .append }

    /// The shortest key.
    var key: [Int]? { keys.min { $0.count < $1.count } }

    /// The keys as they are found behind a projection.
    func mapped(_ expressions: [BoundExpression]) -> ChangelogTraits {
        var places: [Int: Int] = [:]
        for (index, expression) in expressions.enumerated().reversed() {
            if case .column(let column, _) = expression { places[column] = index }
        }
        let kept = keys.compactMap { key -> [Int]? in
            let mapped = key.compactMap { places[$0] }
            return mapped.count == key.count ? mapped : nil
        }
        return ChangelogTraits(mode: mode, keys: kept)
    }
}

extension PhysicalPlanner {
    /// How the result of a node comes. Of a plan over inputs that end, rows are only added.
    func traits(_ plan: LogicalPlan) -> ChangelogTraits {
        guard isLive else { return ChangelogTraits(mode: .append, keys: keys(plan)) }
        return ChangelogTraits(mode: isChanging(plan) ? .retract : .append, keys: keys(plan))
    }

    /// Whether a live node takes back what it has answered.
    func isChanging(_ plan: LogicalPlan) -> Bool {
        guard isLive, !isBounded(plan) else { return false }
        switch plan {
        case .scan(let table, _, _): return table.isUpserted
        case .values: return false
        case .filter(let input, _), .project(let input, _, _), .distinct(let input), .sort(let input, _),
            .limit(let input, _, _), .sample(let input, _), .window(let input, _), .match(let input, _, _),
            .expand(let input, _, _), .unnest(let input, _):
            return isChanging(input)
        case .over(let input, let over): return isChanging(input) || isUpdatingTop(over, input)
        case .aggregate(let input, let keys, _, _):
            return isChanging(input) || !closesGroups(input, keys)
        case .join(let left, let right, let join):
            // What a row met when it came is not taken back when the table changes.
            if join.lookup != nil { return isChanging(left) }
            return isChanging(left) || isChanging(right) || takesPairsBack(left, right, join)
        case .union(let inputs): return inputs.contains(where: isChanging)
        }
    }

    private func keys(_ plan: LogicalPlan) -> [[Int]] {
        switch plan {
        case .scan(let table, let columns, _):
            let key = table.primaryKey.compactMap { name in columns.firstIndex { table.fields[$0].name == name } }
            return key.isEmpty || key.count < table.primaryKey.count ? [] : [key]
        case .values(let rows, _): return rows.count < 2 ? [[]] : []
        case .filter(let input, _), .sort(let input, _), .limit(let input, _, _), .sample(let input, _):
            return keys(input)
        case .over(let input, let over): return over.keys(inputCount: input.outputFields.count) + keys(input)
        case .distinct(let input): return [Array(input.outputFields.indices)] + keys(input)
        case .project(let input, let expressions, _):
            let known = keys(input)
            let kept = ChangelogTraits(mode: .append, keys: known).mapped(expressions).keys
            guard kept.isEmpty else { return kept }
            return ChangelogTraits(mode: .append, keys: windowKeys(input, known)).mapped(expressions).keys
        case .window(let input, _):
            let start = input.outputFields.count
            return keys(input).map { $0 + [start, start + 1] }
        case .aggregate(_, let keys, _, _): return [Array(keys.indices)]
        case .match, .union, .expand, .unnest: return []
        case .join(let left, let right, let join): return joinKeys(left, right, join)
        }
    }

    /// Keys of groups with one bound of their window in place of all: of windows of one length it tells the others.
    private func windowKeys(_ plan: LogicalPlan, _ keys: [[Int]]) -> [[Int]] {
        guard plan.isOfGroups else { return [] }
        let attributes = WindowAttributes.of(plan).byColumn
        return keys.flatMap { key in
            key.compactMap { bound -> [Int]? in
                guard let window = attributes[bound]?.window else { return nil }
                switch window.kind {
                case .tumble, .hop: return key.filter { $0 == bound || attributes[$0]?.window != window }
                case .cumulate, .session: return nil
                }
            }
        }
    }

    /// A side that meets one row of the other at most keeps its keys.
    private func joinKeys(_ left: LogicalPlan, _ right: LogicalPlan, _ join: JoinSpecification) -> [[Int]] {
        let width = left.outputFields.count
        if join.kind == .semi || join.kind == .anti { return keys(left) }
        let (leftKeys, rightKeys) = (keys(left), keys(right))
        guard join.kind.hasRightColumns else { return leftKeys }
        func isUnique(_ keys: [[Int]], by expressions: [BoundExpression]) -> Bool {
            let columns = Set(expressions.compactMap { if case .column(let column, _) = $0 { column } else { nil } })
            return keys.contains { columns.isSuperset(of: $0) }
        }
        var found: [[Int]] = []
        if !join.kind.keepsRight, isUnique(rightKeys, by: join.rightKeys) { found += leftKeys }
        if !join.kind.keepsLeft, isUnique(leftKeys, by: join.leftKeys) {
            found += rightKeys.map { $0.map { $0 + width } }
        }
        for leftKey in leftKeys {
            for rightKey in rightKeys { found.append(leftKey + rightKey.map { $0 + width }) }
        }
        return found
    }

    /// Refuses a step that can't take rows back over an input that does.
    ///
    /// - Parameters:
    ///   - what: stands in the refusal.
    ///   - suggestion: what to write instead.
    func requireAppended(_ input: LogicalPlan, for what: String, _ suggestion: String) throws(SQLError) {
        guard isChanging(input) else { return }
        throw SQLError(
            code: .unsupported,
            message: "\(what) can't take rows back, and its input changes: \(changingPart(input))",
            suggestion: suggestion)
    }

    /// What makes an input change, in words.
    private func changingPart(_ plan: LogicalPlan) -> String {
        switch plan {
        case .scan(let table, _, _): return "table \(table.name) holds the latest row of each key"
        case .aggregate: return "a GROUP BY without a window that closes"
        case .join(_, _, let join): return "a live \(join.kind.rawValue) JOIN"
        case .filter(let input, _), .project(let input, _, _), .distinct(let input), .sort(let input, _),
            .limit(let input, _, _), .sample(let input, _), .window(let input, _), .match(let input, _, _),
            .expand(let input, _, _), .unnest(let input, _):
            return changingPart(input)
        case .over(let input, _): return isChanging(input) ? changingPart(input) : "a top-N that may change"
        case .union(let inputs): return inputs.first(where: isChanging).map(changingPart) ?? "a UNION"
        case .values: return "VALUES"
        }
    }
}

extension LogicalPlan {
    /// Whether the rows are groups of one GROUP BY, as they are or some of them.
    fileprivate var isOfGroups: Bool {
        switch self {
        case .aggregate: true
        case .filter(let input, _), .project(let input, _, _), .sort(let input, _), .limit(let input, _, _):
            input.isOfGroups
        default: false
        }
    }
}
