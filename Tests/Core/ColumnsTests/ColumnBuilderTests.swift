import Columns
import Testing

@Suite struct ColumnBuilderTests {
    @Test func fewDistinctStringsBecomeADictionary() {
        var builder = ColumnBuilder(type: .string, capacity: 8)
        for row in 0..<100 { builder.append(string: row % 3 == 0 ? "hit" : "miss") }
        let column = builder.finish()
        guard case .dictionary(let codes, let values) = column.storage else {
            Issue.record("no dictionary")
            return
        }
        #expect(codes.count == 100 && values.count == 2)
        #expect(column.string(3) == "hit" && column.string(4) == "miss")
    }

    @Test func manyDistinctStringsStayPlainForSomeBatches() {
        var builder = ColumnBuilder(type: .string, capacity: 8)
        for batch in 0..<40 {
            for row in 0..<200 { row == 7 ? builder.appendNull() : builder.append(string: "value \(row) \(batch)") }
            let column = builder.finish()
            guard case .byteStrings = column.storage else {
                Issue.record("a dictionary of unique values")
                return
            }
            #expect(column.string(199) == "value 199 \(batch)" && column.string(7) == nil && column.nullCount == 1)
        }
    }

    /// As a dictionary and as plain bytes, from batch to batch.
    @Test(arguments: [3, 5000]) func repeatingIsAppendingAgain(distinct: Int) {
        var generator = Generator(seed: UInt64(distinct))
        var once = ColumnBuilder(type: .string, capacity: 1)
        var again = ColumnBuilder(type: .string, capacity: 1)
        for _ in 0..<6 {
            for _ in 0..<300 {
                let value = Int.random(in: 0..<distinct, using: &generator)
                let times =
                    Int.random(in: 0..<4, using: &generator) == 0 ? Int.random(in: 0..<150, using: &generator) : 0
                let isNull = Int.random(in: 0..<5, using: &generator) == 0
                for _ in 0...times { isNull ? once.appendNull() : once.append(string: "value \(value)") }
                isNull ? again.appendNull() : again.append(string: "value \(value)")
                again.repeatLast(times: times)
            }
            let (left, right) = (once.finish(), again.finish())
            #expect(left.count == right.count && left.nullCount == right.nullCount)
            #expect((0..<left.count).allSatisfy { left.string($0) == right.string($0) })
        }
    }

    @Test func rowsMayLeaveColumnsOut() {
        var builder = BatchBuilder(
            schema: Schema([Field("a", .int64), Field("b", .string), Field("c", .ip)]), capacity: 4)
        builder[0].append(int64: 1)
        builder.endRow()
        builder[1].append(constant: "x")
        builder[2].append(ip: IPAddress(ipv4: 1))
        builder.endRow()
        #expect(builder.rowCount == 2)
        let batch = builder.finish()
        #expect(batch.rowCount == 2 && batch.columns.map(\.nullCount) == [1, 1, 1])
        #expect(batch.columns[0].int64s?[0] == 1 && batch.columns[1].string(1) == "x")
        #expect(builder.finish().rowCount == 0)
    }

    @Test(arguments: [0, 1, 65, 200])
    func reshapingKeepsRows(rows: Int) {
        for seed in 0..<5 {
            var generator = Generator(seed: UInt64(seed))
            let batch = generator.batch(rows: rows)
            let cut = rows / 3
            let halves = Batch.concatenate([batch.slice(0..<cut), batch.slice(cut..<rows)])
            #expect(isSame(halves, batch))
            let backwards = (0..<rows).reversed().map { UInt32($0) }
            #expect(isSame(batch.select(rows: backwards).select(rows: backwards), batch))
            var builder = BatchBuilder(schema: batch.schema, capacity: rows)
            for row in 0..<rows { builder.append(batch, row: row) }
            #expect(isSame(builder.finish(), batch))
        }
    }

    @Test func slicedBatchesEncode() throws {
        var generator = Generator(seed: 9)
        let slice = generator.batch(rows: 400).slice(77..<90)
        #expect(isSame(try BatchCodec.decode(BatchCodec.encode(slice).span), slice))
    }
}
