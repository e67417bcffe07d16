import Columns
import SQL

/// `MIN` and `MAX` of text, bytes and JSON, by bytes; `FIRST_VALUE` and `LAST_VALUE` of them.
final class ByteExtremumAccumulator: Accumulator {
    private let type: FieldType
    private let choice: ValueChoice
    private var bests: [[UInt8]?] = []
    private var heapBytes = 0

    init(type: FieldType, choice: ValueChoice) {
        self.type = type
        self.choice = choice
    }

    override func update(_ input: GroupedRows, column: Column?) throws(SQLError) {
        guard let column else { return }
        bests.grow(to: input.groupCount, filling: nil)
        switch column.storage {
        case .byteStrings(let strings):
            input.forEach { row, group in offer(strings.bytes[strings.range(row)], to: group) }
        case .dictionary(let codes, let values):
            input.forEach { row, group in offer(values.bytes[values.range(Int(codes[row]))], to: group) }
        default: return
        }
    }

    override func merge(_ other: Accumulator, into groups: [UInt32], groupCount: Int) throws(SQLError) {
        guard let other = other as? ByteExtremumAccumulator else { return }
        bests.grow(to: groupCount, filling: nil)
        for (group, best) in zip(groups, other.bests) {
            if let best { offer(best[...], to: Int(group)) }
        }
    }

    override func stateColumns(of groups: [UInt32], groupCount: Int) -> [Column] {
        [column(groups, groupCount: groupCount)]
    }

    override func results(of groups: [UInt32], groupCount: Int) -> Column { column(groups, groupCount: groupCount) }

    private func column(_ groups: [UInt32], groupCount: Int) -> Column {
        bests.grow(to: groupCount, filling: nil)
        var strings = ByteStrings()
        var validity = Bitmap(repeating: true, count: groups.count)
        var hasNull = false
        for (row, group) in groups.enumerated() {
            if let best = bests[Int(group)] {
                strings.append(best)
            } else {
                strings.append([])
                validity[row] = false
                hasNull = true
            }
        }
        return Column(
            type: type, count: groups.count, validity: hasNull ? validity : nil, storage: .byteStrings(strings))
    }

    override func restore(_ columns: [Column], into groups: [UInt32], groupCount: Int) throws(SQLError) {
        let column = try require(columns.first)
        bests.grow(to: groupCount, filling: nil)
        for (index, group) in groups.enumerated() {
            if let best = column.bytes(index) { offer(best, to: Int(group)) }
        }
    }

    override var hasSmallStates: Bool { true }

    override var byteCount: Int { bests.capacity * 8 + heapBytes }

    private func offer(_ value: ArraySlice<UInt8>, to group: Int) {
        if let best = bests[group] {
            let isBetter =
                switch choice {
                case .maximum: best.lexicographicallyPrecedes(value)
                case .minimum: value.lexicographicallyPrecedes(best)
                case .first: false
                case .last: true
                }
            guard isBetter else { return }
            heapBytes -= best.count + 32
        }
        bests[group] = Array(value)
        heapBytes += value.count + 32
    }
}
