import Bytes
import Columns
import SQL

/// `COUNT(DISTINCT x)`, and `SUM` and `AVG` of distinct integers: how often each value is in the frame.
final class OverDistinctRunner: OverRunner {
    private let call: OverCall
    private let function: AggregateCall.Function
    private let isSliding: Bool
    private var dictionary: KeyDictionary
    private var pairs = IntegerTable(capacity: 16)
    /// Of each pair of a partition and a value.
    private var uses: [UInt32] = []
    /// Of each row of the history: its pair, or -1.
    private var pairOfRow: [Int] = []
    /// Of each partition: the first row that is still counted, and what is counted.
    private var counted: [Int] = []
    private var totals: [OverWholeTotal] = []

    init(_ call: OverCall, _ function: AggregateCall.Function, isSliding: Bool) {
        self.call = call
        self.function = function
        self.isSliding = isSliding
        let type = call.argument?.type.fieldType ?? .int64
        dictionary = KeyDictionary(type: type)
        super.init(argumentType: type)
    }

    override func advance(
        _ run: OverRun, _ history: inout OverHistory, _ argument: Column?, _ frames: OverCursor.Frames?,
        isReplay: Bool
    ) -> Column? {
        guard let argument else { return nil }
        totals.grow(to: run.partitionCount, filling: OverWholeTotal())
        counted.grow(to: run.partitionCount, filling: OverHistory.none)
        let numbers = dictionary.numbers(of: argument)
        let summands = argument.int64s
        var after: [OverWholeTotal] = []
        after.reserveCapacity(run.count)
        for (index, partition) in run.partitions.enumerated() {
            let (place, partition) = (run.base + index, Int(partition))
            if numbers[index] == 0 {
                pairOfRow.append(OverHistory.none)
            } else {
                let pair = pairs.insert(UInt64(partition) << 32 | UInt64(numbers[index]))
                uses.grow(to: pair + 1, filling: 0)
                pairOfRow.append(pair)
                uses[pair] += 1
                if uses[pair] == 1 {
                    totals[partition].add(summands?[index] ?? 0)
                    if !isSliding { history.isPinned[place] = true }
                }
            }
            if isSliding, counted[partition] < 0 { counted[partition] = place }
            if let frames { letGo(before: frames.firsts[index], of: partition, history) }
            after.append(totals[partition])
        }
        if isReplay { return nil }
        if call.frame.unit == .range { after = run.peerEnds.map { after[Int($0) - 1] } }
        return OverWholeTotal.column(after, function, call.type)
    }

    private func letGo(before first: Int, of partition: Int, _ history: OverHistory) {
        while counted[partition] >= 0, counted[partition] < first {
            let place = counted[partition]
            counted[partition] = history.next[place]
            let pair = pairOfRow[place]
            guard pair >= 0 else { continue }
            uses[pair] -= 1
            guard uses[pair] == 0 else { continue }
            let value = values?.integer(place) ?? 0
            totals[partition] = totals[partition] - OverWholeTotal(count: 1, sum: value)
        }
    }

    override func forgetHistory() {
        super.forgetHistory()
        dictionary = KeyDictionary(type: argumentType ?? .int64)
        pairs = IntegerTable(capacity: 16)
        (uses, pairOfRow, counted, totals) = ([], [], [], [])
    }

    override var byteCount: Int {
        super.byteCount + dictionary.byteCount + pairs.memoryBytes + uses.capacity * 4
            + (pairOfRow.capacity + counted.capacity) * 8 + totals.capacity * 16
    }
}
