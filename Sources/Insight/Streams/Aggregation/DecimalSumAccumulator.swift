import Columns
import SQL

/// `SUM` and `AVG` of decimals, exact whatever the order of the rows: null only where the sum itself has more than 38
/// digits.
final class DecimalSumAccumulator: Accumulator {
    private let type: SQLType
    /// Digits behind the point that an average has and its argument has not.
    private let shift: Int
    private let isAverage: Bool
    /// The lower 128 bits of the sums.
    private var sums: [Int128] = []
    private var counts: [Int64] = []
    /// What stands above them, of the few groups where it is not 0.
    private var carries: [Int: Int64] = [:]

    init(type: SQLType, argumentScale: Int, isAverage: Bool) {
        self.type = type
        self.shift = (type.fieldType.decimalScale ?? argumentScale) - argumentScale
        self.isAverage = isAverage
    }

    override func update(_ input: GroupedRows, column: Column?) throws(SQLError) {
        change(input, column: column, sign: 1)
    }

    override func takeBack(_ input: GroupedRows, column: Column?) throws(SQLError) {
        change(input, column: column, sign: -1)
    }

    /// - Parameter sign: -1 takes the values back.
    private func change(_ input: GroupedRows, column: Column?, sign: Int64) {
        guard case .decimal(let values)? = column?.storage else { return }
        var sums = take(&sums)
        var counts = take(&counts)
        sums.grow(to: input.groupCount, filling: 0)
        counts.grow(to: input.groupCount, filling: 0)
        Self.add(input, values, sign, &sums, &counts, &carries)
        self.sums = sums
        self.counts = counts
    }

    private static func add(
        _ input: GroupedRows, _ values: [Int128], _ sign: Int64, _ sums: inout [Int128], _ counts: inout [Int64],
        _ carries: inout [Int: Int64]
    ) {
        let values = values.span
        var sums = sums.mutableSpan
        var counts = counts.mutableSpan
        var overflows: [(group: Int, carry: Int64)] = []
        input.forEach { row, group in
            let value = sign < 0 ? 0 &- values[row] : values[row]
            let (sum, overflow) = sums[group].addingReportingOverflow(value)
            sums[group] = sum
            counts[group] &+= sign
            if overflow { overflows.append((group, value < 0 ? -1 : 1)) }
        }
        for overflow in overflows { carries[overflow.group, default: 0] &+= overflow.carry }
    }

    override func merge(_ other: Accumulator, into groups: [UInt32], groupCount: Int) throws(SQLError) {
        guard let other = other as? DecimalSumAccumulator else { return }
        sums.grow(to: groupCount, filling: 0)
        counts.grow(to: groupCount, filling: 0)
        for (index, group) in groups.enumerated() where index < other.sums.count {
            let group = Int(group)
            let (sum, overflow) = sums[group].addingReportingOverflow(other.sums[index])
            sums[group] = sum
            counts[group] &+= other.counts[index]
            if overflow { carries[group, default: 0] &+= other.sums[index] < 0 ? -1 : 1 }
            if let carry = other.carries[index] { carries[group, default: 0] &+= carry }
        }
    }

    override func results(of groups: [UInt32], groupCount: Int) -> Column {
        sums.grow(to: groupCount, filling: 0)
        counts.grow(to: groupCount, filling: 0)
        var validity = Bitmap(repeating: true, count: groups.count)
        var hasNull = false
        let values = [Int128](capacity: groups.count) { out in
            for group in groups {
                if let value = result(Int(group)) {
                    out.append(value)
                } else {
                    validity[out.count] = false
                    hasNull = true
                    out.append(0)
                }
            }
        }
        return Column(
            type: type.fieldType, count: groups.count, validity: hasNull ? validity : nil, storage: .decimal(values))
    }

    private func result(_ group: Int) -> Int128? {
        guard counts[group] > 0, carries.isEmpty || carries[group, default: 0] == 0,
            let sum = DecimalMath.within(sums[group])
        else { return nil }
        return isAverage ? DecimalMath.quotient(sum, Int128(counts[group]), shift: shift) : sum
    }

    /// The two halves of the sum, what stands above them, and the count.
    override func stateColumns(of groups: [UInt32], groupCount: Int) -> [Column] {
        sums.grow(to: groupCount, filling: 0)
        counts.grow(to: groupCount, filling: 0)
        func column(_ value: (Int) -> Int64) -> Column {
            let values = [Int64](capacity: groups.count) { out in
                for group in groups { out.append(value(Int(group))) }
            }
            return Column(type: .int64, count: groups.count, validity: nil, storage: .int64(values))
        }
        return [
            column { Int64(truncatingIfNeeded: sums[$0]) }, column { Int64(truncatingIfNeeded: sums[$0] >> 64) },
            column { carries[$0, default: 0] }, Column(integers: counts, of: groups),
        ]
    }

    override func restore(_ columns: [Column], into groups: [UInt32], groupCount: Int) throws(SQLError) {
        var saved: [[Int64]] = []
        for column in columns { saved.append(try require(column.int64s)) }
        _ = try require(saved.count == 4 ? saved : nil)
        sums.grow(to: groupCount, filling: 0)
        counts.grow(to: groupCount, filling: 0)
        for (index, group) in groups.enumerated() {
            let group = Int(group)
            sums[group] = Int128(saved[1][index]) << 64 | Int128(UInt64(bitPattern: saved[0][index]))
            carries[group] = saved[2][index] == 0 ? nil : saved[2][index]
            counts[group] = saved[3][index]
        }
    }

    override var hasSmallStates: Bool { true }

    override var byteCount: Int { sums.capacity * 16 + counts.capacity * 8 + carries.capacity * 24 }
}
