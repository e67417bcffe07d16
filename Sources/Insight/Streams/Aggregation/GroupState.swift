import Columns
import SQL

/// Groups and what has been aggregated for each: of a whole query, of one pane, or of one worker's share.
final class GroupState {
    let layout: AggregateLayout
    /// With `true` the pane is a key like the others, the last one.
    private let hasPaneKey: Bool
    var table: GroupTable
    let accumulators: [Accumulator]
    private var changes = GroupChanges()

    init(layout: AggregateLayout, hasPaneKey: Bool) throws(SQLError) {
        self.layout = layout
        self.hasPaneKey = hasPaneKey
        self.table = GroupTable(types: layout.keyTypes + (hasPaneKey ? [.timestamp] : []))
        self.accumulators = try layout.makeAccumulators()
    }

    var byteCount: Int {
        var total = table.byteCount
        for accumulator in accumulators { total += accumulator.byteCount }
        return total
    }

    /// Whether there is anything to emit.
    var isEmpty: Bool { table.count <= table.firstGroup }

    /// The next record of the checkpoints is to hold all groups, whatever earlier ones hold.
    func forgetRecords() { changes = GroupChanges() }

    /// There are no keys to tell groups apart by.
    var isOne: Bool { layout.keyTypes.isEmpty && !hasPaneKey }

    /// Makes the groups of the layout's totals, which need no rows.
    func addTotals() {
        for keys in layout.totals { _ = table.groups(of: keys, rowCount: 1) }
    }

    func add(_ batch: Batch) throws(SQLError) { try add(batch, groups: try groups(of: batch)) }

    /// The group of each row; those that are new are made.
    func groups(of batch: Batch) throws(SQLError) -> [UInt32] {
        let context = layout.context
        var keys: [Column] = []
        for key in layout.keys { keys.append(try key.evaluate(batch, context)) }
        if hasPaneKey, let windows = layout.windows { keys.append(windows.starts(batch)) }
        let groups = table.groups(of: keys, rowCount: batch.rowCount)
        changes.note(groups, groupCount: table.count)
        return groups
    }

    /// - Parameters:
    ///   - groups: of the batch's rows.
    ///   - takesBack: the rows were added before and are to be as if they had not been.
    func add(_ batch: Batch, groups: [UInt32], takesBack: Bool = false) throws(SQLError) {
        let all = GroupedRows(rows: nil, groups: groups, groupCount: table.count)
        for (call, accumulator) in zip(layout.calls, accumulators) {
            try update(accumulator, call, batch, all, takesBack: takesBack)
        }
    }

    private func update(
        _ accumulator: Accumulator, _ call: AggregateLayout.Call, _ batch: Batch, _ all: GroupedRows,
        takesBack: Bool
    ) throws(SQLError) {
        var batch = batch
        var input = all
        // Filter first: the argument isn't computed where the filter says no.
        if let filter = call.filter, let rows = try filter.select(batch, layout.context) {
            if rows.isEmpty { return }
            batch = batch.select(rows: rows)
            input.groups = [UInt32](capacity: rows.count) { out in
                for row in rows { out.append(all.groups[Int(row)]) }
            }
        }
        guard let argument = call.argument else {
            return try takesBack
                ? accumulator.takeBack(input, column: nil) : accumulator.update(input, column: nil)
        }
        let column = try argument.evaluate(batch, layout.context)
        if let validity = column.validity {
            var rows: [UInt32] = []
            var groups: [UInt32] = []
            rows.reserveCapacity(column.count)
            groups.reserveCapacity(column.count)
            for row in 0..<column.count where validity[row] {
                rows.append(UInt32(row))
                groups.append(input.groups[row])
            }
            input.rows = rows
            input.groups = groups
        }
        if takesBack {
            try accumulator.takeBack(input, column: column)
        } else {
            try accumulator.update(input, column: column)
        }
    }

    /// Takes over another state's groups.
    ///
    /// - Parameter paneStart: of a state without a pane key, whose groups go into one that has it.
    func merge(_ other: GroupState, paneStart: Int64? = nil) throws(SQLError) {
        let range = other.table.firstGroup..<other.table.count
        guard !range.isEmpty else { return }
        var keys = other.table.keys(of: Array(UInt32(range.lowerBound)..<UInt32(range.upperBound)))
        if let paneStart {
            let starts = Array(repeating: paneStart, count: range.count)
            keys.append(Column(type: .timestamp, count: range.count, validity: nil, storage: .int64(starts)))
        }
        var groups = table.groups(of: keys, rowCount: range.count)
        changes.note(groups, groupCount: table.count)
        if range.lowerBound > 0 { groups.insert(contentsOf: repeatElement(0, count: range.lowerBound), at: 0) }
        for (mine, theirs) in zip(accumulators, other.accumulators) {
            try mine.merge(theirs, into: groups, groupCount: table.count)
        }
    }

