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
        /// Places of rows, ascending.
        let places: [UInt32]
        /// Numbers of rows that earlier records hold.
        let gone: [UInt32]
        /// The first record of those that together hold all rows; `nil` where this one does.
        let since: Int64?
    }

    /// Nothing is noted before the first record, which holds everything: who makes no checkpoints pays nothing.
    private var isNoting = false
    /// Places before this are in a record.
    private var recorded = 0
    /// Of them, those that changed since the last one, in no order, some several times.
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
        guard isNoting, place < recorded else { return }
        // A second list of places is never longer than what it says is worth.
        if touched.count > max(recorded, 65_536) { touched = NumberSet.distinct(touched, count: recorded) }
        touched.append(UInt32(place))
    }

    mutating func lose(_ place: Int, number: UInt32) {
        if isNoting, place < recorded { gone.append(number) }
    }

    /// The rows that were kept move up.
    ///
    /// - Parameter isKept: by place.
    mutating func compact(count: Int, _ isKept: (Int) -> Bool) {
        guard isNoting else { return }
        var changed = NumberSet(count: count)
        changed.insert(touched)
        var (place, newRecorded, newCursor) = (0, 0, 0)
        touched = []
        for old in 0..<count {
            if old == recorded { newRecorded = place }
            if old == cursor { newCursor = place }
            guard isKept(old) else { continue }
            if old < recorded, changed.contains(old) { touched.append(UInt32(place)) }
            place += 1
        }
        if recorded >= count { newRecorded = place }
        if cursor >= count { newCursor = place }
        (recorded, cursor) = (newRecorded, newCursor)
    }

    /// What a state is to hold of so many rows. The records that it goes into count up.
    mutating func take(rows count: Int, for state: OperatorState) -> Share {
        func all() -> Share { Share(places: (0..<count).map { UInt32($0) }, gone: [], since: nil) }
        guard let sequence = state.sequence else { return all() }
        guard isNoting, !state.isWhole else {
            resume(since: sequence, rows: count)
            return all()
        }
        if cursor == 0 { turnBegan = sequence }
        var wanted = NumberSet(count: count)
        let changed = wanted.insert(touched) + count - recorded
        let end = min(cursor + max(changed, recorded / Self.leastShare, Self.leastRows), recorded)
        wanted.insert(cursor..<end)
        wanted.insert(recorded..<count)
        let share = Share(places: wanted.members(from: 0), gone: gone, since: end == recorded ? turnBegan : since)
        if end == recorded {
            since = turnBegan
            cursor = 0
        } else {
            cursor = end
        }
        (touched, gone, recorded) = ([], [], count)
        return share
    }
}
