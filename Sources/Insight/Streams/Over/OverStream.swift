import Columns
import SQL

/// `OVER (… ORDER BY time …)` of a live query: rows wait for the watermark and come out in the order of time, each with
/// what the functions make of it and the rows of its partition before it. Of those only what later frames reach is kept.
struct OverStream: ~Copyable, StreamOperator {
    /// How the time that rows are ordered by goes with the watermark.
    struct Clock {
        let column: Int
        /// Added to the watermark: no row up to there is still to come.
        var shift: Int64 = 0
        /// Rows come when their window has closed, and are in time whatever the watermark.
        var isNeverLate = false

        func time(_ watermark: Int64) -> Int64 {
            let (time, overflow) = watermark.addingReportingOverflow(shift)
            return overflow ? (shift < 0 ? .min : .max) : time
        }
    }

    /// Rows of the history beyond twice those that were needed before it is thinned out.
    private static let slack = 4_096

    private let layout: OverLayout
    private let clock: Clock
    private let functions: [OverFunction]
    /// Finds the rows that a bound on a rank lets through.
    private let limiter: OverRankRunner?
    private let hasRunningState: Bool
    private let keepsHistory: Bool
    private var pending: PendingRows
    private var groups: GroupTable
    private var history = OverHistory()
    private var cursors: [OverCursor]
    private var neededRows = 0
    private var watermark = Int64.min
    private(set) var lateRows = 0

    /// - Throws: `unsupported` for functions and frames that look at rows which are still to come.
    init(layout: OverLayout, clock: Clock, pending: PendingRows) throws(SQLError) {
        var cursors: [OverCursor] = []
        var functions: [OverFunction] = []
        for call in layout.calls {
            functions.append(try OverFunction(call, orderCount: layout.order.count, cursors: &cursors))
        }
        self.layout = layout
        self.clock = clock
        self.functions = functions
        self.cursors = cursors
        self.pending = pending
        limiter = layout.limit.map { OverRankRunner($0.ranking) }
        hasRunningState = limiter != nil || functions.contains { $0.runner.isRunning }
        keepsHistory = functions.contains { $0.runner.argumentType != nil }
        groups = GroupTable(types: layout.partitionTypes)
    }

    var stateBytes: Int {
        var total = pending.byteCount + groups.byteCount + history.byteCount + (limiter?.byteCount ?? 0)
        for cursor in cursors { total += cursor.byteCount }
        for function in functions { total += function.runner.byteCount }
        return total
    }

