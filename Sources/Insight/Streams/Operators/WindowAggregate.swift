import Columns
import SQL

/// `GROUP BY` windows over an input without end: keeps a state a pane, answers a window when the watermark passes its
/// end, and forgets what no open window needs. Without watermarks (a bounded input) it answers at the end.
struct WindowAggregate: ~Copyable, StreamOperator {
    private struct Pane {
        let start: Int64
        let state: GroupState
    }

    let layout: AggregateLayout
    private let windows: AggregateLayout.Windows
    private let maximumOpenPanes: Int
    /// Ascending by start.
    private var panes: [Pane] = []
    /// What shards had, until it is merged: they go on meanwhile.
    private var taken: [Pane] = []
    private var watermark = Int64.min
    /// Groups of the window of several panes that was answered last: the next has about as many.
    private var latestGroupCount = 0
    /// Windows up to this start have been answered.
    private var answeredThrough = Int64.min
    private(set) var lateRows = 0
    /// It is a shard's: another one answers, and takes from it what it needs for that.
    var isShare = false
    /// Answers several windows at a time; `nil` where one thread answers them all.
    var team: ForkJoin?
    private var bytes = 0

    init(layout: AggregateLayout, windows: AggregateLayout.Windows, maximumOpenPanes: Int) {
        self.layout = layout
        self.windows = windows
        self.maximumOpenPanes = maximumOpenPanes
    }

    var stateBytes: Int { bytes }

