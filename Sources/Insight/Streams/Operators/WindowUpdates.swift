import Columns
import SQL

/// `GROUP BY` windows that answer before they close (`EMIT EARLY`, `EMIT CHANGES`) or again when late rows come
/// (`ALLOW LATENESS`): results are changes, and a window that has closed is kept for as long as rows may be late.
struct WindowUpdates: ~Copyable, StreamOperator {
    /// When open windows answer.
    enum Timing {
        /// When they close.
        case atEnd
        /// At every batch.
        case atOnce
        /// Each time the watermark has come so far, microseconds.
        case every(Int64)
    }

    /// A window's groups, and what was said of them. One that is current has said everything: what it says next is the
    /// difference that a batch makes. Others say the difference to what they said last.
    private final class Window {
        let start: Int64
        let state: GroupState
        var isCurrent: Bool
        /// Of what was said last: the results, and the row of each group in them, -1 for none.
        var said: [Column] = []
        var saidRows: [Int32] = []
        var isChanged = false
        /// Without keys there is a group before there is a row.
        var hasRows = false

        init(start: Int64, state: GroupState, isCurrent: Bool) {
            self.start = start
            self.state = state
            self.isCurrent = isCurrent
        }
    }

    private let layout: AggregateLayout
    private let windows: AggregateLayout.Windows
    private let timing: Timing
    private let lateness: Int64
    private let maximumOpenWindows: Int
    private let schema: Schema
    /// Ascending by start.
    private var open: [Window] = []
    private var watermark = Int64.min
    private(set) var lateRows = 0

    /// - Parameters:
    ///   - lateness: how long a window that has closed is kept, microseconds of event time.
    ///   - schema: of the output, with kinds.
    init(
        layout: AggregateLayout, windows: AggregateLayout.Windows, timing: Timing, lateness: Int64,
        maximumOpenWindows: Int, schema: Schema
    ) {
        self.layout = layout
        self.windows = windows
        self.timing = timing
        self.lateness = lateness
        self.maximumOpenWindows = maximumOpenWindows
        self.schema = schema
    }

    var stateBytes: Int {
        open.reduce(0) { sum, window in
            let said = window.said.isEmpty ? 0 : window.saidRows.count * (4 + 8 * window.said.count)
            return sum + window.state.byteCount + said + 256
        }
    }

