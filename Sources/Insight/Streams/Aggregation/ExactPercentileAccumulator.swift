import Bytes
import Columns
import SQL

/// `PERCENTILE`: keeps all values of a group, and answers what lies at the rank, between the two values next to it.
final class ExactPercentileAccumulator: Accumulator {
    private let fraction: Double
    private var values: [[Double]] = []
    private var count = 0

    init(fraction: Double) { self.fraction = fraction }

    override func update(_ input: GroupedRows, column: Column?) throws(SQLError) {
        guard let numbers = column?.float64s else { return }
        values.grow(to: input.groupCount, filling: [])
        input.forEach { row, group in values[group].append(numbers[row]) }
        count += input.groups.count
    }

    override func takeBack(_ input: GroupedRows, column: Column?) throws(SQLError) {
        guard let numbers = column?.float64s else { return }
        values.grow(to: input.groupCount, filling: [])
        input.forEach { row, group in
            guard let place = values[group].firstIndex(where: { $0.keyBits == numbers[row].keyBits }) else { return }
            values[group].swapAt(place, values[group].count - 1)
            values[group].removeLast()
            count -= 1
        }
    }

    override func merge(_ other: Accumulator, into groups: [UInt32], groupCount: Int) throws(SQLError) {
        guard let other = other as? ExactPercentileAccumulator else { return }
        values.grow(to: groupCount, filling: [])
        for (group, theirs) in zip(groups, other.values) { values[Int(group)] += theirs }
        count += other.count
    }

    override func results(of groups: [UInt32], groupCount: Int) -> Column {
        values.grow(to: groupCount, filling: [])
        var validity = Bitmap(repeating: true, count: groups.count)
        var hasNull = false
        let found = groups.enumerated().map { row, group -> Double in
            let sorted = values[Int(group)].sorted()
            guard let last = sorted.indices.last else {
                validity[row] = false
                hasNull = true
                return 0
            }
            let rank = fraction * Double(last)
            let lower = sorted[Int(rank)]
            let upper = sorted[min(Int(rank) + 1, last)]
            return lower == upper ? lower : lower + (upper - lower) * (rank - rank.rounded(.down))
        }
        return Column(
            type: .float64, count: groups.count, validity: hasNull ? validity : nil, storage: .float64(found))
    }

    override func stateColumns(of groups: [UInt32], groupCount: Int) -> [Column] {
        values.grow(to: groupCount, filling: [])
        var strings = ByteStrings()
        for group in groups {
            var bytes: [UInt8] = []
            for value in values[Int(group)] {
                for shift in stride(from: UInt64(0), to: 64, by: 8) {
                    bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift))
                }
            }
            strings.append(bytes)
        }
        return [Column(type: .bytes, count: groups.count, validity: nil, storage: .byteStrings(strings))]
    }

    override func restore(_ columns: [Column], into groups: [UInt32], groupCount: Int) throws(SQLError) {
        let column = try require(columns.first)
        values.grow(to: groupCount, filling: [])
        for (index, group) in groups.enumerated() {
            let bytes = Array(try require(column.bytes(index)))
            guard bytes.count % 8 == 0 else { throw StateCodec.damaged("the values of an aggregate") }
            count -= values[Int(group)].count
            values[Int(group)] = stride(from: 0, to: bytes.count, by: 8).map { start in
                var pattern: UInt64 = 0
                for place in (0..<8).reversed() { pattern = pattern << 8 | UInt64(bytes[start + place]) }
                return Double(bitPattern: pattern)
            }
            count += values[Int(group)].count
        }
    }

    override var byteCount: Int { count * 8 + values.capacity * 40 }
}
