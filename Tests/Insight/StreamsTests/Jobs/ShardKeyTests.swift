import Columns
import Testing

@testable import Streams

/// Each row goes to one shard, and rows of one key to the same.
@Suite struct ShardKeyTests {
    private static func integers(_ values: [Int?]) -> Column {
        Rows.batch([("k", .int64)], values.map { [$0] }).columns[0]
    }

    @Test(arguments: 1...5) func everyRowIsOfOneShardInItsOrder(count: Int) {
        let keys = Self.integers((0..<10_000).map { $0 * 37 % 501 })
        let shares = ShardKey.rows(of: [keys], rowCount: 10_000, among: count)
        #expect(shares.count == count)
        #expect(shares.flatMap(\.self).sorted() == Array(0..<10_000))
        var owners: [Int64: Int] = [:]
        for (shard, rows) in shares.enumerated() {
            #expect(rows == rows.sorted())
            // Neighbouring keys are shared out evenly.
            #expect(abs(rows.count - 10_000 / count) < 1_500)
            for row in rows {
                let key = keys.int64s?[Int(row)] ?? 0
                let known = owners.updateValue(shard, forKey: key)
                #expect(known == nil || known == shard)
            }
        }
    }

    @Test func nothingIsSharedOutAmongTwo() {
        #expect(ShardKey.rows(of: [Self.integers([])], rowCount: 0, among: 2) == [[], []])
    }

    /// A batch that has nulls besides tells a key like one that has none.
    @Test func nullsBesideAKeyChangeNothing() {
        var (plain, mixed) = ([UInt64](repeating: 0, count: 3), [UInt64](repeating: 0, count: 4))
        ShardKey.fold(Self.integers([1, 2, 3]), into: &plain)
        ShardKey.fold(Self.integers([1, 2, 3, nil]), into: &mixed)
        #expect(Array(mixed.prefix(3)) == plain)
    }
}
