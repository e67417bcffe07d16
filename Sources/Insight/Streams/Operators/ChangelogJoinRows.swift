import Columns
import SQL

/// The rows of one side of a join whose pairs may be taken back.
struct ChangelogJoinRows {
    struct Entry {
        let batch: UInt32
        let row: UInt32
        let key: UInt32
        /// The row before with the same key, plus 1; 0 for none.
        let previous: UInt32
        /// No row can meet it once the watermark is here.
        var expiry: Int64
        /// Rows of the other side that it makes a pair with.
        var matches: Int32 = 0
        var isGone = false
    }

    let schema: Schema
    private(set) var entries: [Entry] = []
    private var batches: [Batch] = []
    /// The last row of each key, plus 1.
    private var heads: [UInt32] = []
    private(set) var goneCount = 0
    private var earliestExpiry = Int64.max
    private var batchBytes = 0

    init(schema: Schema) { self.schema = schema }

    var bytes: Int { batchBytes + entries.capacity * MemoryLayout<Entry>.stride + heads.capacity * 4 }
    var count: Int { entries.count - goneCount }

    /// Makes the rows of a batch known; they are there once they are added.
    ///
    /// - Returns: the batch's number.
    mutating func hold(_ batch: Batch) -> UInt32 {
        batches.append(batch)
        batchBytes += batch.memoryBytes
        return UInt32(batches.count - 1)
    }

    mutating func add(batch: UInt32, row: UInt32, key: UInt32, expiry: Int64, matches: Int32) {
        heads.grow(to: Int(key) + 1, filling: 0)
        let entry = Entry(batch: batch, row: row, key: key, previous: heads[Int(key)], expiry: expiry, matches: matches)
        entries.append(entry)
        heads[Int(key)] = UInt32(entries.count)
        earliestExpiry = min(earliestExpiry, expiry)
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

    /// Takes a row back: one that is the same as the row of a batch.
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
        guard let found else { return }
        entries[found].isGone = true
        goneCount += 1
    }

    /// Counts a pair more, or one less.
    ///
    /// - Returns: how many there are now.
    mutating func count(_ change: Int32, at place: Int) -> Int32 {
        entries[place].matches = max(entries[place].matches + change, 0)
        return entries[place].matches
    }

    /// Event time begins: what came before has its time to live from now on.
    mutating func begin(expiry: Int64) {
        for place in entries.indices where !entries[place].isGone && entries[place].expiry == .max {
            entries[place].expiry = expiry
            earliestExpiry = min(earliestExpiry, expiry)
        }
    }

    /// Lets go of rows that have had their time, without a word.
    mutating func expire(through watermark: Int64) {
        guard earliestExpiry <= watermark else { return }
        earliestExpiry = .max
        for place in entries.indices where !entries[place].isGone {
            if entries[place].expiry <= watermark {
                entries[place].isGone = true
                goneCount += 1
            } else {
                earliestExpiry = min(earliestExpiry, entries[place].expiry)
            }
        }
    }

    /// Appends the row of a place.
    func append(_ place: Int, column: Int, to builder: inout ColumnBuilder) {
        let entry = entries[place]
        builder.append(batches[Int(entry.batch)].columns[column], row: Int(entry.row))
    }

    /// What is left, in the order of its coming, with when it goes and its pairs.
    func remaining() -> (rows: Batch, expiries: [Int64], matches: [Int32]) {
        var builder = BatchBuilder(schema: schema, capacity: max(count, 1))
        var expiries: [Int64] = []
        var matches: [Int32] = []
        for entry in entries where !entry.isGone {
            builder.append(batches[Int(entry.batch)], row: Int(entry.row))
            expiries.append(entry.expiry)
            matches.append(entry.matches)
        }
        return (builder.finish(), expiries, matches)
    }
}
