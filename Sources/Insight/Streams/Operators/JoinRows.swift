import Columns
import SQL

/// The rows of one side of a join that a row of the other side may still meet.
struct JoinRows {
    /// A row that is held.
    struct Entry {
        let batch: UInt32
        let row: UInt32
        /// The number of its key; 0 where it has none, since null equals nothing.
        let key: UInt32
        /// The row before with the same key, plus 1; 0 for none.
        let previous: UInt32
        /// No row of the other side can meet it once the watermark is here.
        let expiry: Int64
        /// Of all rows that ever came to this side its own, for checkpoints.
        var number: UInt32
        var isMatched: Bool
        var isGone: Bool
    }

    let schema: Schema
    private(set) var batches: [Batch] = []
    private(set) var entries: [Entry] = []
    /// The last row of each key, plus 1.
    private var heads: [UInt32] = []
    private(set) var goneCount = 0
    private(set) var earliestExpiry = Int64.max
    private var batchBytes = 0
    private var nextNumber: UInt32 = 0
    private var changes = RowChanges()
    /// Rows with numbers below that expire by then are gone, where checkpoints don't tell of each.
    private(set) var released: (through: Int64, before: UInt32) = (.min, 0)

    init(schema: Schema) { self.schema = schema }

    var bytes: Int { batchBytes + entries.capacity * MemoryLayout<Entry>.stride + heads.capacity * 4 }

    /// - Parameter numbers: of rows that were there before, ascending and beyond those of all others.
    mutating func add(
        _ batch: Batch, keys: [UInt32], expiries: [Int64], isMatched: [Bool]? = nil, numbers: [UInt32]? = nil
    ) {
        if UInt32.max - nextNumber <= UInt32(batch.rowCount) { renumber() }
        let number = UInt32(batches.count)
        batches.append(batch)
        batchBytes += batch.memoryBytes
        for row in keys.indices {
            let key = keys[row]
            var previous: UInt32 = 0
            if key > 0 {
                heads.grow(to: Int(key) + 1, filling: 0)
                previous = heads[Int(key)]
                heads[Int(key)] = UInt32(entries.count + 1)
            }
            earliestExpiry = min(earliestExpiry, expiries[row])
            entries.append(
                Entry(
                    batch: number, row: UInt32(row), key: key, previous: previous, expiry: expiries[row],
                    number: numbers?[row] ?? nextNumber, isMatched: isMatched?[row] ?? false, isGone: false))
            nextNumber = (numbers?[row] ?? nextNumber) + 1
        }
    }

    /// Numbers begin anew, and with them the records of checkpoints.
    private mutating func renumber() {
        for place in entries.indices { entries[place].number = UInt32(place) }
        nextNumber = UInt32(entries.count)
        changes = RowChanges()
        released = (.min, 0)
    }

    mutating func takeChanges(for state: OperatorState) -> RowChanges.Share {
        changes.take(rows: entries.count, for: state)
    }

    /// Goes on from the records since that one.
    mutating func resume(since: Int64?, released: (through: Int64, before: UInt32)) {
        if let since { changes.resume(since: since, rows: entries.count) }
        self.released = released
    }

    /// This side without the rows that are gone, and without its other ones yet: `add` brings those, in their order.
    func emptied() -> JoinRows {
        var rows = JoinRows(schema: schema)
        rows.nextNumber = nextNumber
        rows.changes = changes
        rows.released = released
        rows.changes.compact(count: entries.count) { !entries[$0].isGone }
        return rows
    }

    /// The places of the rows with a key, the latest first.
    func forEach(key: UInt32, _ body: (Int) -> Void) {
        guard key > 0, Int(key) < heads.count else { return }
        var next = heads[Int(key)]
        while next > 0 {
            let place = Int(next - 1)
            if !entries[place].isGone { body(place) }
            next = entries[place].previous
        }
    }

    /// Lets go of one row.
    mutating func remove(_ place: Int) { _ = drop(place) }

    mutating func match(_ place: Int) {
        guard !entries[place].isMatched else { return }
        entries[place].isMatched = true
        changes.touch(place)
    }

    /// Lets go of a row; false where it had gone.
    mutating func drop(_ place: Int) -> Bool {
        if entries[place].isGone { return false }
        entries[place].isGone = true
        goneCount += 1
        changes.lose(place, number: entries[place].number)
        return true
    }

    /// Whether a row with the key is held.
    func has(key: UInt32) -> Bool {
        guard key > 0, Int(key) < heads.count else { return false }
        return holdsOne(of: heads[Int(key)])
    }

    /// Whether a row with the same key is held that came before.
    func hasEarlier(_ place: Int) -> Bool { holdsOne(of: entries[place].previous) }

    private func holdsOne(of chain: UInt32) -> Bool {
        var next = chain
        while next > 0 {
            if !entries[Int(next - 1)].isGone { return true }
            next = entries[Int(next - 1)].previous
        }
        return false
    }

    /// Lets go of the rows that no row can meet any more.
    ///
    /// - Parameter isTold: whether checkpoints tell of each row; else who loads them knows by the watermark.
    /// - Returns: those of them that met none.
    mutating func expire(through watermark: Int64, isTold: Bool) -> [Int] {
        if !isTold, watermark >= released.through { released = (watermark, nextNumber) }
        guard earliestExpiry <= watermark else { return [] }
        var alone: [Int] = []
        earliestExpiry = .max
        for place in entries.indices where !entries[place].isGone {
            if entries[place].expiry <= watermark {
                entries[place].isGone = true
                goneCount += 1
                if isTold { changes.lose(place, number: entries[place].number) }
                if !entries[place].isMatched { alone.append(place) }
            } else {
                earliestExpiry = min(earliestExpiry, entries[place].expiry)
            }
        }
        return alone
    }

    /// The rows that met none.
    var unmatched: [Int] { entries.indices.filter { !entries[$0].isMatched && !entries[$0].isGone } }

    /// The rows at these places, one after the other.
    func gather(_ places: some Sequence<Int>) -> Batch {
        var builder = BatchBuilder(schema: schema, capacity: 1_024)
        for place in places { builder.append(batches[Int(entries[place].batch)], row: Int(entries[place].row)) }
        return builder.finish()
    }

    /// What is left of each batch: its rows, when they expire, whether they were met, and their numbers.
    func remaining() -> [(batch: Batch, expiries: [Int64], isMatched: [Bool], numbers: [UInt32])] {
        var rows = [[UInt32]](repeating: [], count: batches.count)
        var expiries = [[Int64]](repeating: [], count: batches.count)
        var matched = [[Bool]](repeating: [], count: batches.count)
        var numbers = [[UInt32]](repeating: [], count: batches.count)
        for entry in entries where !entry.isGone {
            rows[Int(entry.batch)].append(entry.row)
            expiries[Int(entry.batch)].append(entry.expiry)
            matched[Int(entry.batch)].append(entry.isMatched)
            numbers[Int(entry.batch)].append(entry.number)
        }
        return batches.indices.filter { !rows[$0].isEmpty }.map { index in
            let batch = batches[index]
            let kept = rows[index].count == batch.rowCount ? batch : batch.select(rows: rows[index]).compacted()
            return (kept, expiries[index], matched[index], numbers[index])
        }
    }
}
