import Columns
import SQL

/// What one side of a join keeps, in the records of checkpoints: tables `left` and `right` of rows with their numbers, and
/// the numbers of rows that are gone.
extension JoinRows {
    private static let numberField = Field("$number", .int64)
    private static let marks = [numberField, Field("$expiry", .int64), Field("$matches", .int64)]
    private static func nameOfGone(_ name: String) -> String { "\(name) gone" }

    private var savedSchema: Schema { Schema(schema.fields + Self.marks) }

    /// Adds the rows that the record needs, or all where it stands alone.
    mutating func save(into state: inout OperatorState, as name: String) {
        let share = takeChanges(for: state)
        state.append(saved(share.places), as: name, since: share.since)
        state[number: "\(name) released_through"] = released.through
        state[number: "\(name) released_before"] = Int64(released.before)
        let gone = Self.column(share.gone.map { Int64($0) })
        state.append(
            [Batch(schema: Schema([Self.numberField]), rowCount: gone.count, columns: [gone])],
            as: Self.nameOfGone(name), since: share.since)
    }

    /// The rows of some places with their marks, batch by batch as they came.
    private func saved(_ places: [UInt32]) -> [Batch] {
        var found: [Batch] = []
        var kept: [Entry] = []
        for place in places {
            let entry = entries[Int(place)]
            if entry.isGone { continue }
            if let last = kept.last, last.batch != entry.batch {
                found.append(marked(kept))
                kept.removeAll(keepingCapacity: true)
            }
            kept.append(entry)
        }
        if !kept.isEmpty { found.append(marked(kept)) }
        return found
    }

    /// - Parameter kept: rows of one batch.
    private func marked(_ kept: [Entry]) -> Batch {
        let rows = Self.rows(kept.map(\.row), of: batches[Int(kept[0].batch)])
        return Batch(
            schema: savedSchema, rowCount: kept.count,
            columns: rows.columns + [
                Self.column(kept.map { Int64($0.number) }), Self.column(kept.map(\.expiry)),
                Self.column(kept.map { Int64($0.matches) }),
            ])
    }

    private static func column(_ values: [Int64]) -> Column {
        Column(type: .int64, count: values.count, validity: nil, storage: .int64(values))
    }

    /// Whole states of several joins, with numbers for their rows that no two share. Nothing is gone in them.
    static func renumbered(_ states: [OperatorState], _ names: [String]) -> [OperatorState] {
        var first: [String: Int64] = [:]
        return states.map { state in
            var tables: [OperatorState.Table] = []
            for name in names {
                let start = first[name, default: 0]
                let batches = state.batches(name).map { batch in
                    var columns = batch.columns
                    let place = batch.schema.index(of: numberField.name) ?? columns.count - marks.count
                    let numbers = (columns[place].int64s ?? []).map { $0 + start }
                    first[name] = max(first[name, default: 0], (numbers.max() ?? -1) + 1)
                    columns[place] = column(numbers)
                    return Batch(schema: batch.schema, rowCount: batch.rowCount, columns: columns)
                }
                tables.append(OperatorState.Table(name: name, batches: batches))
            }
            let numbers = state.numbers.filter { !$0.key.contains(" released_") }
            return OperatorState(tables: tables, numbers: numbers)
        }
    }

    /// Takes over what was saved under a name.
    ///
    /// - Parameters:
    ///   - willHold: told how many rows come, before they do.
    ///   - keys: the numbers of the keys of some rows.
    /// - Throws: `state_mismatch` where other columns were saved, `corrupt_state`.
    mutating func load(
        from state: OperatorState, as name: String, willHold: (Int) -> Void,
        keys: (Batch) throws(SQLError) -> [UInt32]
    ) throws(SQLError) {
        let released = (
            through: state[number: "\(name) released_through"] ?? .min,
            before: UInt32(clamping: state[number: "\(name) released_before"] ?? 0)
        )
        let batches = state.batches(name)
        for batch in batches where batch.schema != savedSchema {
            throw SQLError(code: .stateMismatch, message: "the rows of the \(name) side had other columns")
        }
        let gone = state.batches(Self.nameOfGone(name)).flatMap { $0.columns.first?.int64s ?? [] }
        let saved = try SavedRows(batches, numbers: schema.count, gone: gone)
        reserve(saved.count)
        willHold(saved.count)
        for range in saved.blocks { try take(saved.block(range), released, keys: keys) }
        resume(since: state.since(name), released: released)
    }

    private mutating func take(
        _ block: Batch, _ released: (through: Int64, before: UInt32), keys: (Batch) throws(SQLError) -> [UInt32]
    ) throws(SQLError) {
        let marks = block.columns.dropFirst(schema.count).compactMap(\.int64s)
        guard marks.count == Self.marks.count else { throw StateCodec.damaged("the marks of a join") }
        let kept = (0..<UInt32(block.rowCount)).filter { row in
            marks[0][Int(row)] >= Int64(released.before) || marks[1][Int(row)] > released.through
        }
        guard !kept.isEmpty else { return }
        let rows = Self.rows(
            kept,
            of: Batch(schema: schema, rowCount: block.rowCount, columns: Array(block.columns.prefix(schema.count))))
        add(
            rows, keys: try keys(rows), expiries: kept.map { marks[1][Int($0)] },
            matches: kept.map { Int32(clamping: max(marks[2][Int($0)], 0)) },
            numbers: kept.map { UInt32(truncatingIfNeeded: marks[0][Int($0)]) })
    }
}
