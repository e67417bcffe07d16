import Columns
import SQL

/// The part of a plan that shards can run by a key: each has all of it for the rows whose key falls to it, and whatever is
/// above takes in what they answer.
///
/// Rows are shared out before the first step that keeps something: filters and projections below it are done by whoever reads.
/// So the key is what the partitions, groups and joins of the part have in common, traced down to there.
struct KeyedPart {
    let plan: LogicalPlan
    /// The key's values over the rows that are shared out, in the order of the scans that these come from.
    let scanKeys: [[BoundExpression]]
    /// Of each step that keeps rows or states by key: which of its own keys are the part's. In the order in which the
    /// planner meets these steps.
    let places: [[Int]]
    /// The key in words.
    let words: [String]

    /// The largest such part of a plan; `nil` where there is none.
    init?(of plan: LogicalPlan) {
        var above: LogicalPlan?
        var node = plan
        while true {
            let found = node.ownKeys.map { node.place(ofKey: $0) }
            let kept = found.compactMap(\.self)
            if let first = kept.first {
                self.plan = above ?? node
                scanKeys = first.scanKeys.indices.map { scan in kept.map { $0.scanKeys[scan] } }
                places = first.places.indices.map { step in kept.map { $0.places[step] } }
                words = zip(node.ownKeyWords, found).filter { $0.1 != nil }.map(\.0)
                return
            }
            guard let input = node.onlyInput else { return nil }
            // What looks at each row alone goes on in the shards.
            above = node.looksAtRowsAlone ? above ?? node : nil
            node = input
        }
    }
}

/// The places of a part's key among the keys of its steps, given out in turn.
final class KeyPlaces {
    private var left: ArraySlice<[Int]>

    init(_ places: [[Int]]) { left = places[...] }

    func next() -> [Int] { left.popFirst() ?? [] }
}

/// Where the values of one key come from.
private struct KeyPlace {
    var scanKeys: [BoundExpression]
    var places: [Int]

    static func + (left: KeyPlace, right: KeyPlace) -> KeyPlace {
        KeyPlace(scanKeys: left.scanKeys + right.scanKeys, places: left.places + right.places)
    }

    /// With a step in front.
    func behind(_ place: Int) -> KeyPlace { KeyPlace(scanKeys: scanKeys, places: [place] + places) }
}

extension LogicalPlan {
    fileprivate var onlyInput: LogicalPlan? {
        switch self {
        case .scan, .values, .join, .union: nil
        case .filter(let input, _), .project(let input, _, _), .window(let input, _), .expand(let input, _, _),
            .unnest(let input, _), .sample(let input, _), .aggregate(let input, _, _, _), .match(let input, _, _),
            .over(let input, _), .distinct(let input), .sort(let input, _), .limit(let input, _, _):
            input
        }
    }

    fileprivate var looksAtRowsAlone: Bool {
        switch self {
        case .filter, .project, .unnest: true
        default: false
        }
    }

    /// Whether all of it, down to the table, looks at each row alone. Windows and grouping sets don't belong to it: it is
    /// cheaper to share out rows without what they add.
    var isOfRowsAlone: Bool {
        switch self {
        case .scan(let table, _, _): !table.isUpserted
        case .filter(let input, _), .project(let input, _, _), .unnest(let input, _), .sample(let input, .sticky):
            input.isOfRowsAlone
        default: false
        }
    }

    /// The numbers of the keys that a step keeps rows or states by; none where it keeps nothing, or all together.
    fileprivate var ownKeys: Range<Int> {
        switch self {
        case .aggregate(_, let keys, _, _): keys.indices
        case .over(_, let over): over.partition.indices
        case .match(_, let match, _): match.partitionKeys.indices
        case .distinct(let input): input.outputFields.indices
        case .window(_, let window): window.sessionKeys?.indices ?? 0..<0
        case .join(_, _, let join): join.isByKey ? join.leftKeys.indices : 0..<0
        default: 0..<0
        }
    }

    fileprivate var ownKeyWords: [String] {
        switch self {
        case .aggregate(let input, let keys, _, _): return keys.map { $0.text(over: input.outputFields) }
        case .over(let input, let over): return over.partition.map { $0.text(over: input.outputFields) }
        case .match(let input, let match, _): return match.partitionKeys.map { input.outputFields[$0].name }
        case .distinct(let input): return input.outputFields.map(\.name)
        case .window(let input, let window): return (window.sessionKeys ?? []).map { input.outputFields[$0].name }
        case .join(let left, _, let join): return join.leftKeys.map { $0.text(over: left.outputFields) }
        default: return []
        }
    }

