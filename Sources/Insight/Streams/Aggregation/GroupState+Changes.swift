import Columns
import SQL

extension GroupState {
    /// What the output says of some groups: keys, then results.
    ///
    /// - Parameter windowStart: the start of the window this state is of; with a pane key each group has its own.
    func results(of groups: [UInt32], windowStart: Int64? = nil) -> [Column] {
        let keys = table.keys(of: groups)
        var columns: [Column] = []
        columns.reserveCapacity(layout.keyOrigins.count + accumulators.count)
        let size = layout.windows?.sizeMicroseconds ?? 0
        func time(_ shift: Int64) -> Column {
            let values =
                windowStart.map { Array(repeating: $0 &+ shift, count: groups.count) }
                ?? keys.last?.int64s?.map { $0 &+ shift } ?? []
            return Column(type: .timestamp, count: groups.count, validity: nil, storage: .int64(values))
        }
        for origin in layout.keyOrigins {
            switch origin {
            case .group(let index): columns.append(keys[index])
            case .windowStart: columns.append(time(0))
            case .windowEnd: columns.append(time(size))
            // Flink: the last millisecond that belongs to the window.
            case .windowTime: columns.append(time(size - 1_000))
            }
        }
        for accumulator in accumulators {
            columns.append(accumulator.results(of: groups, groupCount: table.count))
        }
        return columns
    }
}
