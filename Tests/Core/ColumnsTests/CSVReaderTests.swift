import Columns
import Testing

@Suite struct CSVReaderTests {
    private func read(_ text: String, _ schema: Schema, piece: Int = .max) -> (Batch?, ReadReport) {
        let bytes = Array(text.utf8)
        var reader = CSVReader(schema: schema)
        var start = 0
        while start < bytes.count {
            let end = piece > bytes.count - start ? bytes.count : start + piece
            reader.feed(bytes.span.extracting(start..<end))
            start = end
        }
        reader.finish()
        let batch = reader.nextBatch()
        return (batch, reader.report)
    }

    private let text =
        "\u{feff}id,name,\"the \"\"price\"\"\",when,ok\r\n"
        + "1,\"a, \"\"b\"\"\r\nc\",1.5,2026-01-01 00:00:00,true\r\n" + "2,,3,,false\n" + "x,\"\",,,\n\n" + "4,d,1,,true"

    @Test func columnsAreInferred() {
        let bytes = Array(text.replacing("x,", with: "3,").utf8)
        let schema = CSVReader.inferSchema(bytes.span)
        #expect(
            schema.fields == [
                Field("id", .int64), Field("name", .string), Field("the \"price\"", .float64),
                Field("when", .timestamp),
                Field("ok", .bool),
            ])
    }

    @Test(arguments: [1, 2, 7, 1000])
    func recordsAreRead(piece: Int) throws {
        let schema = Schema([
            Field("name", .string), Field("id", .int64), Field("ok", .bool), Field("when", .timestamp),
            Field("none", .json),
        ])
        let (read, report) = read(text, schema, piece: piece)
        let batch = try #require(read)
        #expect((0..<4).map { batch.columns[0].string($0) } == ["a, \"b\"\r\nc", nil, "", "d"])
        #expect(batch.columns[1].int64s == [1, 2, 0, 4] && batch.columns[1].isNull(2))
        #expect(batch.columns[2].nullCount == 1 && batch.columns[3].nullCount == 3 && batch.columns[4].nullCount == 4)
        #expect(report.rows == 4 && report.unfitValues == 1 && report.malformedLines == 0)
        #expect(report.bytes == text.utf8.count)
    }

    @Test func badRecordsAreSkipped() {
        let schema = Schema([Field("a", .int64)])
        let (batch, report) = read("a,b\n1,2\n3\n4,5,6\n\"7\"x,8\n9,0\n\"10,11\n", schema)
        #expect(batch?.columns[0].int64s == [1, 9])
        #expect(report.problems.map(\.line) == [3, 4, 5, 7])
    }
}