    /// Where a key of the step's own comes from; `nil` where that can't be told before a row has come to the step.
    fileprivate func place(ofKey key: Int) -> KeyPlace? {
        switch self {
        case .aggregate(let input, let keys, _, _): input.place(of: keys[key])?.behind(key)
        case .over(let input, let over): input.place(of: over.partition[key])?.behind(key)
        case .match(let input, let match, _): input.place(ofColumn: match.partitionKeys[key])?.behind(key)
        case .distinct(let input): input.place(ofColumn: key)?.behind(key)
        case .window(let input, let window):
            window.sessionKeys.flatMap { input.place(ofColumn: $0[key])?.behind(key) }
        case .join(let left, let right, let join):
            left.place(of: join.leftKeys[key]).flatMap { first in
                right.place(of: join.rightKeys[key]).map { (first + $0).behind(key) }
            }
        default: nil
        }
    }

    private func place(ofColumn column: Int) -> KeyPlace? {
        place(of: .column(index: column, type: outputFields[column].type))
    }

    /// Where a value over the output comes from, if each step below keeps the rows that share it together.
    private func place(of value: BoundExpression) -> KeyPlace? {
        guard value.isRepeatable, !value.columns.isEmpty else { return nil }
        if isOfRowsAlone { return KeyPlace(scanKeys: [value], places: []) }
        switch self {
        case .scan(let table, let columns, _):
            guard case .column(let column, _) = value,
                let place = table.primaryKey.firstIndex(of: table.fields[columns[column]].name)
            else { return nil }
            return KeyPlace(scanKeys: [value], places: [place])
        case .filter(let input, _): return input.place(of: value)
        case .sample(let input, .sticky): return input.place(of: value)
        case .project(let input, let expressions, _): return input.place(of: value.replacingColumns(expressions))
        case .expand(let input, let projections, _):
            let unchanged = LogicalPlan.unchanged(projections)
            guard value.columns.allSatisfy({ unchanged[$0] != nil }) else { return nil }
            return input.place(of: value.replacingColumns(projections[0]))
        case .unnest(let input, _): return value.reads(only: input) ? input.place(of: value) : nil
        case .window(let input, let window):
            guard value.reads(only: input) else { return nil }
            guard let keys = window.sessionKeys else { return input.place(of: value) }
            guard case .column(let column, _) = value, let key = keys.firstIndex(of: column) else { return nil }
            return place(ofKey: key)
        case .aggregate(_, let keys, _, _): return value.column.flatMap { $0 < keys.count ? place(ofKey: $0) : nil }
        case .match(_, let match, _):
            return value.column.flatMap { $0 < match.partitionKeys.count ? place(ofKey: $0) : nil }
        case .distinct: return value.column.flatMap { place(ofKey: $0) }
        case .over(_, let over): return over.partition.firstIndex(of: value).flatMap { place(ofKey: $0) }
        case .join(let left, _, let join):
            guard join.isByKey, let column = value.column else { return nil }
            // A side that is filled up with nulls has other values behind the join than before it.
            let width = left.outputFields.count
            let key =
                column < width
                ? (join.kind.keepsRight ? nil : join.leftKeys.firstIndex(of: value))
                : join.kind.keepsLeft
                    ? nil : join.rightKeys.firstIndex(of: .column(index: column - width, type: value.type))
            return key.flatMap { place(ofKey: $0) }
        case .union(let inputs):
            var whole = KeyPlace(scanKeys: [], places: [])
            for input in inputs {
                guard let part = input.place(of: value) else { return nil }
                whole = whole + part
            }
            return whole
        case .values, .sample, .sort, .limit: return nil
        }
    }
}

extension WindowSpecification {
    /// The columns that sessions are kept by; `nil` of other windows.
    fileprivate var sessionKeys: [Int]? {
        if case .session(_, let partition) = kind { return partition }
        return nil
    }
}

extension JoinSpecification {
    /// Rows that make a pair share their keys, and nothing is asked about the others.
    fileprivate var isByKey: Bool { lookup == nil && !isNullAware }
}

extension BoundExpression {
    fileprivate var column: Int? {
        if case .column(let column, _) = self { return column }
        return nil
    }

    fileprivate var columns: Set<Int> {
        var columns: Set<Int> = []
        forEachColumn { columns.insert($0) }
        return columns
    }

    /// Whether it is computed from what was there before the node added its columns.
    fileprivate func reads(only input: LogicalPlan) -> Bool {
        let count = input.outputFields.count
        return columns.allSatisfy { $0 < count }
    }
}
