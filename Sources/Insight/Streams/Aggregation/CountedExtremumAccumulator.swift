import Columns
import SQL

/// `MIN` and `MAX` over rows that may be taken back. Each group keeps a heap of its values; one that has left is
/// thrown out when it comes to the top.
final class CountedExtremumAccumulator: Accumulator {
    private let type: FieldType
    private let isMaximum: Bool
    private var values: CountedValues
    /// Pairs of `values` by group, the best first.
    private var heaps: [[Int]] = []
    /// Whether a pair is in its group's heap, dead or alive.
    private var isHeld: [Bool] = []
    private var heldCount = 0

    init(type: FieldType, isMaximum: Bool) {
        self.type = type
        self.isMaximum = isMaximum
        self.values = CountedValues(type: type)
    }

    override func update(_ input: GroupedRows, column: Column?) throws(SQLError) {
        guard let column else { return }
        heaps.grow(to: input.groupCount, filling: [])
        var arrived: [Int] = []
        values.add(input, column) { _, pair in arrived.append(pair) }
        for pair in arrived { hold(pair) }
    }

    override func takeBack(_ input: GroupedRows, column: Column?) throws(SQLError) {
        guard let column else { return }
        heaps.grow(to: input.groupCount, filling: [])
        values.takeBack(input, column) { _, _ in }
    }

    override func results(of groups: [UInt32], groupCount: Int) -> Column {
        heaps.grow(to: groupCount, filling: [])
        return values.column(of: groups.map { best(of: Int($0)) })
    }

    override func stateColumns(of groups: [UInt32], groupCount: Int) -> [Column] {
        [values.stateColumn(of: groups, groupCount: groupCount)]
    }

    override func restore(_ columns: [Column], into groups: [UInt32], groupCount: Int) throws(SQLError) {
        heaps.grow(to: groupCount, filling: [])
        var restored: [Int] = []
        try values.restore(try require(columns.first), into: groups, groupCount: groupCount) { restored.append($0) }
        for pair in restored { hold(pair) }
    }

    override var byteCount: Int { values.byteCount + heaps.capacity * 8 + heldCount * 9 }

    // MARK: Heaps

    private func isBetter(_ left: Int, _ right: Int) -> Bool {
        isMaximum ? values.isLess(right, left) : values.isLess(left, right)
    }

    private func hold(_ pair: Int) {
        isHeld.grow(to: pair + 1, filling: false)
        guard !isHeld[pair] else { return }
        isHeld[pair] = true
        heldCount += 1
        let group = values.group(pair)
        heaps[group].append(pair)
        var place = heaps[group].count - 1
        while place > 0 {
            let parent = (place - 1) / 2
            guard isBetter(heaps[group][place], heaps[group][parent]) else { return }
            heaps[group].swapAt(place, parent)
            place = parent
        }
    }

    private func best(of group: Int) -> Int? {
        while let top = heaps[group].first {
            if values.counts[top] > 0 { return top }
            isHeld[top] = false
            heldCount -= 1
            let last = heaps[group].removeLast()
            guard !heaps[group].isEmpty else { return nil }
            heaps[group][0] = last
            sink(group)
        }
        return nil
    }

    private func sink(_ group: Int) {
        let count = heaps[group].count
        var place = 0
        while true {
            var best = place
            for child in [2 * place + 1, 2 * place + 2]
            where child < count && isBetter(heaps[group][child], heaps[group][best]) {
                best = child
            }
            guard best != place else { return }
            heaps[group].swapAt(place, best)
            place = best
        }
    }
}
