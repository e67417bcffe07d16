import Columns
import SQL

/// `GROUP BY` over an input without end, without windows: what has changed is answered after each batch, at most one
/// change a group. Over an input that takes rows back, a group ends with its last row.
struct UpdatingAggregate: ~Copyable, MergingOperator {
    /// Groups without rows that are kept before the rest is put together anew.
    private static let emptyGroups = 4_096

    let layout: AggregateLayout
    private let inputChanges: Bool
    private let schema: Schema
    private var timeToLive: TimeToLive?
    private var state: GroupState
    /// By group: its rows, and the watermark at which it was last touched.
    private var rowCounts: [Int64] = []
    private var touched: [Int64] = []
    private var emptyCount = 0
    /// By group: the number of the batch that it was last in.
    private var lastBatch: [UInt32] = []
    private var batchNumber: UInt32 = 0
    /// Without keys: the one row is there.
    private var hasAnswered = false

    /// - Parameters:
    ///   - schema: of the output, with kinds.
    ///   - timeToLive: of a group that nothing touches, microseconds of event time; `nil` for ever.
    init(layout: AggregateLayout, inputChanges: Bool, schema: Schema, timeToLive: Int64?) throws(SQLError) {
        self.layout = layout
        self.inputChanges = inputChanges
        self.schema = schema
        self.timeToLive = timeToLive.map { TimeToLive(microseconds: $0) }
        self.state = try GroupState(layout: layout, hasPaneKey: false)
    }

    var keeps: String? {
        let subject = layout.keys.isEmpty ? "one state" : "a state a group"
        guard let timeToLive else { return subject + ", for good" }
        return subject + ", for \(DurationText.of(timeToLive.microseconds)) of event time after its last row"
    }

    var stateBytes: Int { state.byteCount + (rowCounts.capacity + touched.capacity) * 8 + lastBatch.capacity * 4 }

    /// What a batch touches, as it was before.
    private struct Before {
        /// Groups there were.
        let known: Int
        /// The groups of the batch, each once, in the order of their first rows.
        let groups: [UInt32]
        let existed: [Bool]
        let results: [Column]
    }

    mutating func process(_ batch: Batch, output: inout [Batch]) throws(SQLError) {
        let kinds = inputChanges ? batch.changeKinds : []
        let known = state.table.count
        let groups = try state.groups(of: batch)
        let before = lookAt(groups, known)
        if inputChanges {
            try apply(batch, groups, kinds)
        } else {
            var counts = rowCounts.mutableSpan
            for group in groups { counts[Int(group)] += 1 }
            try state.add(batch, groups: groups)
        }
        try answer(before, output: &output)
    }

    /// Whether rows can come aggregated, and if so what aggregates them.
    func makePartialGroups() throws(SQLError) -> PartialGroups? {
        inputChanges ? nil : try PartialGroups(layout)
    }

    mutating func merge(_ partial: Batch, output: inout [Batch]) throws(SQLError) {
        let known = state.table.count
        let groups = try state.groups(ofPut: partial)
        let before = lookAt(groups, known)
        var counts = rowCounts.mutableSpan
        for (group, count) in zip(groups, PartialGroups.rowCounts(partial)) { counts[Int(group)] += count }
        try state.merge(put: partial, into: groups)
        try answer(before, output: &output)
    }

    /// - Parameter known: groups there were before those of the batch.
    private mutating func lookAt(_ groups: [UInt32], _ known: Int) -> Before {
        rowCounts.grow(to: state.table.count, filling: 0)
        touched.grow(to: state.table.count, filling: .min)
        let changed = distinct(groups)
        return Before(
            known: known, groups: changed, existed: changed.map { exists(Int($0)) }, results: state.results(of: changed)
        )
    }

    private mutating func answer(_ before: Before, output: inout [Batch]) throws(SQLError) {
        hasAnswered = true
        let now = timeToLive?.now ?? .min
        var times = touched.mutableSpan
        for group in before.groups { times[Int(group)] = now }
        for (index, group) in before.groups.enumerated() {
            note(Int(group), before.existed[index], isNew: group >= before.known)
        }
        emit(before.groups, before.existed, before.results, to: &output)
        if emptyCount > max(Self.emptyGroups, rowCounts.count / 2) { try forget { _ in false } }
    }

    /// Additions first, so that nothing is taken back that isn't there.
    private mutating func apply(_ batch: Batch, _ groups: [UInt32], _ kinds: [ChangeKind]) throws(SQLError) {
        var added: [UInt32] = []
        var removed: [UInt32] = []
        for (row, kind) in kinds.enumerated() where kind.isAddition {
            rowCounts[Int(groups[row])] += 1
            added.append(UInt32(row))
        }
        for (row, kind) in kinds.enumerated() where !kind.isAddition {
            // A row of a group that has had its time was forgotten with it.
            guard rowCounts[Int(groups[row])] > 0 else { continue }
            rowCounts[Int(groups[row])] -= 1
            removed.append(UInt32(row))
        }
        if !added.isEmpty {
            let groups = added.map { groups[Int($0)] }
            try state.add(added.count == batch.rowCount ? batch : batch.select(rows: added), groups: groups)
        }
        if !removed.isEmpty {
            try state.add(
                batch.select(rows: removed), groups: removed.map { groups[Int($0)] }, takesBack: true)
        }
    }