    var keeps: String? {
        var parts = ["rows until the watermark"]
        if hasRunningState { parts.append("a state a partition") }
        for cursor in cursors {
            switch cursor.reach {
            case .rows(let rows): parts.append("the last \(rows) row\(rows == 1 ? "" : "s") a partition")
            case .range(let distance): parts.append("the rows of the last \(DurationText.of(distance))")
            }
        }
        return parts.joined(separator: ", ")
    }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        lateRows += pending.append(batch, after: clock.isNeverLate ? nil : clock.time(watermark))
    }

    mutating func onWatermark(_ watermark: Int64, output: inout [Batch]) throws(SQLError) {
        guard watermark > self.watermark else { return }
        self.watermark = watermark
        guard let due = try pending.take(through: clock.time(watermark)) else { return }
        try answer(due).appendPieces(to: &output)
        if history.count > 2 * neededRows + Self.slack { thinOut() }
    }

    mutating func finish(output: inout [Batch]) throws(SQLError) {
        if let rest = try pending.take(through: .max) { try answer(rest).appendPieces(to: &output) }
    }

    /// The rows, which are in order, with the values of the functions.
    private mutating func answer(_ due: Batch) throws(SQLError) -> Batch {
        let partitions = try OverPartitions(due, layout)
        let rows = due.select(rows: partitions.rows)
        let numbers = groups.groups(of: try layout.partitionKeys(rows), rowCount: rows.rowCount)
        let run = OverRun(
            base: history.count, partitions: numbers, partitionCount: groups.count,
            times: rows.columns[clock.column].int64s ?? [], peerStarts: partitions.peerStarts,
            peerEnds: partitions.peerEnds)
        var arguments: [Column?] = []
        for function in functions { arguments.append(try function.argument(rows, layout.context)) }
        let ranks = limiter?.ranks(run)
        let columns = rows.columns + step(run, arguments, isReplay: false)
        let all = Batch(schema: layout.schema, rowCount: rows.rowCount, columns: columns)
        var places = [UInt32](repeating: 0, count: rows.rowCount)
        for (place, row) in partitions.rows.enumerated() { places[Int(row)] = UInt32(place) }
        if let ranks, let limit = layout.limit { places.removeAll { ranks[Int($0)] > limit.count } }
        return all.select(rows: places)
    }

    private mutating func step(_ run: OverRun, _ arguments: [Column?], isReplay: Bool) -> [Column] {
        if keepsHistory { history.append(run) }
        let frames = keepsHistory ? cursors.indices.map { cursors[$0].advance(run, history) } : []
        var results: [Column] = []
        for (function, argument) in zip(functions, arguments) {
            let column = function.runner.step(
                run, &history, argument, function.cursor.map { frames[$0] }, isReplay: isReplay)
            if let column { results.append(column) }
        }
        return results
    }

    // MARK: What is kept

    /// Lets go of rows that no later frame reaches, and of partitions without rows where nothing else is known of them.
    private mutating func thinOut() {
        var needed = history.isPinned
        for index in cursors.indices { cursors[index].markNeeded(&needed, after: clock.time(watermark), history) }
        for function in functions { function.runner.markNeeded(&needed) }
        let kept = needed.indices.filter { needed[$0] }
        var partitions = kept.map { history.partitions[$0] }
        if !hasRunningState {
            let keys = groups.keys().map { $0.select(rows: partitions) }
            groups = GroupTable(types: layout.partitionTypes)
            partitions = groups.groups(of: keys, rowCount: kept.count)
        }
        let arguments = functions.map { $0.runner.values?.column(kept) }
        replay(partitions, kept.map { history.times[$0] }, arguments)
    }

    /// Takes rows once more, with nothing known but the running states.
    private mutating func replay(_ partitions: [UInt32], _ times: [Int64], _ arguments: [Column?]) {
        history = OverHistory()
        cursors = cursors.map { OverCursor(reach: $0.reach) }
        for function in functions { function.runner.forgetHistory() }
        neededRows = partitions.count
        let places = partitions.indices.map { UInt32($0) }
        let run = OverRun(
            base: 0, partitions: partitions, partitionCount: groups.count, times: times, peerStarts: places,
            peerEnds: places.map { $0 + 1 })
        _ = step(run, arguments, isReplay: true)
    }

    // MARK: Checkpoints

    func saveState(into state: inout OperatorState) throws(SQLError) {
        state[number: "watermark"] = watermark
        state[number: "late_rows"] = Int64(lateRows)
        if !pending.batches.isEmpty { state.append(pending.batches, as: "pending") }
        if hasRunningState {
            let range = groups.firstGroup..<groups.count
            var parts: [(String, Column)] = []
            for (index, key) in groups.keys().enumerated() { parts.append(("key \(index)", key.slice(range))) }
            for (name, runner) in runners {
                for (index, column) in runner.stateColumns(partitionCount: groups.count).enumerated() {
                    parts.append(("\(name)#\(index)", column.slice(range)))
                }
            }
            if parts.isEmpty { return }
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

    private var runners: [(name: String, runner: OverRunner)] {
        var all: [(name: String, runner: OverRunner)] = functions.map { ($0.layout.name, $0.runner) }
        if let limiter { all.append(("limit", limiter)) }
        return all
    }

    private static func table(_ parts: [(String, Column)], rowCount: Int) -> Batch {
        Batch(
            schema: Schema(parts.map { Field($0.0, $0.1.type) }), rowCount: rowCount, columns: parts.map(\.1))
    }

    mutating func loadState(from state: OperatorState) throws(SQLError) -> [String] {
        watermark = state[number: "watermark"] ?? .min
        lateRows = Int(state[number: "late_rows"] ?? 0)
        for batch in state.batches("pending") {
            guard batch.schema == pending.schema else {
                throw SQLError(code: .stateMismatch, message: "the rows that wait were saved of other columns")
            }
            _ = pending.append(batch, after: nil)
        }
        var fresh: Set<String> = []
        for batch in state.batches("partitions") {
            let partitions = try numbers(batch)
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