    /// Appends all groups as rows of the output's schema, in pieces of the usual size.
    ///
    /// - Parameter windowStart: the start of the window this state is of; with a pane key each group has its own.
    func finish(windowStart: Int64?, into output: inout [Batch]) {
        let groups = table.firstGroup..<table.count
        if hasPaneKey { return finishPanes(groups, into: &output) }
        for start in stride(from: groups.lowerBound, to: groups.upperBound, by: Batch.usualRowCount) {
            let piece = Array(UInt32(start)..<UInt32(min(start + Batch.usualRowCount, groups.upperBound)))
            output.append(
                Batch(
                    schema: layout.schema, rowCount: piece.count, columns: results(of: piece, windowStart: windowStart))
            )
        }
    }

    /// Windows in the order of time, whatever order their rows came in.
    private func finishPanes(_ range: Range<Int>, into output: inout [Batch]) {
        let groups = Array(UInt32(range.lowerBound)..<UInt32(range.upperBound))
        let columns = results(of: groups, windowStart: nil)
        let whole = Batch(schema: layout.schema, rowCount: groups.count, columns: columns)
        guard let panes = table.keys(of: groups).last?.int64s else { return whole.appendPieces(to: &output) }
        Self.ordered(whole, by: panes).appendPieces(to: &output)
    }

    /// Adds groups with their states to what is saved: those that the record needs, or all where it stands alone.
    ///
    /// - Parameter marks: further columns of the groups named. Their names begin with `$`.
    func save(
        into state: inout OperatorState, as name: String, marks: ([UInt32]) -> [(String, Column)] = { _ in [] }
    ) {
        let share = changes.take(table.firstGroup..<table.count, for: state)
        state.append([saved(share.groups, marks(share.groups))], as: name, since: share.since)
    }

    /// Groups with their states: the keys, then the columns of each accumulator, by name.
    private func saved(_ groups: [UInt32], _ marks: [(String, Column)]) -> Batch {
        var fields: [Field] = []
        var columns: [Column] = []
        let types = layout.keyTypes + (hasPaneKey ? [.timestamp] : [])
        for (index, (key, type)) in zip(table.keys(of: groups), types).enumerated() {
            fields.append(Field(keyFields[index], type))
            columns.append(key)
        }
        for (call, accumulator) in zip(layout.calls, accumulators) {
            let states = accumulator.stateColumns(of: groups, groupCount: table.count)
            for (index, column) in states.enumerated() {
                fields.append(Field("\(call.name)#\(index)", column.type))
                columns.append(column)
            }
        }
        for (name, column) in marks {
            fields.append(Field(name, column.type))
            columns.append(column)
        }
        return Batch(schema: Schema(Self.unique(fields)), rowCount: groups.count, columns: columns)
    }

    /// All groups with their states, as a batch of rows, and the columns of their keys.
    func put(marks: ([UInt32]) -> [(String, Column)] = { _ in [] }) -> (rows: Batch, keys: [Column]) {
        let groups = (table.firstGroup..<table.count).map { UInt32($0) }
        return (saved(groups, marks(groups)), table.keys(of: groups))
    }

    /// The keys of rows that `put` gave.
    func keys(ofPut rows: Batch) -> [Column] {
        Array(rows.columns.prefix(layout.keyTypes.count + (hasPaneKey ? 1 : 0)))
    }

    /// Takes in groups that `put` gave, at several times perhaps: a group may be there more than once.
    func mergePut(_ rows: Batch) throws(SQLError) {
        for part in differentGroups(rows) {
            let other = try GroupState(layout: layout, hasPaneKey: hasPaneKey)
            _ = try other.restore(part, try other.groups(ofSaved: part))
            try merge(other)
        }
    }

    /// The group of each row of what `put` gave; those that are new are made.
    func groups(ofPut rows: Batch) throws(SQLError) -> [UInt32] {
        let groups = try groups(ofSaved: rows)
        changes.note(groups, groupCount: table.count)
        return groups
    }

    /// Takes in what `put` gave of groups that are there once.
    ///
    /// - Parameter groups: of the rows.
    func merge(put rows: Batch, into groups: [UInt32]) throws(SQLError) {
        let theirs = try layout.makeAccumulators()
        let places = (0..<UInt32(rows.rowCount)).map(\.self)
        _ = try restore(rows, places, into: theirs, groupCount: rows.rowCount)
        for (mine, theirs) in zip(accumulators, theirs) {
            try mine.merge(theirs, into: groups, groupCount: table.count)
        }
    }

    /// The rows in parts that hold each group once, the earlier rows of a group in the earlier parts.
    private func differentGroups(_ rows: Batch) -> [Batch] {
        var numbers = GroupTable(types: layout.keyTypes + (hasPaneKey ? [.timestamp] : []))
        let groups = numbers.groups(of: keys(ofPut: rows), rowCount: rows.rowCount)
        var seen = [Int](repeating: 0, count: numbers.count)
        var parts: [[UInt32]] = []
        for (row, group) in groups.enumerated() {
            let part = seen[Int(group)]
            seen[Int(group)] += 1
            if part == parts.count { parts.append([]) }
            parts[part].append(UInt32(row))
        }
        return parts.count == 1 ? [rows] : parts.map { rows.select(rows: $0) }
    }

