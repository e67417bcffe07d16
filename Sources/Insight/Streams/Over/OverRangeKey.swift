import Columns
import SQL

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
                Self.moved(values[place], by: distance, isBack: isBack)
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
                Self.moved(values[place], by: distance, isBack: isBack)
            } isBefore: { place, bound in
                isEnd ? values[place] <= bound : values[place] < bound
            }
        default:
            for place in low..<high { bounds[place] = peers[place] }
        }
    }

    /// `value` back or forth by `distance`; past the end of the type, that end.
    @inline(__always)
    private static func moved<Value: FixedWidthInteger>(_ value: Value, by distance: Value, isBack: Bool) -> Value {
        let (sum, overflow) =
            isBack ? value.subtractingReportingOverflow(distance) : value.addingReportingOverflow(distance)
        return overflow ? (isBack ? .min : .max) : sum
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
