import Columns
import SQL

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
