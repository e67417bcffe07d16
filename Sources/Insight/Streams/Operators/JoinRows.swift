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
        fileprivate(set) var expiry: Int64
        /// Of all rows that ever came to this side its own, for checkpoints.
        fileprivate(set) var number: UInt32
        /// Rows of the other side that it has met: whether any, or how many, as the join asks. Below zero of one that is gone.
        fileprivate(set) var matches: Int32

        var isMatched: Bool { matches > 0 }
        var isGone: Bool { matches < 0 }
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

    var count: Int { entries.count - goneCount }
    var bytes: Int { batchBytes + entries.capacity * MemoryLayout<Entry>.stride + heads.capacity * 4 }

    /// - Parameter numbers: of rows that were there before, ascending and beyond those of all others.
    mutating func add(
        _ batch: Batch, keys: [UInt32], expiries: [Int64], matches: [Int32]? = nil, numbers: [UInt32]? = nil
    ) {
        let held = hold(batch)
        for row in keys.indices {
            if let numbers { nextNumber = numbers[row] }
            add(held, row: row, key: keys[row], expiry: expiries[row], matches: matches?[row] ?? 0)
        }
    }

    /// Makes the rows of a batch known; they are there once they are added.
    ///
    /// - Returns: the batch's number.
    mutating func hold(_ batch: Batch) -> UInt32 {
        if UInt32.max - nextNumber <= UInt32(batch.rowCount) { renumber() }
        batches.append(batch)
        batchBytes += batch.memoryBytes
        return UInt32(batches.count - 1)
    }

    @inline(__always)
    mutating func add(_ batch: UInt32, row: Int, key: UInt32, expiry: Int64, matches: Int32) {
        var previous: UInt32 = 0
        if key > 0 {
            heads.grow(to: Int(key) + 1, filling: 0)
            previous = heads[Int(key)]
            heads[Int(key)] = UInt32(entries.count + 1)
        }
        earliestExpiry = min(earliestExpiry, expiry)
        entries.append(
            Entry(
                batch: batch, row: UInt32(row), key: key, previous: previous, expiry: expiry, number: nextNumber,
                matches: matches))
        nextNumber += 1
    }

    /// Makes room for so many rows more.
    mutating func reserve(_ count: Int) { entries.reserveCapacity(entries.count + count) }

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

    /// Pairs rows of the other side with those here that have their keys. In one go: whoever asks row by row would have the
    /// side's arrays counted once more for each.
    ///
    /// - Parameters:
    ///   - keys: of the other side's rows.
    ///   - row: the first of them to be paired.
    ///   - count: pairs that are enough.
    ///   - rows, places: what the pairs are appended to.
    /// - Returns: the first row that was not paired yet.
    func pair(
        _ keys: [UInt32], from row: Int, until count: Int, _ rows: inout [UInt32], _ places: inout [Int]
    ) -> Int {
        let keys = keys.span
        let heads = heads.span
        let entries = entries.span
        var row = row
        while row < keys.count, rows.count < count {
            let key = Int(keys[row])
            var next = key > 0 && key < heads.count ? heads[key] : 0
            while next > 0 {
                let place = Int(next - 1)
                if !entries[place].isGone {
                    rows.append(UInt32(row))
                    places.append(place)
                }
                next = entries[place].previous
            }
            row += 1
        }
        return row
    }

    /// Lets go of one row.
    mutating func remove(_ place: Int) { _ = drop(place) }

    mutating func match(_ place: Int) {
        guard entries[place].matches == 0 else { return }
        entries[place].matches = 1
        changes.touch(place)
    }

    /// Counts a match more, or one less.
    ///
    /// - Returns: how many there are now.
    mutating func count(_ change: Int32, at place: Int) -> Int32 {
        entries[place].matches = max(entries[place].matches + change, 0)
        changes.touch(place)
        return entries[place].matches
    }

    /// Takes a row back: the latest that is the same as the row of a batch.
    mutating func remove(like batch: Batch, row: Int, key: UInt32) {
        var found: Int?
        forEach(key: key) { place in
            guard found == nil else { return }
            let entry = entries[place]
            let other = batches[Int(entry.batch)]
            let isSame = schema.fields.indices.allSatisfy {
                batch.columns[$0].isSame(row, as: other.columns[$0], Int(entry.row))
            }
            if isSame { found = place }
        }
        if let found { remove(found) }
    }

    /// Event time begins: what came before has its time to live from now on.
    mutating func begin(expiry: Int64) {
        for place in entries.indices where !entries[place].isGone && entries[place].expiry == .max {
            entries[place].expiry = expiry
            earliestExpiry = min(earliestExpiry, expiry)
            changes.touch(place)
        }
    }

    /// Lets go of a row; false where it had gone.
    mutating func drop(_ place: Int) -> Bool {
        if entries[place].isGone { return false }
        entries[place].matches = -1
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
    @discardableResult
    mutating func expire(through watermark: Int64, isTold: Bool) -> [Int] {
        if !isTold, watermark >= released.through { released = (watermark, nextNumber) }
        guard earliestExpiry <= watermark else { return [] }
        var alone: [Int] = []
        earliestExpiry = .max
        for place in entries.indices where !entries[place].isGone {
            if entries[place].expiry <= watermark {
                if !entries[place].isMatched { alone.append(place) }
                entries[place].matches = -1
                goneCount += 1
                if isTold { changes.lose(place, number: entries[place].number) }
            } else {
                earliestExpiry = min(earliestExpiry, entries[place].expiry)
            }
        }
        return alone
    }

    /// The rows that met none.
    var unmatched: [Int] { entries.indices.filter { entries[$0].matches == 0 } }

    /// Appends a column's value of the row of a place.
    func append(_ place: Int, column: Int, to builder: inout ColumnBuilder) {
        let entry = entries[place]
        builder.append(batches[Int(entry.batch)].columns[column], row: Int(entry.row))
    }

    /// The rows at these places, one after the other.
    func gather(_ places: some Sequence<Int>) -> Batch {
        var gathered = GatheredRows(of: batches, capacity: places.underestimatedCount)
        for place in places { gathered.append(batch: Int(entries[place].batch), row: entries[place].row) }
        return gathered.batch(schema)
    }

    /// What is left of each batch: its rows, when they expire, what they met, and their numbers.
    func remaining() -> [(batch: Batch, expiries: [Int64], matches: [Int32], numbers: [UInt32])] {
        var kept = [[Entry]](repeating: [], count: batches.count)
        for entry in entries where !entry.isGone { kept[Int(entry.batch)].append(entry) }
        return batches.indices.filter { !kept[$0].isEmpty }.map { index in
            let entries = kept[index]
            return (
                Self.rows(entries.map(\.row), of: batches[index]), entries.map(\.expiry), entries.map(\.matches),
                entries.map(\.number)
            )
        }
    }

    static func rows(_ rows: [UInt32], of batch: Batch) -> Batch {
        rows.count == batch.rowCount ? batch : batch.select(rows: rows).compacted()
    }
}
