import Bytes
import Columns
import SQL

/// An aggregate over the distinct values of each group, exactly: remembers every pair of group and value, and hands
/// on those seen for the first time.
final class DistinctAccumulator: Accumulator {
    private let inner: Accumulator
    private var values: KeyDictionary
    private var pairs = IntegerTable(capacity: 64)

    init(inner: Accumulator, type: FieldType) {
        self.inner = inner
        self.values = KeyDictionary(type: type)
    }

    override func update(_ input: GroupedRows, column: Column?) throws(SQLError) {
        guard let column else { return }
        let taken = input.rows.map { column.select(rows: $0) } ?? column
        let numbers = values.numbers(of: taken)
        var fresh = GroupedRows(rows: [], groups: [], groupCount: input.groupCount)
        var rows: [UInt32] = []
        for index in numbers.indices where numbers[index] != 0 {
            let known = pairs.count
            let place = pairs.insert(UInt64(input.groups[index]) << 32 | UInt64(numbers[index]))
            guard place == known else { continue }
            rows.append(input.rows?[index] ?? UInt32(index))
            fresh.groups.append(input.groups[index])
        }
        guard !rows.isEmpty else { return }
        fresh.rows = rows
        try inner.update(fresh, column: column)
    }

    override func merge(_ other: Accumulator, into groups: [UInt32], groupCount: Int) throws(SQLError) {
        guard let other = other as? DistinctAccumulator, other.pairs.count > 0 else { return }
        let theirs = other.values.column()
        var input = GroupedRows(rows: nil, groups: [], groupCount: groupCount)
        var rows: [UInt32] = []
        for index in 0..<other.pairs.count {
            let pair = other.pairs.key(index)
            input.groups.append(groups[Int(truncatingIfNeeded: pair >> 32)])
            rows.append(UInt32(truncatingIfNeeded: pair))
        }
        try update(input, column: theirs.select(rows: rows))
    }

    /// The distinct values of each group, as a batch of one column. What is aggregated over them comes again of them.
    override func stateColumns(of groups: [UInt32], groupCount: Int) -> [Column] {
        var places = [Int32](repeating: -1, count: groupCount)
        for (place, group) in groups.enumerated() { places[Int(group)] = Int32(place) }
        var rowsByGroup = [[UInt32]](repeating: [], count: groups.count)
        for index in 0..<pairs.count {
            let pair = pairs.key(index)
            let place = places[Int(truncatingIfNeeded: pair >> 32)]
            if place >= 0 { rowsByGroup[Int(place)].append(UInt32(truncatingIfNeeded: pair)) }
        }
        let column = values.column()
        let schema = Schema([Field("value", column.type)])
        let batches = rowsByGroup.map { rows -> Batch? in
            guard !rows.isEmpty else { return nil }
            return Batch(schema: schema, rowCount: rows.count, columns: [column.select(rows: rows).trimmed()])
        }
        return [GroupBatches.column(batches)]
    }

    override func restore(_ columns: [Column], into groups: [UInt32], groupCount: Int) throws(SQLError) {
        let column = try require(columns.first)
        for (index, group) in groups.enumerated() {
            guard let batch = try GroupBatches.batch(column, index) else { continue }
            let saved = try require(batch.columns.first)
            let all = Array(repeating: group, count: batch.rowCount)
            try update(GroupedRows(rows: nil, groups: all, groupCount: groupCount), column: saved)
        }
    }

    override func results(of groups: [UInt32], groupCount: Int) -> Column {
        inner.results(of: groups, groupCount: groupCount)
    }

    override var byteCount: Int { inner.byteCount + values.byteCount + pairs.memoryBytes }
}
