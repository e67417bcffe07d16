import Columns
import SQL

/// `FIRST_VALUE` and `LAST_VALUE` of rows that may be taken back: keeps the values of a group in the order in which they
/// came. Of equal values the one that came first goes.
final class KeptChoiceAccumulator: Accumulator {
    private let type: FieldType
    private let isLast: Bool
    private var values: KeyDictionary
    /// The numbers of each group's values.
    private var groups: [[UInt32]] = []
    private var count = 0

    init(type: FieldType, isLast: Bool) {
        self.type = type
        self.isLast = isLast
        self.values = KeyDictionary(type: type)
    }

    override func update(_ input: GroupedRows, column: Column?) throws(SQLError) {
        forEach(input, column) { number, group in
            groups[group].append(number)
            count += 1
        }
    }

    override func takeBack(_ input: GroupedRows, column: Column?) throws(SQLError) {
        forEach(input, column) { number, group in
            guard let place = groups[group].firstIndex(of: number) else { return }
            groups[group].remove(at: place)
            count -= 1
        }
    }

    private func forEach(_ input: GroupedRows, _ column: Column?, _ body: (_ number: UInt32, _ group: Int) -> Void) {
        guard let column else { return }
        groups.grow(to: input.groupCount, filling: [])
        let numbers = values.numbers(of: input.rows.map { column.select(rows: $0) } ?? column)
        for index in numbers.indices where numbers[index] != 0 { body(numbers[index], Int(input.groups[index])) }
    }

    override func results(of groups: [UInt32], groupCount: Int) -> Column {
        self.groups.grow(to: groupCount, filling: [])
        let chosen = groups.map { group in
            (isLast ? self.groups[Int(group)].last : self.groups[Int(group)].first) ?? 0
        }
        return values.column(of: chosen).trimmed()
    }

    /// The values of each group, as a batch of one column.
    override func stateColumns(of groups: [UInt32], groupCount: Int) -> [Column] {
        self.groups.grow(to: groupCount, filling: [])
        let schema = Schema([Field("value", type)])
        let batches = groups.map { group -> Batch? in
            let numbers = self.groups[Int(group)]
            guard !numbers.isEmpty else { return nil }
            return Batch(schema: schema, rowCount: numbers.count, columns: [values.column(of: numbers).trimmed()])
        }
        return [GroupBatches.column(batches)]
    }

    override func restore(_ columns: [Column], into groups: [UInt32], groupCount: Int) throws(SQLError) {
        let column = try require(columns.first)
        self.groups.grow(to: groupCount, filling: [])
        for (index, group) in groups.enumerated() {
            count -= self.groups[Int(group)].count
            self.groups[Int(group)] = []
            guard let batch = try GroupBatches.batch(column, index) else { continue }
            let saved = try require(batch.columns.first)
            guard saved.type == type else { throw StateCodec.damaged("the values of an aggregate") }
            self.groups[Int(group)] = values.numbers(of: saved).filter { $0 != 0 }
            count += self.groups[Int(group)].count
        }
    }

    override var byteCount: Int { count * 4 + groups.capacity * 40 + values.byteCount }
}
