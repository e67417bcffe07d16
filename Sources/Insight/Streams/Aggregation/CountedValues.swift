import Bytes
import Columns
import SQL

/// The values of each group with how often each is there: what an aggregate needs that depends on single values and
/// takes rows back.
struct CountedValues: ~Copyable {
    private var values: KeyDictionary
    /// Group and value number, as the two halves of a key.
    private var pairs = IntegerTable(capacity: 64)
    /// Of each pair.
    private(set) var counts: [Int64] = []

    init(type: FieldType) { self.values = KeyDictionary(type: type) }

    var byteCount: Int { values.byteCount + pairs.memoryBytes + counts.capacity * 8 }

    /// Counts the rows.
    ///
    /// - Parameter visit: is given the place in `input` of each value that came into its group, and its pair.
    mutating func add(_ input: GroupedRows, _ column: Column, visit: (_ place: Int, _ pair: Int) -> Void) {
        let numbers = self.numbers(input, column)
        for index in numbers.indices where numbers[index] != 0 {
            let pair = pairs.insert(UInt64(input.groups[index]) << 32 | UInt64(numbers[index]))
            counts.grow(to: pair + 1, filling: 0)
            counts[pair] += 1
            if counts[pair] == 1 { visit(index, pair) }
        }
    }

    /// - Parameter visit: is given the place in `input` of each value that left its group, and its pair.
    mutating func takeBack(_ input: GroupedRows, _ column: Column, visit: (_ place: Int, _ pair: Int) -> Void) {
        let numbers = self.numbers(input, column)
        for index in numbers.indices where numbers[index] != 0 {
            // A value that isn't there was forgotten, its time to live being over.
            guard let pair = pairs.find(UInt64(input.groups[index]) << 32 | UInt64(numbers[index])), counts[pair] > 0
            else { continue }
            counts[pair] -= 1
            if counts[pair] == 0 { visit(index, pair) }
        }
    }

    private mutating func numbers(_ input: GroupedRows, _ column: Column) -> [UInt32] {
        values.numbers(of: input.rows.map { column.select(rows: $0) } ?? column)
    }

    func group(_ pair: Int) -> Int { Int(truncatingIfNeeded: pairs.key(pair) >> 32) }

    private func number(_ pair: Int) -> UInt32 { UInt32(truncatingIfNeeded: pairs.key(pair)) }

    func isLess(_ left: Int, _ right: Int) -> Bool { values.isLess(number(left), number(right)) }

    /// The values of some pairs; null where there is none.
    func column(of pairs: [Int?]) -> Column {
        var numbers: [UInt32] = []
        numbers.reserveCapacity(pairs.count)
        for pair in pairs {
            if let pair { numbers.append(number(pair)) } else { numbers.append(0) }
        }
        return values.column(of: numbers).trimmed()
    }

    // MARK: State

    private static func schema(_ type: FieldType) -> Schema {
        Schema([Field("value", type), Field("count", .int64)])
    }

    /// The values of the groups named and their counts, a batch of two columns a group.
    func stateColumn(of groups: [UInt32], groupCount: Int) -> Column {
        var places = [Int32](repeating: -1, count: groupCount)
        for (place, group) in groups.enumerated() { places[Int(group)] = Int32(place) }
        var pairsByPlace = [[Int]](repeating: [], count: groups.count)
        for pair in 0..<pairs.count where counts[pair] > 0 {
            let place = places[group(pair)]
            if place >= 0 { pairsByPlace[Int(place)].append(pair) }
        }
        return GroupBatches.column(
            pairsByPlace.map { members in
                guard !members.isEmpty else { return nil }
                let column = column(of: members)
                let times = Column(
                    type: .int64, count: members.count, validity: nil, storage: .int64(members.map { counts[$0] }))
                return Batch(schema: Self.schema(column.type), rowCount: members.count, columns: [column, times])
            })
    }

    /// Takes over what `stateColumn` gave, in the place of what the groups had.
    ///
    /// - Parameter visit: is given each pair that there is.
    /// - Throws: `corrupt_state`.
    mutating func restore(
        _ column: Column, into groups: [UInt32], groupCount: Int, visit: (_ pair: Int) -> Void
    ) throws(SQLError) {
        if pairs.count > 0 {
            var isReplaced = [Bool](repeating: false, count: groupCount)
            for group in groups { isReplaced[Int(group)] = true }
            for pair in 0..<pairs.count where isReplaced[group(pair)] { counts[pair] = 0 }
        }
        for (index, group) in groups.enumerated() {
            guard let batch = try GroupBatches.batch(column, index) else { continue }
            guard let value = batch.columns.first, let times = batch.columns.last?.int64s, batch.columns.count == 2
            else { throw StateCodec.damaged("the values of an aggregate") }
            for (row, number) in values.numbers(of: value).enumerated() where number != 0 {
                let pair = pairs.insert(UInt64(group) << 32 | UInt64(number))
                counts.grow(to: pair + 1, filling: 0)
                counts[pair] = times[row]
                visit(pair)
            }
        }
    }
}
