import Columns
import SQL

/// `GROUP BY` over a bounded input: answers when the input ends. Windows are keys like others here, since rows may
/// come in any order and all of them count.
struct HashAggregate: ~Copyable, StreamOperator {
    private let layout: AggregateLayout
    let state: GroupState

    init(layout: AggregateLayout) throws(SQLError) {
        self.layout = layout
        self.state = try GroupState(layout: layout, hasPaneKey: layout.windows != nil)
    }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) { try state.add(batch) }

    mutating func finish(output: inout [Batch]) throws(SQLError) {
        var result = state
        if let windows = layout.windows, windows.panesPerWindow > 1 {
            // The pane at `start` belongs to the windows that start there and up to a size less a slide before.
            let merged = try GroupState(layout: layout, hasPaneKey: true)
            for step in 0..<windows.panesPerWindow {
                try merged.merge(state, paneShift: -Int64(step) * windows.slideMicroseconds)
            }
            result = merged
        }
        result.finish(windowStart: nil).appendPieces(to: &output)
    }

    var stateBytes: Int { state.byteCount }
}
