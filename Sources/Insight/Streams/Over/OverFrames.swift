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

/// The key that `RANGE` measures along, in the order of the places, and turned so that it only grows. Nulls, and what
/// is no number, lie at no distance from anything: their frames are their peers.
struct OverRangeKey {
    private enum Values {
        case whole([Int64])
        case number([Double])
        case decimal([Int128])
    }

    private let values: Values
    private let isMeasured: [Bool]

    init?(_ column: Column, isDescending: Bool) {
        switch column.storage {
        case .int64(let values):
            self.values = .whole(isDescending ? values.map { ~$0 } : values)
            isMeasured = values.indices.map { !column.isNull($0) }
        case .float64(let values):
            self.values = .number(isDescending ? values.map { -$0 } : values)
            isMeasured = values.indices.map { !column.isNull($0) && !values[$0].isNaN }
        case .decimal(let values):
            self.values = .decimal(isDescending ? values.map { -$0 } : values)
            isMeasured = values.indices.map { !column.isNull($0) }
        default: return nil
        }
    }

    /// One bound of the frames of a partition's places.
    ///
    /// - Parameters:
    ///   - isBack: the distance is taken away from the value, otherwise added.
    ///   - isEnd: the place behind the last value that is not beyond the bound, otherwise of the first not before it.
    ///   - peers: the bound where a value isn't measured.
    func bounds(
        _ places: Range<Int>, _ distance: OverFrame.Distance, isBack: Bool, isEnd: Bool, peers: [UInt32],
        into bounds: inout [UInt32]
    ) {
        var low = places.lowerBound
        while low < places.upperBound, !isMeasured[low] { low += 1 }
        var high = places.upperBound
        while high > low, !isMeasured[high - 1] { high -= 1 }
        for place in places where place < low || place >= high { bounds[place] = peers[place] }
        switch (values, distance) {
        case (.whole(let values), .whole(let distance)):
            Self.walk(low..<high, into: &bounds) { place in
                let (sum, overflow) =
                    isBack
                    ? values[place].subtractingReportingOverflow(distance)
                    : values[place].addingReportingOverflow(distance)
                return overflow ? (isBack ? .min : .max) : sum
            } isBefore: { place, bound in
                isEnd ? values[place] <= bound : values[place] < bound
            }
        case (.number(let values), .number(let distance)):
            Self.walk(low..<high, into: &bounds) { place in
                isBack ? values[place] - distance : values[place] + distance
            } isBefore: { place, bound in
                isEnd ? values[place] <= bound : values[place] < bound
            }
        case (.decimal(let values), .decimal(let distance, _)):
            Self.walk(low..<high, into: &bounds) { place in
                let (sum, overflow) =
                    isBack
                    ? values[place].subtractingReportingOverflow(distance)
                    : values[place].addingReportingOverflow(distance)
                return overflow ? (isBack ? .min : .max) : sum
            } isBefore: { place, bound in
                isEnd ? values[place] <= bound : values[place] < bound
            }
        default:
            for place in low..<high { bounds[place] = peers[place] }
        }
    }

    /// The first place that isn't before the bound of each place; it only goes on.
    @inline(__always)
    private static func walk<Value>(
        _ places: Range<Int>, into bounds: inout [UInt32], bound: (Int) -> Value, isBefore: (Int, Value) -> Bool
    ) {
        var next = places.lowerBound
        for place in places {
            let limit = bound(place)
            while next < places.upperBound, isBefore(next, limit) { next += 1 }
            bounds[place] = UInt32(next)
        }
    }
}
