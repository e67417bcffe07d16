import Columns
import SQL

/// The frame of each place: places from `firsts[place]` to before `ends[place]`. Within a partition neither goes back
/// from one place to the next.
struct OverFrames {
    private(set) var firsts: [UInt32]
    private(set) var ends: [UInt32]

    /// - Parameter key: of `RANGE` with a distance: the order's only key in the order of the places.
    init(_ frame: OverFrame, _ partitions: OverPartitions, key: OverRangeKey?) {
        let count = partitions.rows.count
        firsts = [UInt32](repeating: 0, count: count)
        ends = [UInt32](repeating: 0, count: count)
        for (start, end) in zip(partitions.starts, partitions.starts.dropFirst()) where start < end {
            setFirsts(frame, start..<end, partitions, key)
            setEnds(frame, start..<end, partitions, key)
            // An empty frame: never beyond its end, so that both only go on.
            for place in start..<end { firsts[place] = min(firsts[place], ends[place]) }
        }
    }

    private mutating func setFirsts(
        _ frame: OverFrame, _ places: Range<Int>, _ partitions: OverPartitions, _ key: OverRangeKey?
    ) {
        let isRange = frame.unit == .range
        switch frame.start {
        case .unboundedPreceding:
            for place in places { firsts[place] = UInt32(places.lowerBound) }
        case .currentRow:
            for place in places { firsts[place] = isRange ? partitions.peerStarts[place] : UInt32(place) }
        case .preceding(let distance):
            if isRange, let key {
                key.bounds(places, distance, isBack: true, isEnd: false, peers: partitions.peerStarts, into: &firsts)
            } else {
                let rows = distance.rows
                for place in places { firsts[place] = UInt32(max(places.lowerBound, place - rows)) }
            }
        case .following(let distance):
            if isRange, let key {
                key.bounds(places, distance, isBack: false, isEnd: false, peers: partitions.peerStarts, into: &firsts)
            } else {
                let rows = distance.rows
                for place in places { firsts[place] = UInt32(min(places.upperBound, place + rows)) }
            }
        case .unboundedFollowing:
            for place in places { firsts[place] = UInt32(places.upperBound) }
        }
    }

    private mutating func setEnds(
        _ frame: OverFrame, _ places: Range<Int>, _ partitions: OverPartitions, _ key: OverRangeKey?
    ) {
        let isRange = frame.unit == .range
        switch frame.end {
        case .unboundedFollowing:
            for place in places { ends[place] = UInt32(places.upperBound) }
        case .currentRow:
            for place in places { ends[place] = isRange ? partitions.peerEnds[place] : UInt32(place + 1) }
        case .preceding(let distance):
            if isRange, let key {
                key.bounds(places, distance, isBack: true, isEnd: true, peers: partitions.peerEnds, into: &ends)
            } else {
                let rows = distance.rows
                for place in places { ends[place] = UInt32(max(places.lowerBound, place + 1 - rows)) }
            }
        case .following(let distance):
            if isRange, let key {
                key.bounds(places, distance, isBack: false, isEnd: true, peers: partitions.peerEnds, into: &ends)
            } else {
                let rows = distance.rows
                for place in places { ends[place] = UInt32(min(places.upperBound, place + 1 + rows)) }
            }
        case .unboundedPreceding:
            for place in places { ends[place] = UInt32(places.lowerBound) }
        }
    }
}

extension OverFrame.Distance {
    /// As a number of rows.
    var rows: Int {
        switch self {
        case .whole(let rows): Int(clamping: rows)
        case .number(let rows): Int(rows)
        case .decimal(let rows, _): Int(clamping: rows)
        }
    }
}
