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
