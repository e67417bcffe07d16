import Columns
import SQL

/// What one side of a join keeps, in the records of checkpoints: tables `left` and `right` of rows with their numbers, and
/// the numbers of rows that are gone.
extension JoinRows {
    private static let numberField = Field("$number", .int64)
    private static let marks = [numberField, Field("$expiry", .int64), Field("$is_matched", .bool)]
    private static func nameOfGone(_ name: String) -> String { "\(name) gone" }

    /// Adds the rows that the record needs, or all where it stands alone.
    mutating func save(into state: inout OperatorState, as name: String) {
        let share = takeChanges(for: state)
        state.append(share.places.flatMap { saved($0) }, as: name, since: share.since)
        let gone = Column(
            type: .int64, count: share.gone.count, validity: nil, storage: .int64(share.gone.map { Int64($0) }))
        state[number: "\(name) released_through"] = released.through
        state[number: "\(name) released_before"] = Int64(released.before)
        state.append(
            [Batch(schema: Schema([Self.numberField]), rowCount: share.gone.count, columns: [gone])],
            as: Self.nameOfGone(name), since: share.since)
    }

    /// The rows of some places with their marks, batch by batch as they came.
    private func saved(_ places: Range<Int>) -> [Batch] {
        var found: [Batch] = []
        var start = places.lowerBound
        while start < places.upperBound {
            let number = entries[start].batch
            var end = start
            var kept: [Entry] = []
            while end < places.upperBound, entries[end].batch == number {
                if !entries[end].isGone { kept.append(entries[end]) }
                end += 1
            }
            if !kept.isEmpty { found.append(marked(batches[Int(number)], kept)) }
            start = end
        }
        return found
    }

    private func marked(_ batch: Batch, _ kept: [Entry]) -> Batch {
        let rows = kept.count == batch.rowCount ? batch : batch.select(rows: kept.map(\.row)).compacted()
        var matched = Bitmap(repeating: false, count: kept.count)
        for (row, entry) in kept.enumerated() where entry.isMatched { matched[row] = true }
        func numbers(_ values: [Int64]) -> Column {
            Column(type: .int64, count: values.count, validity: nil, storage: .int64(values))
        }
        return Batch(
            schema: savedSchema, rowCount: kept.count,
            columns: rows.columns + [
                numbers(kept.map { Int64($0.number) }), numbers(kept.map(\.expiry)),
                Column(type: .bool, count: kept.count, validity: nil, storage: .bool(matched)),
            ])
    }

    private var savedSchema: Schema { Schema(schema.fields + Self.marks) }

    /// A row of a record: the latest of its number counts.
    private struct Saved {
        let number: Int64
        let batch: Int
        let row: UInt32
    }

    /// Takes over what was saved under a name.
    ///
    /// - Parameter keys: the numbers of the keys of some rows.
    /// - Throws: `state_mismatch` where other columns were saved, `corrupt_state`.
    mutating func load(
        from state: OperatorState, as name: String, keys: (Batch) throws(SQLError) -> [UInt32]
    ) throws(SQLError) {
        let released = (
            through: state[number: "\(name) released_through"] ?? .min,
            before: UInt32(clamping: state[number: "\(name) released_before"] ?? 0)
        )
        var gone: Set<Int64> = []
        for batch in state.batches(Self.nameOfGone(name)) {
            for number in batch.columns.first?.int64s ?? [] { gone.insert(number) }
        }
        let batches = state.batches(name)
        var rows: [Saved] = []
        for (index, batch) in batches.enumerated() {
            guard batch.schema == savedSchema else {
                throw SQLError(code: .stateMismatch, message: "the rows of the \(name) side had other columns")
            }
            guard let numbers = batch.columns[schema.count].int64s else { throw StateCodec.damaged("rows of a join") }
            for (row, number) in numbers.enumerated() where !gone.contains(number) {
                guard (0..<Int64(UInt32.max)).contains(number) else { throw StateCodec.damaged("rows of a join") }
                rows.append(Saved(number: number, batch: index, row: UInt32(row)))
            }
        }
        // In the order of their coming; of one number the latest is the last.
        rows.sort { $0.number != $1.number ? $0.number < $1.number : $0.batch < $1.batch }
        var start = 0
        while start < rows.count {
            let index = rows[start].batch
            var wanted: [UInt32] = []
            var end = start
            while end < rows.count, rows[end].batch == index {
                let isLatest = end + 1 == rows.count || rows[end + 1].number != rows[end].number
                if isLatest { wanted.append(rows[end].row) }
                end += 1
            }
            try take(batches[index], wanted, released, keys: keys)
            start = end
        }
        resume(since: state.since(name), released: released)
    }

    private mutating func take(
        _ batch: Batch, _ wanted: [UInt32], _ released: (through: Int64, before: UInt32),
        keys: (Batch) throws(SQLError) -> [UInt32]
    ) throws(SQLError) {
        guard let expiries = batch.columns[schema.count + 1].int64s,
            let matched = batch.columns[schema.count + 2].bools, let numbers = batch.columns[schema.count].int64s
        else { throw StateCodec.damaged("the marks of a join") }
        let kept = wanted.filter {
            numbers[Int($0)] >= Int64(released.before) || expiries[Int($0)] > released.through
        }
        guard !kept.isEmpty else { return }
        let all = Batch(schema: schema, rowCount: batch.rowCount, columns: Array(batch.columns.prefix(schema.count)))
        let rows = kept.count == all.rowCount ? all : all.select(rows: kept).compacted()
        add(
            rows, keys: try keys(rows), expiries: kept.map { expiries[Int($0)] },
            isMatched: kept.map { matched[Int($0)] }, numbers: kept.map { UInt32(numbers[Int($0)]) })
    }
}
