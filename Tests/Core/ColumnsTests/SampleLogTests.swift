import Columns
import Glibc
import Testing

/// The real access log beside the project, where it is there.
private let sample = "../shared/data/access-combined.log"

@Suite struct SampleLogTests {
    @Test(.enabled(if: access(sample, R_OK) == 0, "\(sample) is not there"))
    func allLinesButOneAreRead() throws {
        let file = try #require(fopen(sample, "r"))
        defer { fclose(file) }
        var reader = CombinedLogReader()
        var rows = 0
        var buffer = [UInt8](repeating: 0, count: 100_003)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { break }
            reader.feed(buffer.span.extracting(..<count))
            while let batch = reader.nextBatch() { rows += batch.rowCount }
        }
        reader.finish()
        while let batch = reader.nextBatch() { rows += batch.rowCount }
        let report = reader.report
        #expect(rows == 9999 && report.malformedLines == 1 && report.lines == 10_000, "\(report.problems)")
    }
}
