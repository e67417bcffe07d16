import Columns
import SQL

/// `SUM` and `AVG` of floating point numbers.
final class FloatSumAccumulator: Accumulator {
    private let type: SQLType
    private let isAverage: Bool
    private var sums: [Double] = []
    private var counts: [Int64] = []

    init(type: SQLType, isAverage: Bool) {
        self.type = type
        self.isAverage = isAverage
    }

    override func update(_ input: GroupedRows, column: Column?) throws(SQLError) {
        guard case .float64(let values)? = column?.storage else { return }
        var sums = take(&sums)
        var counts = take(&counts)
        sums.grow(to: input.groupCount, filling: 0)
        counts.grow(to: input.groupCount, filling: 0)
        Self.add(input, values, &sums, &counts)
        self.sums = sums
        self.counts = counts
    }

    private static func add(_ input: GroupedRows, _ values: [Double], _ sums: inout [Double], _ counts: inout [Int64]) {
        let values = values.span
        var sums = sums.mutableSpan
        var counts = counts.mutableSpan
        input.forEach { row, group in
            sums[group] += values[row]
            counts[group] &+= 1
        }
    }

    /// What is left of a group without rows is exactly nothing, whatever was rounded on the way.
    override func takeBack(_ input: GroupedRows, column: Column?) throws(SQLError) {
        guard case .float64(let values)? = column?.storage else { return }
        sums.grow(to: input.groupCount, filling: 0)
        counts.grow(to: input.groupCount, filling: 0)
        var sums = take(&sums)
        var counts = take(&counts)
        Self.subtract(input, values, &sums, &counts)
        self.sums = sums
        self.counts = counts
    }

    private static func subtract(
        _ input: GroupedRows, _ values: [Double], _ sums: inout [Double], _ counts: inout [Int64]
    ) {
        let values = values.span
        var sums = sums.mutableSpan
        var counts = counts.mutableSpan
        input.forEach { row, group in
            counts[group] &-= 1
            sums[group] = counts[group] == 0 ? 0 : sums[group] - values[row]
        }
    }

    override func merge(_ other: Accumulator, into groups: [UInt32], groupCount: Int) throws(SQLError) {
        guard let other = other as? FloatSumAccumulator else { return }
        var sums = take(&sums)
        var counts = take(&counts)
        sums.grow(to: groupCount, filling: 0)
        counts.grow(to: groupCount, filling: 0)
        for (group, sum) in zip(groups, other.sums) { sums[Int(group)] += sum }
        counts.add(other.counts, at: groups)
        self.sums = sums
        self.counts = counts
    }

    override func results(of groups: [UInt32], groupCount: Int) -> Column {
        sums.grow(to: groupCount, filling: 0)
        counts.grow(to: groupCount, filling: 0)
        let (sums, counts) = (sums, counts)
        var validity = Bitmap(repeating: true, count: groups.count)
        var hasNull = false
        let values = [Double](capacity: groups.count) { out in
            for group in groups {
                let group = Int(group)
                if counts[group] == 0 {
                    validity[out.count] = false
                    hasNull = true
                    out.append(0)
                } else {
                    out.append(isAverage ? sums[group] / Double(counts[group]) : sums[group])
                }
            }
        }
        return Column(
            type: .float64, count: values.count, validity: hasNull ? validity : nil, storage: .float64(values))
    }

    override func stateColumns(of groups: [UInt32], groupCount: Int) -> [Column] {
        sums.grow(to: groupCount, filling: 0)
        counts.grow(to: groupCount, filling: 0)
        let picked = groups.map { sums[Int($0)] }
        return [
            Column(type: .float64, count: picked.count, validity: nil, storage: .float64(picked)),
            Column(integers: counts, of: groups),
        ]
    }

    override func restore(_ columns: [Column], into groups: [UInt32], groupCount: Int) throws(SQLError) {
        let savedSums = try require(columns.first?.float64s)
        let savedCounts = try require(columns.last?.int64s)
        sums.grow(to: groupCount, filling: 0)
        counts.grow(to: groupCount, filling: 0)
        sums.put(savedSums, at: groups)
        counts.put(savedCounts, at: groups)
    }

    override var hasSmallStates: Bool { true }

    override var byteCount: Int { (sums.capacity + counts.capacity) * 8 }
}
