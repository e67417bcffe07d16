import Columns
import SQL

/// `COUNT(*)` and `COUNT(x)`.
final class CountAccumulator: Accumulator {
    private var counts: [Int64] = []

    override func update(_ input: GroupedRows, column: Column?) throws(SQLError) {
        var counts = take(&counts)
        counts.grow(to: input.groupCount, filling: 0)
        Self.add(input.groups, to: &counts)
        self.counts = counts
    }

    override func takeBack(_ input: GroupedRows, column: Column?) throws(SQLError) {
        var counts = take(&counts)
        counts.grow(to: input.groupCount, filling: 0)
        Self.subtract(input.groups, from: &counts)
        self.counts = counts
    }

    override func results(of groups: [UInt32], groupCount: Int) -> Column {
        counts.grow(to: groupCount, filling: 0)
        return Column(integers: counts, of: groups)
    }

    override func merge(_ other: Accumulator, into groups: [UInt32], groupCount: Int) throws(SQLError) {
        guard let other = other as? CountAccumulator else { return }
        var counts = take(&counts)
        counts.grow(to: groupCount, filling: 0)
        counts.add(other.counts, at: groups)
        self.counts = counts
    }

    override func stateColumns(of groups: [UInt32], groupCount: Int) -> [Column] {
        counts.grow(to: groupCount, filling: 0)
        return [Column(integers: counts, of: groups)]
    }

    override func restore(_ columns: [Column], into groups: [UInt32], groupCount: Int) throws(SQLError) {
        let saved = try require(columns.first?.int64s)
        counts.grow(to: groupCount, filling: 0)
        counts.put(saved, at: groups)
    }

    override var hasSmallStates: Bool { true }

    override var byteCount: Int { counts.capacity * 8 }

    private static func subtract(_ groups: [UInt32], from counts: inout [Int64]) {
        let groups = groups.span
        var counts = counts.mutableSpan
        for index in groups.indices { counts[Int(groups[index])] &-= 1 }
    }

    private static func add(_ groups: [UInt32], to counts: inout [Int64]) {
        let groups = groups.span
        var counts = counts.mutableSpan
        if counts.count == 1 {
            counts[0] &+= Int64(groups.count)
            return
        }
        for index in groups.indices { counts[Int(groups[index])] &+= 1 }
    }
}
