import Columns
import Testing

@Suite struct GatheredRowsTests {
    /// Many rows of a few batches, and a few rows of many.
    @Test(arguments: [(batches: 5, rows: 300), (1, 40), (60, 7), (3, 0)])
    func rowsOfSeveralBatchesComeInTheOrderAskedFor(batches: Int, rows: Int) {
        var generator = Generator(seed: UInt64(batches))
        let all = (0..<batches).map { _ in generator.batch(rows: 20) }
        let schema = all[0].schema
        var gathered = GatheredRows(of: all, capacity: rows)
        var expected = BatchBuilder(schema: schema, capacity: rows)
        for _ in 0..<rows {
            let batch = Int.random(in: 0..<batches, using: &generator)
            let row = Int.random(in: 0..<20, using: &generator)
            gathered.append(batch: batch, row: UInt32(row))
            expected.append(all[batch], row: row)
        }
        #expect(isSame(gathered.batch(schema), expected.finish()))
    }
}
