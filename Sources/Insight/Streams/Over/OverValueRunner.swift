import Bytes
import Columns
import SQL

/// `MIN` and `MAX`, and `FIRST_VALUE` and `LAST_VALUE` that pass over nulls: a queue a partition of the rows that may
/// become the one, each better than those behind it. Where frames begin with the partition it holds one row.
final class OverQueueRunner: OverRunner {
    enum Choice {
        case least
        case greatest
        case first
        case last
    }

    private let choice: Choice
    private let isSliding: Bool
    private let endsWithPeers: Bool
    /// Of each partition: the best, and the latest.
    private var fronts: [Int] = []
    private var backs: [Int] = []
    /// Of each row of the history: those before and behind it in its queue.
    private var earlier: [Int] = []
    private var later: [Int] = []

    init(_ choice: Choice, _ call: OverCall, isSliding: Bool) {
        self.choice = choice
        self.isSliding = isSliding
        endsWithPeers = call.frame.unit == .range
        super.init(argumentType: call.argument?.type.fieldType ?? .int64)
    }

    override func advance(
        _ run: OverRun, _ history: inout OverHistory, _ argument: Column?, _ frames: OverCursor.Frames?,
        isReplay: Bool
    ) -> Column? {
        guard let values else { return nil }
        fronts.grow(to: run.partitionCount, filling: OverHistory.none)
        backs.grow(to: run.partitionCount, filling: OverHistory.none)
        var found: [Int] = []
        found.reserveCapacity(run.count)
        for (index, partition) in run.partitions.enumerated() {
            let (place, partition) = (run.base + index, Int(partition))
            earlier.append(OverHistory.none)
            later.append(OverHistory.none)
            if !values.isNull(place) { push(place, partition, values) }
            if let frames {
                while fronts[partition] >= 0, fronts[partition] < frames.firsts[index] { pop(partition) }
            }
            found.append(fronts[partition])
        }
        if isReplay { return nil }
        if endsWithPeers { found = run.peerEnds.map { found[Int($0) - 1] } }
        return values.column(found)
    }

    private func push(_ place: Int, _ partition: Int, _ values: OverValueStore) {
        if choice == .first, !isSliding, fronts[partition] >= 0 { return }
        while backs[partition] >= 0, isBetter(place, than: backs[partition], values) {
            backs[partition] = earlier[backs[partition]]
        }
        let back = backs[partition]
        if back < 0 {
            fronts[partition] = place
        } else if isSliding {
            later[back] = place
            earlier[place] = back
        } else {
            return
        }
        backs[partition] = place
    }

    private func pop(_ partition: Int) {
        let front = later[fronts[partition]]
        fronts[partition] = front
        if front < 0 { backs[partition] = OverHistory.none } else { earlier[front] = OverHistory.none }
    }

    private func isBetter(_ new: Int, than old: Int, _ values: OverValueStore) -> Bool {
        switch choice {
        case .least: values.isLess(new, old)
        case .greatest: values.isLess(old, new)
        case .first: false
        case .last: true
        }
    }

    override func forgetHistory() {
        super.forgetHistory()
        (fronts, backs, earlier, later) = ([], [], [], [])
    }

    override func markNeeded(_ needed: inout [Bool]) {
        guard !isSliding else { return }
        for front in fronts where front >= 0 { needed[front] = true }
    }

    override var byteCount: Int {
        super.byteCount + (fronts.capacity + backs.capacity + earlier.capacity + later.capacity) * 8
    }
}

/// `LAG`, and `FIRST_VALUE`, `LAST_VALUE` and `NTH_VALUE` with nulls: the value of a row that the frame names.
final class OverPlaceRunner: OverRunner {
    /// Of `LAG`: what stands where there is no such row, over the run that comes next.
    var otherwise: Column?
    private let call: OverCall
    private let isSliding: Bool
    /// The first row of each partition, where frames begin with it.
    private var firsts: [Int] = []

    init(_ call: OverCall, isSliding: Bool) {
        self.call = call
        self.isSliding = isSliding
        super.init(argumentType: call.argument?.type.fieldType ?? .int64)
    }

    override func advance(
        _ run: OverRun, _ history: inout OverHistory, _ argument: Column?, _ frames: OverCursor.Frames?,
        isReplay: Bool
    ) -> Column? {
        firsts.grow(to: run.partitionCount, filling: OverHistory.none)
        let endsWithPeers = call.frame.unit == .range
        var found: [Int] = []
        found.reserveCapacity(run.count)
        for (index, partition) in run.partitions.enumerated() {
            let (place, partition) = (run.base + index, Int(partition))
            if firsts[partition] < 0 { firsts[partition] = place }
            let first = frames?.firsts[index] ?? firsts[partition]
            switch call.function {
            case .shift(let distance):
                let isThere = frames.map { $0.sizes[index] == 1 - Int(distance) } ?? true
                found.append(isThere ? first : OverHistory.none)
            case .lastValue: found.append(endsWithPeers ? run.base + Int(run.peerEnds[index]) - 1 : place)
            case .nthValue(let number):
                let end = endsWithPeers ? run.base + Int(run.peerEnds[index]) - 1 : place
                found.append(Self.nth(number, from: first, through: end, history))
            default: found.append(first)
            }
        }
        guard !isReplay, let column = values?.column(found) else { return nil }
        guard let otherwise, found.contains(OverHistory.none) else { return column }
        let rows = found.enumerated().map { UInt32($1 < 0 ? found.count + $0 : $0) }
        return Column.concatenate([column, otherwise], type: column.type).select(rows: rows).trimmed()
    }

    private static func nth(_ number: Int64, from first: Int, through end: Int, _ history: OverHistory) -> Int {
        var place = first
        for _ in 1..<max(number, 1) {
            if place < 0 || place >= end { return OverHistory.none }
            place = history.next[place]
        }
        return place
    }

    override func forgetHistory() {
        super.forgetHistory()
        firsts = []
    }

    override func markNeeded(_ needed: inout [Bool]) {
        guard !isSliding, call.function == .firstValue else { return }
        for first in firsts where first >= 0 { needed[first] = true }
    }

    override var byteCount: Int { super.byteCount + firsts.capacity * 8 }
}

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
