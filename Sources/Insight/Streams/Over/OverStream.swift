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

    let layout: OverLayout
    private let clock: Clock
    let functions: [OverFunction]
    /// Finds the rows that a bound on a rank lets through.
    let limiter: OverRankRunner?
    let hasRunningState: Bool
    private let keepsHistory: Bool
    var pending: PendingRows
    var groups: GroupTable
    var history = OverHistory()
    private var cursors: [OverCursor]
    private var neededRows = 0
    /// When each partition was touched last.
    var touched: [Int64] = []
    var timeToLive: TimeToLive?
    var watermark = Int64.min
    var lateRows = 0

    /// - Parameter timeToLive: of a partition that nothing touches, microseconds of event time; `nil` for ever.
    /// - Throws: `unsupported` for functions and frames that look at rows which are still to come.
    init(layout: OverLayout, clock: Clock, pending: PendingRows, timeToLive: Int64?) throws(SQLError) {
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
        self.timeToLive = timeToLive.map { TimeToLive(microseconds: $0) }
        limiter = layout.limit.map { OverRankRunner($0.ranking) }
        hasRunningState = limiter != nil || functions.contains { $0.runner.isRunning }
        keepsHistory = functions.contains { $0.runner.argumentType != nil }
        groups = GroupTable(types: layout.partitionTypes)
    }

    var stateBytes: Int {
        var total = pending.byteCount + groups.byteCount + history.byteCount + (limiter?.byteCount ?? 0)
        total += touched.capacity * 8
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
        if let timeToLive { parts.append("up to \(DurationText.of(timeToLive.microseconds)) after a partition's last") }
        return parts.joined(separator: ", ")
    }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        lateRows += pending.append(batch, after: clock.isNeverLate ? nil : clock.time(watermark))
    }

    mutating func onWatermark(_ watermark: Int64, output: inout [Batch]) throws(SQLError) {
        guard watermark > self.watermark else { return }
        self.watermark = watermark
        let isFirst = timeToLive?.now == .min
        let horizon = timeToLive?.advance(to: watermark)
        if isFirst { for partition in touched.indices { touched[partition] = watermark } }
        if let due = try pending.take(through: clock.time(watermark)) {
            try answer(due).appendPieces(to: &output)
            if history.count > 2 * neededRows + Self.slack { try thinOut() }
        }
        if let horizon, touched.contains(where: { $0 <= horizon }) { try thinOut(through: horizon) }
    }

    mutating func finish(output: inout [Batch]) throws(SQLError) {
        if let rest = try pending.take(through: .max) { try answer(rest).appendPieces(to: &output) }
    }

    /// The rows, which are in order, with the values of the functions.
    private mutating func answer(_ due: Batch) throws(SQLError) -> Batch {
        let partitions = try OverPartitions(due, layout)
        let rows = due.select(rows: partitions.rows)
        let numbers = groups.groups(of: try layout.partitionKeys(rows), rowCount: rows.rowCount)
        touched.grow(to: groups.count, filling: .min)
        let now = timeToLive?.now ?? .min
        for number in numbers { touched[Int(number)] = now }
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
    ///
    /// - Parameter horizon: partitions that were not touched since go without a word: they begin anew.
    private mutating func thinOut(through horizon: Int64 = .min) throws(SQLError) {
        var needed = history.isPinned
        for index in cursors.indices { cursors[index].markNeeded(&needed, after: clock.time(watermark), history) }
        for function in functions { function.runner.markNeeded(&needed) }
        let (partitionOfRow, touched) = (history.partitions, touched)
        let kept = needed.indices.filter {
            needed[$0] && (horizon == .min || touched[Int(partitionOfRow[$0])] > horizon)
        }
        var partitions = kept.map { partitionOfRow[$0] }
        if !hasRunningState || horizon > .min { try renumber(&partitions, after: horizon) }
        let arguments = functions.map { $0.runner.values?.column(kept) }
        replay(partitions, kept.map { history.times[$0] }, arguments)
    }

    /// Numbers the partitions anew: those of running states that were touched after `horizon`, otherwise those of rows.
    private mutating func renumber(_ partitions: inout [UInt32], after horizon: Int64) throws(SQLError) {
        let touched = touched
        let known = UInt32(groups.firstGroup)..<UInt32(groups.count)
        let stay =
            hasRunningState
            ? known.filter { Int($0) < touched.count && touched[Int($0)] > horizon } : Set(partitions).sorted()
        let keys = groups.keys().map { $0.select(rows: stay) }
        var states: [[Column]] = []
        for (_, runner) in runners {
            states.append(runner.stateColumns(partitionCount: groups.count).map { $0.select(rows: stay) })
        }
        groups = GroupTable(types: layout.partitionTypes)
        let numbers = groups.groups(of: keys, rowCount: stay.count)
        for (state, (_, runner)) in zip(states, runners) where runner.isRunning {
            runner.forgetRunning()
            try runner.restore(state, into: numbers, partitionCount: groups.count)
        }
        self.touched = Array(repeating: .min, count: groups.count)
        for (old, new) in zip(stay, numbers) { self.touched[Int(new)] = touched[Int(old)] }
        let renumbered = Dictionary(uniqueKeysWithValues: zip(stay, numbers))
        partitions = partitions.map { renumbered[$0] ?? 0 }
    }

    /// Takes rows once more, with nothing known but the running states.
    mutating func replay(_ partitions: [UInt32], _ times: [Int64], _ arguments: [Column?]) {
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
}
