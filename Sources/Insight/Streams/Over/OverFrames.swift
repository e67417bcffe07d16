import Columns
import SQL

/// The frame of each place: places from `firsts[place]` to before `ends[place]`. Within a partition neither goes back
/// from one place to the next.
struct OverFrames {
    private(set) var firsts: [UInt32]
    private(set) var ends: [UInt32]
    /// What is left of each frame where it excludes rows.
    private(set) var pieces: [FramePieces]?

    /// - Parameter key: of `RANGE` with a distance: the order's only key in the order of the places.
    init(_ frame: OverFrame, _ partitions: OverPartitions, key: OverRangeKey?) {
        let count = partitions.rows.count
        firsts = [UInt32](repeating: 0, count: count)
        ends = [UInt32](repeating: 0, count: count)
        for (start, end) in zip(partitions.starts, partitions.starts.dropFirst()) where start < end {
            if frame.unit == .groups {
                setGroups(frame, start..<end, partitions)
            } else {
                setFirsts(frame, start..<end, partitions, key)
                setEnds(frame, start..<end, partitions, key)
            }
            // An empty frame: never beyond its end, so that both only go on.
            for place in start..<end { firsts[place] = min(firsts[place], ends[place]) }
        }
        if frame.exclusion != .none {
            pieces = (0..<count).map { place in
                let isRow = frame.exclusion == .currentRow
                let hole =
                    isRow ? place..<place + 1 : Int(partitions.peerStarts[place])..<Int(partitions.peerEnds[place])
                return FramePieces(
                    Int(firsts[place])..<Int(ends[place]), without: hole,
                    but: frame.exclusion == .ties ? place..<place + 1 : nil)
            }
        }
    }

    /// Frames of `GROUPS`: the places of peers stand beside each other.
    private mutating func setGroups(_ frame: OverFrame, _ places: Range<Int>, _ partitions: OverPartitions) {
        var starts: [Int] = []
        for place in places {
            if Int(partitions.peerStarts[place]) == place { starts.append(place) }
            let group = starts.count - 1
            // By the numbers of groups until all are known.
            firsts[place] = UInt32(clamping: frame.start.group(from: group))
            ends[place] = UInt32(clamping: max(0, frame.end.group(from: group) + 1))
        }
        starts.append(places.upperBound)
        for place in places {
            firsts[place] = UInt32(starts[min(Int(firsts[place]), starts.count - 1)])
            ends[place] = UInt32(starts[min(Int(ends[place]), starts.count - 1)])
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

/// A frame without the rows that it excludes: up to three ranges, in order, any of them empty.
struct FramePieces: Equatable {
    var before: Range<Int>
    var own: Range<Int>
    var after: Range<Int>

    init(_ frame: Range<Int>, without hole: Range<Int>, but own: Range<Int>?) {
        before = frame.clamped(to: min(frame.lowerBound, hole.lowerBound)..<hole.lowerBound)
        self.own = own.map { frame.clamped(to: $0) } ?? hole.upperBound..<hole.upperBound
        after = frame.clamped(to: hole.upperBound..<max(frame.upperBound, hole.upperBound))
    }

    /// Where these places are after some were taken out: `numbers[place]` are left before each.
    func among(_ numbers: [UInt32]) -> FramePieces {
        func moved(_ range: Range<Int>) -> Range<Int> {
            Int(numbers[range.lowerBound])..<Int(numbers[range.upperBound])
        }
        var result = self
        (result.before, result.own, result.after) = (moved(before), moved(own), moved(after))
        return result
    }

    var count: Int { before.count + own.count + after.count }

    /// The place of this number, from 0.
    func place(_ number: Int) -> Int? {
        var rest = number
        for range in [before, own, after] {
            if rest < range.count { return rest < 0 ? nil : range.lowerBound + rest }
            rest -= range.count
        }
        return nil
    }
}

extension OverFrame.Bound {
    /// The number of the group that a frame of `GROUPS` begins or ends with.
    fileprivate func group(from group: Int) -> Int {
        switch self {
        case .unboundedPreceding: 0
        case .preceding(let distance): group - distance.rows
        case .currentRow: group
        case .following(let distance): group + distance.rows
        case .unboundedFollowing: Int(UInt32.max) - 1
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
