/// Which groups of a state a record of the checkpoints has to hold, so that the records since some earlier one hold them
/// all: the groups that changed since the record before, and in turn some of those that did not, so that old records
/// fall out of use. No record costs more than what changed, and a share of the rest.
struct GroupChanges {
    /// A record takes at least this share of the groups, so that a state is in at most as many records.
    private static let leastShare = 32
    private static let leastGroups = 1_024

    /// What one record is to hold.
    struct Share {
        /// Ascending.
        let groups: [UInt32]
        /// The first record of those that together hold all groups; `nil` where this one does.
        let since: Int64?
    }

    /// Nothing is noted before the first record, which holds everything: who makes no checkpoints pays nothing.
    private var isNoting = false
    /// Groups of the batches since the last record, many of them several times.
    private var touched: [UInt32] = []
    /// Where the next record goes on with the groups that did not change.
    private var cursor = 0
    /// The record with which the running turn over all groups began.
    private var turnBegan: Int64 = 0
    private var since: Int64 = 0

    /// The groups there are by now are those of the records from `since` on.
    mutating func resume(since: Int64) {
        isNoting = true
        touched = []
        self.since = since
        // The running turn was forgotten: another begins.
        cursor = 0
    }

    /// - Parameter groups: of the rows of a batch.
    mutating func note(_ groups: [UInt32], groupCount: Int) {
        guard isNoting else { return }
        // A second list of numbers is never longer than what it says is worth.
        if touched.count > max(groupCount, 65_536) { touched = NumberSet.distinct(touched, count: groupCount) }
        touched.append(contentsOf: groups)
    }

    /// What a state is to hold of the groups of `range`. The records that it goes into count up.
    mutating func take(_ range: Range<Int>, for state: OperatorState) -> Share {
        func all() -> Share { Share(groups: range.map { UInt32($0) }, since: nil) }
        guard let sequence = state.sequence else { return all() }
        defer { touched = [] }
        guard isNoting, !state.isWhole else {
            resume(since: sequence)
            return all()
        }
        var wanted = NumberSet(count: range.upperBound)
        let changed = wanted.insert(touched)
        if cursor == 0 { turnBegan = sequence }
        let next = cursor + max(changed, range.upperBound / Self.leastShare, Self.leastGroups)
        wanted.insert(cursor..<min(next, range.upperBound))
        cursor = next
        if cursor >= range.upperBound {
            since = turnBegan
            cursor = 0
        }
        return Share(groups: wanted.members(from: range.lowerBound), since: since)
    }
}
