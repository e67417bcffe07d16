import Columns
import SQL

/// Aggregates what a shard has read before it goes to the shards of its keys (two phases, as Flink has them: local and
/// global): what is shared out is a row a group, so that a key that most rows have costs its own shard no more than others.
/// Where a piece of the input has about as many keys as rows that only costs; then some pieces go by row.
final class PartialGroups {
    /// A row is shared out for less than a group: it pays from so many rows a group on.
    private static let rowsPerGroup = 3
    /// Pieces that go by row after one that had too many groups.
    private static let pause = 15
    private static let countsField = "$rows"

    private let layout: AggregateLayout
    private var piecesToPass = 0
    /// Groups of the last piece: the next has about as many.
    private var latestGroupCount = 0

    /// `nil` where states are not small, or the order of rows matters.
    init?(_ layout: AggregateLayout) throws(SQLError) {
        let isSmall = try layout.makeAccumulators().allSatisfy(\.hasSmallStates)
        guard isSmall, !layout.isOrdered, !layout.takesBack, !layout.keys.isEmpty else { return nil }
        self.layout = layout
    }

    /// The groups of a piece with their states, for `UpdatingAggregate.merge`; `nil` where its rows go as they are.
    func groups(of batches: [Batch]) throws(SQLError) -> Batch? {
        guard piecesToPass == 0 else {
            piecesToPass -= 1
            return nil
        }
        let state = try GroupState(layout: layout, hasPaneKey: false)
        state.table.reserve(latestGroupCount)
        var counts: [Int64] = []
        for batch in batches where batch.rowCount > 0 {
            let groups = try state.groups(of: batch)
            try state.add(batch, groups: groups)
            counts.grow(to: state.table.count, filling: 0)
            var sums = counts.mutableSpan
            for group in groups { sums[Int(group)] += 1 }
        }
        latestGroupCount = state.table.count
        let rowCount = batches.reduce(0) { $0 + $1.rowCount }
        guard state.table.count * Self.rowsPerGroup <= rowCount else {
            piecesToPass = Self.pause
            return nil
        }
        return state.put { groups in [(Self.countsField, Column(integers: counts, of: groups))] }.rows
    }

    /// The rows of each group in what `groups(of:)` gave.
    static func rowCounts(_ partial: Batch) -> [Int64] { partial.column(countsField)?.int64s ?? [] }
}
