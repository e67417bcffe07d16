import Columns
import SQL

extension OverStream {
    func saveState(into state: inout OperatorState) throws(SQLError) {
        state[number: "watermark"] = watermark
        state[number: "late_rows"] = Int64(lateRows)
        if !pending.batches.isEmpty { state.append(pending.batches, as: "pending") }
        if hasRunningState || timeToLive != nil {
            let range = groups.firstGroup..<groups.count
            let touched = touched
            var parts: [(String, Column)] = []
            for (index, key) in groups.keys().enumerated() { parts.append(("key \(index)", key.slice(range))) }
            for (name, runner) in runners {
                for (index, column) in runner.stateColumns(partitionCount: groups.count).enumerated() {
                    parts.append(("\(name)#\(index)", column.slice(range)))
                }
            }
            parts.append((Self.touchedField, .integers(range.map { $0 < touched.count ? touched[$0] : .min })))
            state.append([Self.table(parts, rowCount: range.count)], as: "partitions")
        }
        if history.count > 0 {
            let places = Array(0..<history.count)
            var parts = groups.keys().enumerated().map { index, key in
                ("key \(index)", key.select(rows: history.partitions).trimmed())
            }
            parts.append(("time", .integers(history.times)))
            for (name, runner) in runners {
                if let values = runner.values { parts.append(("value \(name)", values.column(places))) }
            }
            state.append([Self.table(parts, rowCount: history.count)], as: "rows")
        }
    }

    private static let touchedField = "$touched"

    var runners: [(name: String, runner: OverRunner)] {
        var all: [(name: String, runner: OverRunner)] = functions.map { ($0.layout.name, $0.runner) }
        if let limiter { all.append(("limit", limiter)) }
        return all
    }

    private static func table(_ parts: [(String, Column)], rowCount: Int) -> Batch {
        Batch(
            schema: Schema(parts.map { Field($0.0, $0.1.type) }), rowCount: rowCount, columns: parts.map(\.1))
    }

    func savedKeys(_ places: [Int], of table: String, _ rows: Batch) throws(SQLError) -> [Column] {
        // Rows that wait are as they came; of the others the keys come first.
        let keys = table == "pending" ? try layout.partitionKeys(rows) : rows.columns
        return places.map { keys[$0] }
    }

    mutating func loadState(from state: OperatorState) throws(SQLError) -> [String] {
        watermark = state[number: "watermark"] ?? .min
        lateRows = Int(state[number: "late_rows"] ?? 0)
        if watermark != .min { timeToLive?.resume(at: watermark) }
        for batch in state.batches("pending") {
            guard batch.schema == pending.schema else {
                throw SQLError(code: .stateMismatch, message: "the rows that wait were saved of other columns")
            }
            _ = pending.append(batch, after: nil)
        }
        var fresh: Set<String> = []
        for batch in state.batches("partitions") {
            let partitions = try numbers(batch)
            let times = batch.column(Self.touchedField)?.int64s
            touched.grow(to: groups.count, filling: watermark)
            for (row, partition) in partitions.enumerated() { touched[Int(partition)] = times?[row] ?? watermark }
            for (name, runner) in runners where runner.isRunning {
                var columns: [Column] = []
                while let column = batch.column("\(name)#\(columns.count)") { columns.append(column) }
                if columns.isEmpty {
                    fresh.insert("\(name) begins anew")
                } else {
                    try runner.restore(columns, into: partitions, partitionCount: groups.count)
                }
            }
        }
        let rows = state.batches("rows")
        guard !rows.isEmpty else { return fresh.sorted() }
        try loadRows(Batch.concatenate(rows), &fresh)
        return fresh.sorted()
    }

    private mutating func loadRows(_ batch: Batch, _ fresh: inout Set<String>) throws(SQLError) {
        guard let times = batch.column("time")?.int64s else { throw StateCodec.damaged("the times of rows") }
        let partitions = try numbers(batch)
        touched.grow(to: groups.count, filling: watermark)
        var arguments: [Column?] = []
        for function in functions {
            guard let type = function.runner.argumentType else {
                arguments.append(nil)
                continue
            }
            let saved = batch.column("value \(function.layout.name)")
            if saved?.type != type { fresh.insert("\(function.layout.name) begins anew") }
            arguments.append(saved?.type == type ? saved : .nulls(type, count: batch.rowCount))
        }
        replay(partitions, times, arguments)
    }

    private mutating func numbers(_ batch: Batch) throws(SQLError) -> [UInt32] {
        var keys: [Column] = []
        for (index, type) in layout.partitionTypes.enumerated() {
            guard let key = batch.column("key \(index)"), key.type == type else {
                throw SQLError(code: .stateMismatch, message: "rows were saved of other partitions")
            }
            keys.append(key)
        }
        return groups.groups(of: keys, rowCount: batch.rowCount)
    }
}