    /// Each group once, in the order of the first rows.
    private mutating func distinct(_ groups: [UInt32]) -> [UInt32] {
        batchNumber &+= 1
        lastBatch.grow(to: state.table.count, filling: 0)
        var found: [UInt32] = []
        let number = batchNumber
        var last = lastBatch.mutableSpan
        for group in groups where last[Int(group)] != number {
            last[Int(group)] = number
            found.append(group)
        }
        return found
    }

    private func exists(_ group: Int) -> Bool { layout.keys.isEmpty ? hasAnswered : rowCounts[group] > 0 }

    private mutating func note(_ group: Int, _ existed: Bool, isNew: Bool) {
        let exists = exists(group)
        if !exists, existed || isNew { emptyCount += 1 }
        if exists, !existed, !isNew { emptyCount -= 1 }
    }

    private mutating func emit(
        _ changed: [UInt32], _ existed: [Bool], _ before: [Column], to output: inout [Batch]
    ) {
        let after = state.results(of: changed)
        let count = changed.count
        let differs = ChangeRows.differences(before, after, count: count)
        var changes = ChangeRows(capacity: count * 2)
        for (index, group) in changed.enumerated() {
            switch (existed[index], exists(Int(group))) {
            case (false, true): changes.insert(count + index)
            case (true, false): changes.delete(index)
            case (true, true): if differs[index] { changes.update(index, to: count + index) }
            case (false, false): break
            }
        }
        let columns = zip(before, after).map { Column.concatenate([$0, $1], type: $0.type) }
        changes.emit(
            Batch(schema: layout.schema, rowCount: count * 2, columns: columns), schema: schema, to: &output)
    }

    // MARK: Time

    mutating func onWatermark(_ watermark: Int64, output: inout [Batch]) throws(SQLError) {
        let isFirst = timeToLive?.now == .min
        guard let horizon = timeToLive?.advance(to: watermark) else { return }
        if isFirst { for group in touched.indices { touched[group] = watermark } }
        let touched = touched
        let groups = state.table.firstGroup..<min(state.table.count, touched.count)
        guard groups.contains(where: { touched[$0] <= horizon }) else { return }
        try forget { touched[$0] <= horizon }
    }

    /// Lets go of groups, and of those that have no rows, without a word: they begin anew with their next row.
    private mutating func forget(_ isOver: (Int) -> Bool) throws(SQLError) {
        if layout.keys.isEmpty {
            guard hasAnswered, isOver(0) else { return }
            state = try GroupState(layout: layout, hasPaneKey: false)
            (rowCounts, touched, lastBatch, hasAnswered) = ([], [], [], false)
            return
        }
        let (kept, oldGroups) = try state.keeping { rowCounts[$0] > 0 && !isOver($0) }
        state = kept
        rowCounts = oldGroups.map { rowCounts[$0] }
        touched = oldGroups.map { touched[$0] }
        if kept.table.firstGroup > 0, !rowCounts.isEmpty { rowCounts[0] = 0 }
        lastBatch = []
        batchNumber = 0
        emptyCount = 0
    }

    // MARK: State

    private static let rowsField = "$rows"
    private static let touchedField = "$touched"

    mutating func saveState(into state: inout OperatorState) throws(SQLError) {
        rowCounts.grow(to: self.state.table.count, filling: 0)
        touched.grow(to: self.state.table.count, filling: .min)
        let (rowCounts, touched) = (rowCounts, touched)
        self.state.save(into: &state, as: "groups") { groups in
            [
                (Self.rowsField, Column(integers: rowCounts, of: groups)),
                (Self.touchedField, Column(integers: touched, of: groups)),
            ]
        }
        state[number: "watermark"] = timeToLive?.now
        state[number: "has_answered"] = hasAnswered ? 1 : 0
    }

    func savedKeys(_ places: [Int], of table: String, _ rows: Batch) throws(SQLError) -> [Column] {
        layout.savedKeys(places, rows)
    }

    mutating func loadState(from state: OperatorState) throws(SQLError) -> [String] {
        var (counts, times) = ([Int64](), [Int64]())
        let fresh = try self.state.load(from: state, as: "groups") { batch, groups throws(SQLError) in
            guard let savedCounts = batch.column(Self.rowsField)?.int64s,
                let savedTimes = batch.column(Self.touchedField)?.int64s
            else { throw StateCodec.damaged("the marks of groups") }
            counts.grow(to: Int(groups.max() ?? 0) + 1, filling: 0)
            times.grow(to: Int(groups.max() ?? 0) + 1, filling: .min)
            for (row, group) in groups.enumerated() {
                counts[Int(group)] = savedCounts[row]
                times[Int(group)] = savedTimes[row]
            }
        }
        (rowCounts, touched) = (counts, times)
        hasAnswered = state[number: "has_answered"] == 1
        let table = self.state.table.firstGroup..<self.state.table.count
        emptyCount = layout.keys.isEmpty ? 0 : table.count { counts.count <= $0 || counts[$0] == 0 }
        if let watermark = state[number: "watermark"], watermark != .min { timeToLive?.resume(at: watermark) }
        return fresh
    }
}
