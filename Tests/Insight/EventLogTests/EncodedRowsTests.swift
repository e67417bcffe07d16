import Columns
import Testing

@testable import EventLog

/// Rows that come encoded stand in the log as those that don't.
@Suite struct EncodedRowsTests {
    @Test(arguments: [Compression.none, .lz4, .zstd]) func theyAreReadAsAnyOthers(compression: Compression) throws {
        let folder = try TemporaryFolder()
        var options = EventLogOptions(folder: folder.path)
        options.tailBytes = 0
        let log = try EventLog.open(options)
        defer { log.close() }
        var settings = TopicSettings()
        settings.compression = compression
        for topic in ["encoded", "plain"] { try log.createTopic(topic, settings: settings, schema: numbersSchema) }
        // More than a frame has, and few enough that the log would join them.
        for range in [0..<20_000, 20_000..<20_003, 20_003..<20_010] {
            let rows = EncodedRows(numbers(range, textBytes: 20), compression: .lz4)
            #expect(rows.frames.map(\.batch.rowCount).reduce(0, +) == range.count)
            log.append(rows, to: "encoded")
            log.append(numbers(range, textBytes: 20), to: "plain")
        }
        try log.flush()
        let read = try log.read(topic: "encoded", from: .earliest)
        #expect(try read.allNumbers() == Array(0..<20_010))
        let sizes = ["encoded", "plain"].map { log.topic($0)?.partitions[0].bytes ?? 0 }
        // The topic's own compression holds, whatever they came with.
        #expect(sizes[0] > 0 && abs(sizes[0] - sizes[1]) < 1_000)
        #expect(try log.verify(topic: "encoded").gaps.isEmpty)
    }

    @Test func theyAreRefusedAsAnyOthers() throws {
        let folder = try TemporaryFolder()
        let log = try EventLog.open(EventLogOptions(folder: folder.path))
        defer { log.close() }
        try log.createTopic("numbers", schema: numbersSchema)
        let other = Batch(
            schema: Schema([Field("unknown", .int64)]), rowCount: 1,
            columns: [Column(type: .int64, count: 1, validity: nil, storage: .int64([1]))])
        log.append(EncodedRows(other, compression: .lz4), to: "numbers")
        log.append(EncodedRows(numbers(0..<5), compression: .lz4), to: "numbers")
        try log.flush()
        #expect(log.counters.failedRows == 1)
        #expect(try log.read(topic: "numbers", from: .earliest).allNumbers() == Array(0..<5))
    }
}
