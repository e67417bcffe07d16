import Columns
import SQL

/// Which of a group's values an aggregate keeps.
enum ValueChoice {
    case minimum
    case maximum
    /// In the order in which rows come.
    case first
    case last
}

/// `MIN`, `MAX`, `FIRST_VALUE` and `LAST_VALUE` of values that lie in an array of their own: integers, timestamps, numbers, addresses, booleans.
final class ExtremumAccumulator<Element: Comparable>: Accumulator {
    private let type: FieldType
    private let choice: ValueChoice
    private let initial: Element
    private let values: (Column) -> [Element]?
    private let storage: ([Element]) -> Column.Storage
    private var bests: [Element] = []
    private var seen: [Bool] = []

    init(
        type: FieldType, choice: ValueChoice, initial: Element, values: @escaping (Column) -> [Element]?,
        storage: @escaping ([Element]) -> Column.Storage
    ) {
        self.type = type
        self.choice = choice
        self.initial = initial
        self.values = values
        self.storage = storage
    }

    override func update(_ input: GroupedRows, column: Column?) throws(SQLError) {
        guard let column, let values = values(column) else { return }
        improve(input, values)
    }

    private func improve(_ input: GroupedRows, _ values: [Element]) {
        var bests = take(&bests)
        var seen = take(&seen)
        bests.grow(to: input.groupCount, filling: initial)
        seen.grow(to: input.groupCount, filling: false)
        switch choice {
        case .maximum: Self.improve(input, values, &bests, &seen) { $0 > $1 }
        case .minimum: Self.improve(input, values, &bests, &seen) { $0 < $1 }
        case .first: Self.improve(input, values, &bests, &seen) { _, _ in false }
        case .last: Self.improve(input, values, &bests, &seen) { _, _ in true }
        }
        self.bests = bests
        self.seen = seen
    }

    @inline(__always)
    private static func improve(
        _ input: GroupedRows, _ values: [Element], _ bests: inout [Element], _ seen: inout [Bool],
        isBetter: (Element, Element) -> Bool
    ) {
        let values = values.span
        var bests = bests.mutableSpan
        var seen = seen.mutableSpan
        input.forEach { row, group in
            let value = values[row]
            if !seen[group] || isBetter(value, bests[group]) {
                bests[group] = value
                seen[group] = true
            }
        }
    }

    override func merge(_ other: Accumulator, into groups: [UInt32], groupCount: Int) throws(SQLError) {
        guard let other = other as? ExtremumAccumulator<Element> else { return }
        // Those that have a value are like rows with theirs.
        var input = GroupedRows(rows: [], groups: [], groupCount: groupCount)
        for (index, group) in groups.enumerated() where index < other.seen.count && other.seen[index] {
            input.rows?.append(UInt32(index))
            input.groups.append(group)
        }
        improve(input, other.bests)
    }

    override func results(of groups: [UInt32], groupCount: Int) -> Column {
        bests.grow(to: groupCount, filling: initial)
        seen.grow(to: groupCount, filling: false)
        let (bests, seen) = (bests, seen)
        var validity = Bitmap(repeating: true, count: groups.count)
        var hasNull = false
        for (index, group) in groups.enumerated() where !seen[Int(group)] {
            validity[index] = false
            hasNull = true
        }
        return Column(
            type: type, count: groups.count, validity: hasNull ? validity : nil,
            storage: storage(groups.map { bests[Int($0)] }))
    }

    override func stateColumns(of groups: [UInt32], groupCount: Int) -> [Column] {
        [results(of: groups, groupCount: groupCount)]
    }

    override func restore(_ columns: [Column], into groups: [UInt32], groupCount: Int) throws(SQLError) {
        let column = try require(columns.first)
        let saved = try require(values(column))
        var bests = take(&bests)
        var seen = take(&seen)
        bests.grow(to: groupCount, filling: initial)
        seen.grow(to: groupCount, filling: false)
        for (index, group) in groups.enumerated() where !column.isNull(index) {
            bests[Int(group)] = saved[index]
            seen[Int(group)] = true
        }
        self.bests = bests
        self.seen = seen
    }

    override var hasSmallStates: Bool { true }

    override var byteCount: Int { bests.capacity * MemoryLayout<Element>.stride + seen.capacity }
}