    /// The same groups without those that are not wanted, under new numbers.
    ///
    /// - Parameter wanted: by group.
    /// - Returns: the state, and the old group of each new one.
    func keeping(_ wanted: (Int) -> Bool) throws(SQLError) -> (state: GroupState, oldGroups: [Int]) {
        let kept = (table.firstGroup..<table.count).filter(wanted)
        let rows = saved(kept.map { UInt32($0) }, [])
        let state = try GroupState(layout: layout, hasPaneKey: hasPaneKey)
        let groups = try state.groups(ofSaved: rows)
        _ = try state.restore(rows, groups)
        var oldGroups = Array(repeating: 0, count: state.table.count)
        for (old, new) in zip(kept, groups) { oldGroups[Int(new)] = old }
        return (state, oldGroups)
    }

    /// Takes over what was saved under a name. An aggregate that was not saved begins anew.
    ///
    /// - Returns: the aggregates that begin anew, and those that were saved and are computed no more.
    /// - Throws: `state_mismatch` where the keys are others.
    func load(
        from state: OperatorState, as name: String,
        visit: (_ saved: Batch, _ groups: [UInt32]) throws(SQLError) -> Void = { _, _ throws(SQLError) in }
    ) throws(SQLError) -> [String] {
        var notes: [String] = []
        for batch in state.batches(name) {
            let groups = try groups(ofSaved: batch)
            for note in try restore(batch, groups) where !notes.contains(note) { notes.append(note) }
            try visit(batch, groups)
        }
        if notes.isEmpty, let since = state.since(name) { changes.resume(since: since) }
        return notes
    }

    private func restore(_ batch: Batch, _ groups: [UInt32]) throws(SQLError) -> [String] {
        try restore(batch, groups, into: accumulators, groupCount: table.count)
    }

    private func restore(
        _ batch: Batch, _ groups: [UInt32], into accumulators: [Accumulator], groupCount: Int
    ) throws(SQLError) -> [String] {
        var fresh: [String] = []
        var left = Set(batch.schema.fields.map(\.name).filter { !$0.hasPrefix("key ") && !$0.hasPrefix("$") })
        var names: [String: Int] = [:]
        for (call, accumulator) in zip(layout.calls, accumulators) {
            // Two calls of one text (they differ in what the text doesn't tell) are told apart by their order.
            let repeated = names[call.name, default: 0]
            names[call.name] = repeated + 1
            var columns: [Column] = []
            while true {
                let field = "\(call.name)#\(columns.count)" + String(repeating: "'", count: repeated)
                guard let column = batch.column(field) else { break }
                left.remove(field)
                columns.append(column)
            }
            if columns.isEmpty {
                fresh.append("\(call.name) begins anew")
            } else {
                try accumulator.restore(columns, into: groups, groupCount: groupCount)
            }
        }
        let unused = Set(left.compactMap { $0.split(separator: "#").first }).sorted()
        return fresh + unused.map { "\($0) is left behind" }
    }

    /// The groups of saved rows.
    private func groups(ofSaved batch: Batch) throws(SQLError) -> [UInt32] {
        let types = layout.keyTypes + (hasPaneKey ? [.timestamp] : [])
        let keyNames = keyFields
        var keys: [Column] = []
        for (index, type) in types.enumerated() {
            guard let column = batch.column(keyNames[index]), column.type == type else {
                throw SQLError(code: .stateMismatch, message: "groups were saved by other keys")
            }
            keys.append(column)
        }
        return table.groups(of: keys, rowCount: batch.rowCount)
    }

    /// The columns of the keys in a checkpoint. Keys of one name are told apart by their order.
    private var keyFields: [String] {
        let names = layout.keyNames.map { "key \($0)" } + (hasPaneKey ? ["key of the pane"] : [])
        return Self.unique(names.map { Field($0, .int64) }).map(\.name)
    }

    private static func unique(_ fields: [Field]) -> [Field] {
        var used: Set<String> = []
        return fields.map { field in
            var name = field.name
            while !used.insert(name).inserted { name += "'" }
            return Field(name, field.type)
        }
    }

    private static func ordered(_ batch: Batch, by panes: [Int64]) -> Batch {
        var isSorted = true
        for index in panes.indices.dropFirst() where panes[index] < panes[index - 1] {
            isSorted = false
            break
        }
        if isSorted { return batch }
        let rows = (0..<UInt32(panes.count)).sorted { left, right in
            let (a, b) = (panes[Int(left)], panes[Int(right)])
            return a != b ? a < b : left < right
        }
        return batch.select(rows: rows)
    }
}

extension Batch {
    /// Rows of a batch between stages.
    static let usualRowCount = 4_096

    /// Appends the batch in pieces of the usual size.
    func appendPieces(to output: inout [Batch]) {
        var start = 0
        while start < rowCount {
            let end = min(start + Batch.usualRowCount, rowCount)
            output.append(slice(start..<end))
            start = end
        }
    }
}
