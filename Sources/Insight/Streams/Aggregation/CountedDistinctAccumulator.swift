import Columns
import SQL

/// An aggregate over the distinct values of each group, of rows that may be taken back: hands on a value when it comes
/// into its group, and takes it back when its last row has gone.
final class CountedDistinctAccumulator: Accumulator {
    private let inner: Accumulator
    private var values: CountedValues

    init(inner: Accumulator, type: FieldType) {
        self.inner = inner
        self.values = CountedValues(type: type)
    }

    override func update(_ input: GroupedRows, column: Column?) throws(SQLError) {
        guard let column else { return }
        var places: [Int] = []
        values.add(input, column) { place, _ in places.append(place) }
        guard !places.isEmpty else { return }
        try inner.update(Self.taken(places, of: input), column: column)
    }

    override func takeBack(_ input: GroupedRows, column: Column?) throws(SQLError) {
        guard let column else { return }
        var places: [Int] = []
        values.takeBack(input, column) { place, _ in places.append(place) }
        guard !places.isEmpty else { return }
        try inner.takeBack(Self.taken(places, of: input), column: column)
    }

    private static func taken(_ places: [Int], of input: GroupedRows) -> GroupedRows {
        GroupedRows(
            rows: places.map { input.rows?[$0] ?? UInt32($0) }, groups: places.map { input.groups[$0] },
            groupCount: input.groupCount)
    }

    override func results(of groups: [UInt32], groupCount: Int) -> Column {
        inner.results(of: groups, groupCount: groupCount)
    }

    override func stateColumns(of groups: [UInt32], groupCount: Int) -> [Column] {
        [values.stateColumn(of: groups, groupCount: groupCount)]
            + inner.stateColumns(of: groups, groupCount: groupCount)
    }

    override func restore(_ columns: [Column], into groups: [UInt32], groupCount: Int) throws(SQLError) {
        try values.restore(try require(columns.first), into: groups, groupCount: groupCount) { _ in }
        try inner.restore(Array(columns.dropFirst()), into: groups, groupCount: groupCount)
    }

    override var byteCount: Int { inner.byteCount + values.byteCount }
}
