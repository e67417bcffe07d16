/// Which rows of an operator a record of the checkpoints has to hold, so that the records since some earlier one hold them
/// all: those that came or changed since the record before, and in turn some of the others, so that old records fall
/// out of use (`GroupChanges` does so for groups). Rows that are gone are told by their numbers, which no other row
/// gets.
struct RowChanges {
    /// A record takes at least this share of the rows, so that a state is in at most as many records.
    private static let leastShare = 32
    private static let leastRows = 1_024

    /// What one record is to hold.
    struct Share {
        /// Places of rows, ascending and apart.
        let places: [Range<Int>]
        /// Numbers of rows that earlier records hold.
        let gone: [UInt32]
        /// The first record of those that together hold all rows; `nil` where this one does.
        let since: Int64?
    }

    /// Nothing is noted before the first record, which holds everything: who makes no checkpoints pays nothing.
    private var isNoting = false
    /// Places before this are in a record.
    private var recorded = 0
    /// Of them, those that changed since the last one, in no order.
    private var touched: [UInt32] = []
    private var gone: [UInt32] = []
    /// Where the next record goes on with the rows that did not change.
    private var cursor = 0
    /// The record with which the running turn over all rows began.
    private var turnBegan: Int64 = 0
    private var since: Int64 = 0

    /// The rows there are by now are those of the records from `since` on.
    mutating func resume(since: Int64, rows count: Int) {
        self = RowChanges()
        isNoting = true
        recorded = count
        self.since = since
    }

    mutating func touch(_ place: Int) {
        if isNoting, place < recorded { touched.append(UInt32(place)) }
    }

    mutating func lose(_ place: Int, number: UInt32) {
        if isNoting, place < recorded { gone.append(number) }
    }

    /// The rows that were kept move up.
    ///
    /// - Parameter isKept: by place.
    mutating func compact(count: Int, _ isKept: (Int) -> Bool) {
        guard isNoting else { return }
        let changed = Set(touched)
        var (place, newRecorded, newCursor) = (0, 0, 0)
        touched = []
        for old in 0..<count {
            if old == recorded { newRecorded = place }
            if old == cursor { newCursor = place }
            guard isKept(old) else { continue }
            if old < recorded, changed.contains(UInt32(old)) { touched.append(UInt32(place)) }
            place += 1
        }
        if recorded >= count { newRecorded = place }
        if cursor >= count { newCursor = place }
        (recorded, cursor) = (newRecorded, newCursor)
    }

    /// What a state is to hold of so many rows. The records that it goes into count up.
    mutating func take(rows count: Int, for state: OperatorState) -> Share {
        let all = Share(places: [0..<count], gone: [], since: nil)
        guard let sequence = state.sequence else { return all }
        guard isNoting, !state.isWhole else {
            resume(since: sequence, rows: count)
            return all
        }
        if cursor == 0 { turnBegan = sequence }
        let changed = touched.count + count - recorded
        let end = min(cursor + max(changed, recorded / Self.leastShare, Self.leastRows), recorded)
        let places = Self.ranges(touched, and: [cursor..<end, recorded..<count])
        let share = Share(places: places, gone: gone, since: end == recorded ? turnBegan : since)
        if end == recorded {
            since = turnBegan
            cursor = 0
        } else {
            cursor = end
        }
        (touched, gone, recorded) = ([], [], count)
        return share
    }

    /// - Parameter ranges: ascending and apart.
    private static func ranges(_ places: [UInt32], and ranges: [Range<Int>]) -> [Range<Int>] {
        var all: [Range<Int>] = ranges.filter { !$0.isEmpty }
        let alone = Set(places).filter { place in !ranges.contains { $0.contains(Int(place)) } }
        for place in alone { all.append(Int(place)..<Int(place) + 1) }
        all.sort { $0.lowerBound < $1.lowerBound }
        var joined: [Range<Int>] = []
        for range in all {
            if let last = joined.last, last.upperBound == range.lowerBound {
                joined[joined.count - 1] = last.lowerBound..<range.upperBound
            } else {
                joined.append(range)
            }
        }
        return joined
    }
}
