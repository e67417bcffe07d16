import Columns
import SQL

/// `GROUP BY` over a bounded input: answers when the input ends. Windows are keys like others here, since rows may
/// come in any order and all of them count. (Windows put together from panes are `WindowAggregate`'s.)
struct HashAggregate: ~Copyable, StreamOperator {
    let state: GroupState

    init(layout: AggregateLayout) throws(SQLError) {
        self.state = try GroupState(layout: layout, hasPaneKey: layout.windows != nil)
    }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) { try state.add(batch) }

    mutating func finish(output: inout [Batch]) throws(SQLError) {
        state.finish(windowStart: nil).appendPieces(to: &output)
    }

    mutating func absorb(_ other: borrowing HashAggregate) throws(SQLError) { try state.merge(other.state) }

    var stateBytes: Int { state.byteCount }
}