    var keeps: String? {
        let size = DurationText.of(windows.sizeMicroseconds)
        let slide = DurationText.of(windows.slideMicroseconds)
        let subject = layout.keys.isEmpty ? "a state a" : "a state a group and"
        guard windows.isPaned else {
            return "\(subject) window of \(size), until the watermark has passed its end"
        }
        return "\(subject) pane of \(slide) (\(windows.panesPerWindow) make a window of \(size)), until the watermark "
            + "has passed the end of its last window"
    }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        guard let starts = windows.starts(batch).int64s else { return }
        var first = 0
        if starts.allSatisfy({ $0 == starts[0] }) {
            try add(batch, start: starts[0])
        } else if Self.runCount(starts) <= 8 {
            for row in 1...starts.count where row == starts.count || starts[row] != starts[first] {
                try add(batch.slice(first..<row), start: starts[first])
                first = row
            }
        } else {
            var rowsByStart: [Int64: [UInt32]] = [:]
            for (row, start) in starts.enumerated() { rowsByStart[start, default: []].append(UInt32(row)) }
            for (start, rows) in rowsByStart.sorted(by: { $0.key < $1.key }) {
                try add(batch.select(rows: rows), start: start)
            }
        }
    }

    private static func runCount(_ starts: [Int64]) -> Int {
        var count = 1
        for index in 1..<starts.count where starts[index] != starts[index - 1] { count += 1 }
        return count
    }

    private mutating func add(_ batch: Batch, start: Int64) throws(SQLError) {
        // The last window that a pane belongs to starts with it.
        let (end, overflow) = start.addingReportingOverflow(windows.sizeMicroseconds)
        guard !overflow, end - 1 > watermark else {
            lateRows += batch.rowCount
            return
        }
        var index = panes.count
        while index > 0, panes[index - 1].start >= start { index -= 1 }
        if index == panes.count || panes[index].start != start {
            guard panes.count < maximumOpenPanes else {
                throw SQLError(
                    code: .limitExceeded, message: "more than \(maximumOpenPanes) windows are open at a time",
                    suggestion: "use larger windows, or a smaller watermark delay")
            }
            let state = try GroupState(layout: layout, hasPaneKey: false)
            panes.insert(Pane(start: start, state: state), at: index)
            bytes += state.byteCount + 256
        }
        let state = panes[index].state
        let before = state.byteCount
        try state.add(batch)
        bytes += state.byteCount - before
    }

    mutating func onWatermark(_ watermark: Int64, output: inout [Batch]) throws(SQLError) {
        guard watermark > self.watermark else { return }
        self.watermark = watermark
        guard !isShare else { return }
        try mergeTaken()
        guard !panes.isEmpty else { return }
        try answer(through: watermark, output: &output)
        guard panes[0].start + windows.sizeMicroseconds - 1 <= watermark else { return }
        panes.removeAll { $0.start + windows.sizeMicroseconds - 1 <= watermark }
        bytes = Self.bytes(of: panes)
    }

    mutating func finish(output: inout [Batch]) throws(SQLError) {
        try mergeTaken()
        try answer(through: .max, output: &output)
        panes = []
        bytes = 0
    }

    mutating func saveState(into state: inout OperatorState) throws(SQLError) {
        try mergeTaken()
        state[number: "watermark"] = watermark
        state[number: "answered_through"] = answeredThrough
        state[number: "size"] = windows.sizeMicroseconds
        state[number: "slide"] = windows.slideMicroseconds
        state[number: "late_rows"] = Int64(lateRows)
        for pane in panes { pane.state.save(into: &state, as: "pane \(pane.start)") }
    }

    func savedKeys(_ places: [Int], of table: String, _ rows: Batch) throws(SQLError) -> [Column] {
        layout.savedKeys(places, rows)
    }

    mutating func loadState(from state: OperatorState) throws(SQLError) -> [String] {
        guard !state.isEmpty else { return [] }
        guard state[number: "size"] == windows.sizeMicroseconds, state[number: "slide"] == windows.slideMicroseconds
        else { throw SQLError(code: .stateMismatch, message: "windows were saved of another length") }
        watermark = state[number: "watermark"] ?? .min
        answeredThrough = state[number: "answered_through"] ?? .min
        lateRows = Int(state[number: "late_rows"] ?? 0)
        var fresh: [String] = []
        for name in state.names(beginning: "pane ") {
            guard let start = Int64(name.dropFirst(5)) else { throw StateCodec.damaged("the name of a pane") }
            let pane = Pane(start: start, state: try GroupState(layout: layout, hasPaneKey: false))
            fresh = try pane.state.load(from: state, as: name)
            panes.append(pane)
            bytes += pane.state.byteCount + 256
        }
        panes.sort { $0.start < $1.start }
        return fresh
    }

    /// Takes in another worker's panes. Of bounded inputs, before the end.
    mutating func absorb(_ other: borrowing WindowAggregate) throws(SQLError) {
        for theirs in other.panes {
            if let index = panes.firstIndex(where: { $0.start == theirs.start }) {
                try panes[index].state.merge(theirs.state)
            } else {
                panes.append(theirs)
            }
        }
        panes.sort { $0.start < $1.start }
    }

    /// Takes over what a shard has of the windows that end by `watermark`, or all that it has. It is merged later, when it
    /// is needed.
    ///
    /// - Returns: whether there was anything.
    mutating func absorb(_ shard: inout WindowAggregate, closingBy watermark: Int64?) -> Bool {
        if watermark == nil {
            lateRows += shard.lateRows
            self.watermark = max(self.watermark, shard.watermark)
        }
        let reach = windows.isPaned ? windows.sizeMicroseconds - windows.slideMicroseconds : 0
        // The first window of a pane is the first that closes.
        let latest = watermark.map { $0 - windows.sizeMicroseconds + 1 + reach } ?? .max
        let count = shard.panes.prefix { $0.start <= latest }.count
        guard count > 0 else { return false }
        taken += shard.panes.prefix(count)
        shard.panes.removeFirst(count)
        shard.bytes = Self.bytes(of: shard.panes)
        bytes = Self.bytes(of: panes) + Self.bytes(of: taken)
        return true
    }

    private mutating func mergeTaken() throws(SQLError) {
        guard !taken.isEmpty else { return }
        var parts: [Int64: [GroupState]] = [:]
        for pane in taken {
            if let index = panes.firstIndex(where: { $0.start == pane.start }) {
                let mine = panes[index].state
                parts[pane.start, default: [mine]].append(pane.state)
            } else {
                // No record of a checkpoint holds these groups as this one's.
                pane.state.forgetRecords()
                panes.append(pane)
            }
        }
        taken = []
        panes.sort { $0.start < $1.start }
        // Each pane is merged by one thread.
        nonisolated(unsafe) let shares = parts.values.filter { $0.count > 1 }
        let groups = shares.joined().reduce(0) { $0 + $1.table.count }
        _ = try forEach(shares.count, groups: groups) { index throws(SQLError) in
            for theirs in shares[index].dropFirst() { try shares[index][0].merge(theirs) }
        }
        bytes = Self.bytes(of: panes)
    }

    /// Groups that are worth waking another thread for.
    private static var groupsWorthSharing: Int { 8_192 }

    /// - Parameter groups: that are touched in all.
    private func forEach<Value: Sendable>(
        _ count: Int, groups: Int, _ body: @escaping @Sendable (Int) throws(SQLError) -> Value
    ) throws(SQLError) -> [Value] {
        if let team, count > 1, groups >= Self.groupsWorthSharing { return try team.map(count, body) }
        var values: [Value] = []
        for index in 0..<count { values.append(try body(index)) }
        return values
    }

    private static func bytes(of panes: [Pane]) -> Int { panes.reduce(0) { $0 + $1.state.byteCount + 256 } }

    /// Emits the windows whose last moment is at most `watermark`, in the order of time.
    private mutating func answer(through watermark: Int64, output: inout [Batch]) throws(SQLError) {
        let closed = takeWindows(through: watermark)
        // A pane is read by several windows at a time.
        nonisolated(unsafe) let panes = panes
        let (layout, windows) = (layout, windows)
        let expected = latestGroupCount
        let groups = closed.reduce(0) { $0 + panes[$1.firstPane].state.table.count } * windows.panesPerWindow
        let answers = try forEach(closed.count, groups: groups) { index throws(SQLError) in
            let (start, firstPane) = closed[index]
            let end = windows.isPaned ? start + windows.sizeMicroseconds : start + 1
            let members = panes[firstPane...].prefix { $0.start < end }.map(\.state)
            return try Self.answer(start, of: members, layout, isPaned: windows.isPaned, expected: expected)
        }
        for answer in answers { output += answer.batches }
        if let count = answers.last?.groupCount, windows.isPaned { latestGroupCount = count }
    }

    /// The windows whose last moment is at most `watermark` and that are not answered yet, each with the first of its panes.
    private mutating func takeWindows(through watermark: Int64) -> [(start: Int64, firstPane: Int)] {
        let slide = windows.slideMicroseconds
        let size = windows.sizeMicroseconds
        let reach = windows.isPaned ? size - slide : 0
        var found: [(start: Int64, firstPane: Int)] = []
        for (index, pane) in panes.enumerated() {
            // Windows that hold this pane and no earlier one that is still there come first.
            var start = pane.start - reach
            if answeredThrough != .min { start = max(start, answeredThrough + (windows.isPaned ? slide : 1)) }
            while start <= pane.start, start + size - 1 <= watermark {
                found.append((start, index))
                answeredThrough = start
                start += slide
            }
            if pane.start - reach + size - 1 > watermark { break }
        }
        return found
    }

    /// A window's rows, and of how many groups.
    ///
    /// - Parameters:
    ///   - members: the states of its panes. Other windows have them too, unless it is not paned.
    ///   - expected: about so many groups.
    private static func answer(
        _ start: Int64, of members: [GroupState], _ layout: AggregateLayout, isPaned: Bool, expected: Int
    ) throws(SQLError) -> (batches: [Batch], groupCount: Int) {
        var batches: [Batch] = []
        if !isPaned, members.count == 1 {
            members[0].finish(windowStart: start, into: &batches)
            return (batches, members[0].table.count)
        }
        let merged = try GroupState(layout: layout, hasPaneKey: false)
        merged.table.reserve(members.reduce(expected) { max($0, $1.table.count) })
        for member in members { try merged.merge(member) }
        merged.finish(windowStart: start, into: &batches)
        return (batches, merged.table.count)
    }
}
