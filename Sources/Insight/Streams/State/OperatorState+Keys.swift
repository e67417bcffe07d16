import Bytes
import Columns
import SQL

/// States by key, shared out anew: what some shards kept, each of keys of its own, is what others go on with.
extension OperatorState {
    /// What several kept, each of other keys, as if one had. They stood at one barrier, so what they know of time is the same,
    /// or the latest of them holds for all.
    ///
    /// - Parameter states: all whole.
    init(joining states: [OperatorState]) {
        var tables: [Table] = []
        var places: [String: Int] = [:]
        var numbers: [String: Int64] = [:]
        for state in states {
            for table in state.tables {
                if let place = places[table.name] {
                    tables[place].batches += table.batches
                } else {
                    places[table.name] = tables.count
                    tables.append(Table(name: table.name, batches: table.batches))
                }
            }
            for (name, value) in state.numbers {
                let known = numbers[name]
                numbers[name] = name == Self.lateRows ? (known ?? 0) + value : max(known ?? value, value)
            }
        }
        self.init(tables: tables, numbers: numbers)
    }

    private static let lateRows = "late_rows"

    /// The rows of each shard.
    ///
    /// - Parameter keys: the values that a shard is told by, of rows of a table.
    func divided(
        among count: Int, by keys: (String, Batch) throws(SQLError) -> [Column]
    ) throws(SQLError) -> [OperatorState] {
        var shares: [[Table]] = Array(repeating: [], count: count)
        for table in tables {
            var batches: [[Batch]] = Array(repeating: [], count: count)
            for batch in table.batches where batch.rowCount > 0 {
                let rows = ShardKey.rows(of: try keys(table.name, batch), rowCount: batch.rowCount, among: count)
                for shard in 0..<count where !rows[shard].isEmpty {
                    batches[shard].append(batch.select(rows: rows[shard]).compacted())
                }
            }
            // A table without rows says nothing, but that a window is open.
            for shard in 0..<count where !batches[shard].isEmpty {
                shares[shard].append(Table(name: table.name, batches: batches[shard]))
            }
        }
        return shares.enumerated().map { shard, tables in
            var numbers = numbers
            if shard > 0, numbers[Self.lateRows] != nil { numbers[Self.lateRows] = 0 }
            return OperatorState(tables: tables, numbers: numbers)
        }
    }
}

/// Which shard a row belongs to: the same for the same key in every run.
enum ShardKey {
    /// The rows of each shard, in their order.
    static func rows(of keys: [Column], rowCount: Int, among count: Int) -> [[UInt32]] {
        var hashes = [UInt64](repeating: 0, count: rowCount)
        for key in keys { fold(key, into: &hashes) }
        return rows(hashes, among: count)
    }

    /// Takes another column of the same rows into their hashes.
    static func fold(_ key: Column, into hashes: inout [UInt64]) {
        guard let values = key.int64s else { return ValueHash.fold(key, into: &hashes) }
        fold(values, key.validity, into: &hashes)
    }

    /// One round does: neighbours may lie in a pattern, as long as all shards have as many of them.
    private static func fold(_ values: [Int64], _ validity: Bitmap?, into hashes: inout [UInt64]) {
        let values = values.span
        var out = hashes.mutableSpan
        for row in values.indices {
            let isNull = validity.map { !$0[row] } ?? false
            out[row] = ByteHash.mix(out[row] ^ (isNull ? 0 : UInt64(bitPattern: values[row])), seed: seed)
        }
    }

    private static let seed: UInt64 = 0x7371_7569_6c6c_6121

    static func rows(_ hashes: [UInt64], among count: Int) -> [[UInt32]] {
        if count == 2 { return halves(hashes) }
        let hashes = hashes.span
        var ends = [Int](repeating: 0, count: count + 1)
        for row in hashes.indices { ends[shard(hashes[row], of: count) + 1] += 1 }
        for shard in 0..<count { ends[shard + 1] += ends[shard] }
        var next = ends
        var order = [UInt32](repeating: 0, count: hashes.count)
        var places = next.mutableSpan
        var sorted = order.mutableSpan
        for row in hashes.indices {
            let own = shard(hashes[row], of: count)
            sorted[places[own]] = UInt32(row)
            places[own] += 1
        }
        return (0..<count).map { Array(order[ends[$0]..<ends[$0 + 1]]) }
    }

    /// The same between two, of which one look at a hash is enough: a row is written for both, and stays with one.
    private static func halves(_ hashes: [UInt64]) -> [[UInt32]] {
        let hashes = hashes.span
        var counts = (0, 0)
        // Room for one more, which a row that is for the other lies in.
        var first = [UInt32](repeating: 0, count: hashes.count + 1)
        var second = first
        var low = first.mutableSpan
        var high = second.mutableSpan
        for row in hashes.indices {
            low[counts.0] = UInt32(truncatingIfNeeded: row)
            high[counts.1] = UInt32(truncatingIfNeeded: row)
            let isHigh = shard(hashes[row], of: 2)
            counts.1 &+= isHigh
            counts.0 &+= 1 &- isHigh
        }
        first.removeLast(first.count - counts.0)
        second.removeLast(second.count - counts.1)
        return [first, second]
    }

    /// The upper half of the product: no division, and all bits of the hash count.
    private static func shard(_ hash: UInt64, of count: Int) -> Int {
        Int(hash.multipliedFullWidth(by: UInt64(count)).high)
    }
}
