import Columns
import SQL

/// `SUM` and `AVG` of integers. The sum is kept in 64 bits and wraps at the result type's width, as in Flink;
/// `AVG` truncates towards zero.
final class IntegerSumAccumulator: Accumulator {
    private let type: SQLType
    private let isAverage: Bool
    private var sums: [Int64] = []
    private var counts: [Int64] = []

    init(type: SQLType, isAverage: Bool) {
        self.type = type
        self.isAverage = isAverage
    }

    override func update(_ input: GroupedRows, column: Column?) throws(SQLError) {
        guard case .int64(let values)? = column?.storage else { return }
        var sums = take(&sums)
        var counts = take(&counts)
        sums.grow(to: input.groupCount, filling: 0)
        counts.grow(to: input.groupCount, filling: 0)
        Self.add(input, values, &sums, &counts)
        self.sums = sums
        self.counts = counts
    }

    private static func add(_ input: GroupedRows, _ values: [Int64], _ sums: inout [Int64], _ counts: inout [Int64]) {
        let values = values.span
        var sums = sums.mutableSpan
        var counts = counts.mutableSpan
        input.forEach { row, group in
            sums[group] &+= values[row]
            counts[group] &+= 1
        }
    }

    override func takeBack(_ input: GroupedRows, column: Column?) throws(SQLError) {
        guard case .int64(let values)? = column?.storage else { return }
        sums.grow(to: input.groupCount, filling: 0)
        counts.grow(to: input.groupCount, filling: 0)
        var sums = take(&sums)
        var counts = take(&counts)
        Self.subtract(input, values, &sums, &counts)
        self.sums = sums
        self.counts = counts
    }

    private static func subtract(
        _ input: GroupedRows, _ values: [Int64], _ sums: inout [Int64], _ counts: inout [Int64]
    ) {
        let values = values.span
        var sums = sums.mutableSpan
        var counts = counts.mutableSpan
        input.forEach { row, group in
            sums[group] &-= values[row]
            counts[group] &-= 1
        }
    }

    override func merge(_ other: Accumulator, into groups: [UInt32], groupCount: Int) throws(SQLError) {
        guard let other = other as? IntegerSumAccumulator else { return }
        var sums = take(&sums)
        var counts = take(&counts)
        sums.grow(to: groupCount, filling: 0)
        counts.grow(to: groupCount, filling: 0)
        sums.add(other.sums, at: groups)
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
        let width = type
        let values = [Int64](capacity: groups.count) { out in
            for group in groups {
                let group = Int(group)
                if counts[group] == 0 {
                    validity[out.count] = false
                    hasNull = true
                    out.append(0)
                } else {
                    out.append(Self.narrow(isAverage ? sums[group] / counts[group] : sums[group], to: width))
                }
            }
        }
        return Column(
            type: type.fieldType, count: values.count, validity: hasNull ? validity : nil, storage: .int64(values))
    }

    override func stateColumns(of groups: [UInt32], groupCount: Int) -> [Column] {
        sums.grow(to: groupCount, filling: 0)
        counts.grow(to: groupCount, filling: 0)
        return [Column(integers: sums, of: groups), Column(integers: counts, of: groups)]
    }

    override func restore(_ columns: [Column], into groups: [UInt32], groupCount: Int) throws(SQLError) {
        let savedSums = try require(columns.first?.int64s)
        let savedCounts = try require(columns.last?.int64s)
        sums.grow(to: groupCount, filling: 0)
        counts.grow(to: groupCount, filling: 0)
        sums.put(savedSums, at: groups)
        counts.put(savedCounts, at: groups)
    }

    override var hasSmallStates: Bool { true }

    override var byteCount: Int { (sums.capacity + counts.capacity) * 8 }

    /// Wraps at the type's width.
    static func narrow(_ value: Int64, to type: SQLType) -> Int64 {
        switch type {
        case .tinyint: Int64(Int8(truncatingIfNeeded: value))
        case .smallint: Int64(Int16(truncatingIfNeeded: value))
        case .integer: Int64(Int32(truncatingIfNeeded: value))
        default: value
        }
    }
}