    var keeps: String? {
        let size = DurationText.of(windows.sizeMicroseconds)
        let subject = layout.keys.isEmpty ? "a state a" : "a state a group and"
        let after = lateness > 0 ? " by \(DurationText.of(lateness))" : ""
        let answers =
            switch timing {
            case .atEnd: ""
            case .atOnce: "; answers at every batch"
            case .every(let step): "; answers every \(DurationText.of(step)) of event time"
            }
        return "\(subject) window of \(size), until the watermark has passed its end\(after)\(answers)"
    }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        guard let starts = windows.starts(batch).int64s else { return }
        if starts.allSatisfy({ $0 == starts[0] }) { return try add(batch, start: starts[0], output: &output) }
        var rowsByStart: [Int64: [UInt32]] = [:]
        for (row, start) in starts.enumerated() { rowsByStart[start, default: []].append(UInt32(row)) }
        for (start, rows) in rowsByStart.sorted(by: { $0.key < $1.key }) {
            try add(batch.select(rows: rows), start: start, output: &output)
        }
    }

    private mutating func add(_ batch: Batch, start: Int64, output: inout [Batch]) throws(SQLError) {
        guard !isPast(start, by: lateness) else {
            lateRows += batch.rowCount
            return
        }
        let window = try window(start)
        let known = window.hasRows ? window.state.table.firstGroup..<window.state.table.count : 0..<0
        window.hasRows = true
        let groups = try window.state.groups(of: batch)
        guard window.isCurrent else {
            window.isChanged = true
            return try window.state.add(batch, groups: groups)
        }
        let changed = Self.distinct(groups)
        let before = window.state.results(of: changed, windowStart: start)
        try window.state.add(batch, groups: groups)
        let after = window.state.results(of: changed, windowStart: start)
        emit(changed.map { known.contains(Int($0)) }, before, after, output: &output)
    }

    /// Whether the watermark has passed a window's last moment, by so much.
    private func isPast(_ start: Int64, by lateness: Int64) -> Bool {
        let (end, overflow) = start.addingReportingOverflow(windows.sizeMicroseconds + lateness)
        return overflow || end - 1 <= watermark
    }

    private mutating func window(_ start: Int64) throws(SQLError) -> Window {
        var index = open.count
        while index > 0, open[index - 1].start >= start { index -= 1 }
        if index < open.count, open[index].start == start { return open[index] }
        guard open.count < maximumOpenWindows else {
            throw SQLError(
                code: .limitExceeded, message: "more than \(maximumOpenWindows) windows are open at a time",
                suggestion: "use larger windows, or allow less lateness")
        }
        var isCurrent = isPast(start, by: 0)
        if case .atOnce = timing { isCurrent = true }
        let window = Window(
            start: start, state: try GroupState(layout: layout, hasPaneKey: false), isCurrent: isCurrent)
        open.insert(window, at: index)
        return window
    }

    private static func distinct(_ groups: [UInt32]) -> [UInt32] {
        var known: Set<UInt32> = []
        return groups.filter { known.insert($0).inserted }
    }

    mutating func onWatermark(_ watermark: Int64, output: inout [Batch]) throws(SQLError) {
        guard watermark > self.watermark else { return }
        let before = self.watermark
        self.watermark = watermark
        var answersEarly = false
        if case .every(let step) = timing {
            let steps = (AssignWindows.floor(before, step, 0), AssignWindows.floor(watermark, step, 0))
            answersEarly = before == .min || steps.0 < steps.1
        }
        for window in open where !window.isCurrent {
            let isClosed = isPast(window.start, by: 0)
            guard isClosed || answersEarly && window.isChanged else { continue }
            sayDifference(window, output: &output)
            guard isClosed else { continue }
            window.isCurrent = true
            window.said = []
            window.saidRows = []
        }
        let kept = open.filter { !isPast($0.start, by: lateness) }
        open = kept
    }

    mutating func finish(output: inout [Batch]) throws(SQLError) {
        for window in open where !window.isCurrent { sayDifference(window, output: &output) }
        open = []
    }

    private func sayDifference(_ window: Window, output: inout [Batch]) {
        guard window.isChanged else { return }
        let state = window.state
        let groups = (state.table.firstGroup..<state.table.count).map { UInt32($0) }
        let after = state.results(of: groups, windowStart: window.start)
        let rows = groups.map { Int($0) < window.saidRows.count ? window.saidRows[Int($0)] : -1 }
        // A group that nothing was said of stands in for its own new row: it is an insertion, whatever it was.
        let before =
            window.said.isEmpty ? after : window.said.map { $0.select(rows: rows.map { UInt32(max($0, 0)) }) }
        emit(rows.map { $0 >= 0 }, before, after, output: &output)
        window.said = after
        window.saidRows = Array(repeating: -1, count: state.table.count)
        for (row, group) in groups.enumerated() { window.saidRows[Int(group)] = Int32(row) }
        window.isChanged = false
    }

    private func emit(_ existed: [Bool], _ before: [Column], _ after: [Column], output: inout [Batch]) {
        let count = existed.count
        let differs = ChangeRows.differences(before, after, count: count)
        var changes = ChangeRows(capacity: count * 2)
        for row in 0..<count {
            if !existed[row] {
                changes.insert(count + row)
            } else if differs[row] {
                changes.update(row, to: count + row)
            }
        }
        let columns = zip(before, after).map { Column.concatenate([$0, $1], type: $0.type) }
        changes.emit(
            Batch(schema: layout.schema, rowCount: count * 2, columns: columns), schema: schema, to: &output)
    }

    // MARK: State

    mutating func saveState(into state: inout OperatorState) throws(SQLError) {
        state[number: "watermark"] = watermark
        state[number: "size"] = windows.sizeMicroseconds
        state[number: "late_rows"] = Int64(lateRows)
        for window in open {
            window.state.save(into: &state, as: "window \(window.start)")
            state[number: "changed \(window.start)"] = window.isChanged ? 1 : 0
            guard !window.said.isEmpty else { continue }
            let said = Batch(schema: layout.schema, rowCount: window.said[0].count, columns: window.said)
            state.append([said], as: "said \(window.start)")
        }
    }

    func savedKeys(_ places: [Int], of table: String, _ rows: Batch) throws(SQLError) -> [Column] {
        table.hasPrefix("said ") ? places.map { rows.columns[$0] } : layout.savedKeys(places, rows)
    }

    mutating func loadState(from state: OperatorState) throws(SQLError) -> [String] {
        guard !state.isEmpty else { return [] }
        guard state[number: "size"] == windows.sizeMicroseconds else {
            throw SQLError(code: .stateMismatch, message: "windows were saved of another length")
        }
        watermark = state[number: "watermark"] ?? .min
        lateRows = Int(state[number: "late_rows"] ?? 0)
        var fresh: [String] = []
        for name in state.names(beginning: "window ") {
            guard let start = Int64(name.dropFirst(7)) else { throw StateCodec.damaged("the name of a window") }
            let window = try self.window(start)
            fresh = try window.state.load(from: state, as: name)
            window.hasRows = true
            window.isChanged = state[number: "changed \(start)"] == 1
            let said = state.batches("said \(start)")
            guard let first = said.first else { continue }
            guard first.columns.map(\.type) == layout.schema.fields.map(\.type) else {
                // Other aggregates: what was said can't be taken back, so it stays, and all is said anew.
                window.isChanged = true
                continue
            }
            try take(Batch.concatenate(said), saidOf: window)
        }
        return fresh
    }

    /// Finds the groups of what was said by their keys.
    private func take(_ said: Batch, saidOf window: Window) throws(SQLError) {
        var keys: [Column] = []
        for (column, origin) in layout.keyOrigins.enumerated() {
            if case .group = origin { keys.append(said.columns[column]) }
        }
        let groups = window.state.table.groups(of: keys, rowCount: said.rowCount)
        window.said = said.columns
        window.saidRows = Array(repeating: -1, count: window.state.table.count)
        for (row, group) in groups.enumerated() { window.saidRows[Int(group)] = Int32(row) }
    }
}
