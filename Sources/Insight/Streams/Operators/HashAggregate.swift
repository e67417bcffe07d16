import Columns
import SQL

/// `GROUP BY` over a bounded input: answers when the input ends. Windows are keys like others here, since rows may
/// come in any order and all of them count. (Windows put together from panes are `WindowAggregate`'s.)
///
/// Rows mostly come in the order of time, though, and a small table is faster than a large one: the windows of the
/// latest rows have states of their own, and go into the large one when others take their place.
struct HashAggregate: ~Copyable, StreamOperator {
    private struct Recent {
        let start: Int64
        let state: GroupState
    }

    private static let maximumRecent = 8
    /// More changes of window than this in a batch, and the rows are in no order that would pay.
    private static let maximumRuns = 4

    let layout: AggregateLayout
    private let settlesAtWatermarks: Bool
    private var state: GroupState
    /// In the order of their first rows.
    private var recent: [Recent] = []
    /// Where states go that are too many for memory; `nil` where it has to hold them.
    private let spill: SpillSpace?
    /// The parts that states were put aside in, by this one and by those that it absorbed.
    private var aside: [SpillPartitions] = []
    /// What is left to be answered of them, the next one last: files that hold the same keys.
    private var left: [(files: [SpillFile], depth: Int)] = []

    /// - Parameters:
    ///   - settlesAtWatermarks: the groups that a watermark finds are whole; no later row is of one of them.
    ///   - spill: takes states that are too many for memory.
    init(layout: AggregateLayout, settlesAtWatermarks: Bool = false, spill: SpillSpace? = nil) throws(SQLError) {
        self.spill = settlesAtWatermarks ? nil : spill
        self.layout = layout
        self.settlesAtWatermarks = settlesAtWatermarks
        self.state = try GroupState(layout: layout, hasPaneKey: layout.windows != nil)
        state.addTotals()
    }

    var keeps: String? {
        let subject =
            switch (layout.keys.isEmpty, layout.windows == nil) {
            case (true, true): "one state"
            case (true, false): "a state a window"
            case (false, true): "a state a group"
            case (false, false): "a state a group and window"
            }
        return subject + ", up to the end"
    }

    var stateBytes: Int {
        recent.reduce(state.byteCount) { $0 + $1.state.byteCount } + aside.reduce(0) { $0 + $1.heldBytes }
    }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        try add(batch)
        if let spill, stateBytes > spill.thresholdBytes, !state.isOne { try putAside(spill) }
    }

    private mutating func add(_ batch: Batch) throws(SQLError) {
        guard let starts = layout.windows?.starts(batch).int64s, Self.hasFewRuns(starts) else {
            return try state.add(batch)
        }
        var first = 0
        for row in 1...starts.count where row == starts.count || starts[row] != starts[first] {
            try stateOfWindow(starts[first]).add(batch.slice(first..<row))
            first = row
        }
    }

    mutating func onWatermark(_ watermark: Int64, output: inout [Batch]) throws(SQLError) {
        guard settlesAtWatermarks, !state.isEmpty else { return }
        state.finish(windowStart: nil, into: &output)
        state = try GroupState(layout: layout, hasPaneKey: false)
    }

    mutating func finish(output: inout [Batch]) throws(SQLError) {
        if let spill, !aside.isEmpty {
            try putAside(spill)
            left = (0..<SpillPartitions.count).map { part in (aside.map { $0.files[part] }, 0) }
            aside = []
            return
        }
        if state.isEmpty, !recent.isEmpty {
            for window in recent.sorted(by: { $0.start < $1.start }) {
                window.state.finish(windowStart: window.start, into: &output)
            }
            return
        }
        for window in recent { try state.merge(window.state, paneStart: window.start) }
        recent = []
        state.finish(windowStart: nil, into: &output)
    }

    // MARK: What memory doesn't hold

    private mutating func putAside(_ spill: SpillSpace) throws(SQLError) {
        for window in recent { try state.merge(window.state, paneStart: window.start) }
        recent = []
        if aside.isEmpty { aside = [SpillPartitions(spill, depth: 0)] }
        let (rows, keys) = state.put()
        try aside[0].append(rows, keys: keys)
        state = try GroupState(layout: layout, hasPaneKey: layout.windows != nil)
    }

    var isDraining: Bool { !left.isEmpty }

    /// Answers one part of the groups, or cuts it into smaller ones.
    mutating func drain(output: inout [Batch]) throws(SQLError) {
        guard let spill, let part = left.popLast() else { return }
        let bytes = part.files.reduce(0) { $0 + $1.memoryBytes }
        if bytes > spill.thresholdBytes, part.depth < SpillPartitions.maximumDepth {
            let smaller = SpillPartitions(spill, depth: part.depth + 1)
            for file in part.files {
                var reader = try file.makeReader()
                while let rows = try reader.next() { try smaller.append(rows, keys: state.keys(ofPut: rows)) }
            }
            left += smaller.files.filter { !$0.isEmpty }.map { ([$0], smaller.depth) }
            return
        }
        for file in part.files {
            var reader = try file.makeReader()
            while let rows = try reader.next() { try state.mergePut(rows) }
        }
        if !state.isEmpty { state.finish(windowStart: nil, into: &output) }
        state = try GroupState(layout: layout, hasPaneKey: layout.windows != nil)
    }

    /// Takes in another worker's state.
    mutating func absorb(_ other: borrowing HashAggregate) throws(SQLError) {
        aside += other.aside
        if let spill, !aside.isEmpty, aside[0].depth == 0, stateBytes > spill.thresholdBytes { try putAside(spill) }
        try state.merge(other.state)
        for window in other.recent { try state.merge(window.state, paneStart: window.start) }
    }

    func saveState(into state: inout OperatorState) throws(SQLError) {
        self.state.save(into: &state, as: "groups")
        for window in recent { window.state.save(into: &state, as: "window \(window.start)") }
    }

    func savedKeys(_ places: [Int], of table: String, _ rows: Batch) throws(SQLError) -> [Column] {
        layout.savedKeys(places, rows)
    }

    mutating func loadState(from state: OperatorState) throws(SQLError) -> [String] {
        var fresh: [String] = []
        fresh = try self.state.load(from: state, as: "groups")
        for name in state.names(beginning: "window ") {
            guard let start = Int64(name.dropFirst(7)) else { throw StateCodec.damaged("the name of a window") }
            fresh = try stateOfWindow(start).load(from: state, as: name)
        }
        return fresh
    }

    private mutating func stateOfWindow(_ start: Int64) throws(SQLError) -> GroupState {
        // The one of the row before is the likeliest.
        if let known = recent.last(where: { $0.start == start }) { return known.state }
        if recent.count == Self.maximumRecent {
            let oldest = recent.removeFirst()
            try state.merge(oldest.state, paneStart: oldest.start)
        }
        let made = try GroupState(layout: layout, hasPaneKey: false)
        recent.append(Recent(start: start, state: made))
        return made
    }

    private static func hasFewRuns(_ starts: [Int64]) -> Bool {
        var runs = 1
        let starts = starts.span
        for row in 1..<max(starts.count, 1) where starts[row] != starts[row - 1] { runs += 1 }
        return runs <= maximumRuns
    }
}
