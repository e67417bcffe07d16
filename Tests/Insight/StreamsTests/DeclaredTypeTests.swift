import Columns
import EventLog
import SQL
import Testing

@testable import Streams

/// Tables over topics that were declared in other types than their events are stored in.
@Suite struct DeclaredTypeTests {
    private func bench(_ type: FieldType, _ values: [Any?], column: String = "v") throws -> LogQueryTests.Bench {
        let bench = try LogQueryTests.Bench()
        try bench.log.createTopic("t", schema: Schema([Field(column, type)]))
        bench.log.append(Rows.batch([(column, type)], values.map { [$0] }), to: "t")
        try bench.log.flush()
        return bench
    }

    private func expect(
        _ type: FieldType, _ values: [Any?], as declared: String, _ expected: [String],
        _ location: SourceLocation = #_sourceLocation
    ) throws {
        let bench = try bench(type, values)
        defer { bench.stop() }
        let answer = bench.ask("CREATE TABLE d (v \(declared)) WITH ('topic' = 't'); SELECT v FROM d")
        #expect(answer.error == nil, sourceLocation: location)
        #expect(Rows.text(answer.batches) == expected, "\(declared)", sourceLocation: location)
    }

    @Test func numbersAreReadAsOtherNumbers() throws {
        try expect(.int64, [1, nil], as: "DOUBLE", ["1.0", "NULL"])
        try expect(.int64, [1], as: "DECIMAL(10, 2)", ["1.00"])
        try expect(.float64, [10.255, 2.5], as: "DECIMAL(10, 2)", ["10.26", "2.50"])
        try expect(.float64, [2.0, 2.5], as: "BIGINT", ["2", "NULL"])
        try expect(.decimal(scale: 2), [Int128(200), Int128(250)], as: "BIGINT", ["2", "NULL"])
        // More digits than are declared.
        try expect(.int64, [123_456], as: "DECIMAL(5, 2)", ["NULL"])
    }

    @Test func textIsReadAsWhatItSays() throws {
        try expect(.string, ["10.25", "x"], as: "DECIMAL(10, 2)", ["10.25", "NULL"])
        try expect(.string, ["7", "x"], as: "BIGINT", ["7", "NULL"])
        try expect(.string, ["1.5"], as: "DOUBLE", ["1.5"])
        try expect(.string, ["true", "x"], as: "BOOLEAN", ["true", "NULL"])
        try expect(.string, ["2023-11-14T22:13:20Z"], as: "TIMESTAMP(3)", ["\(LogQueryTests.start)"])
        try expect(.json, ["3", "\"x\""], as: "BIGINT", ["3", "NULL"])
    }

    @Test func whateverIsReadAsText() throws {
        try expect(.int64, [7, nil], as: "STRING", ["7", "NULL"])
        try expect(.bool, [true], as: "STRING", ["TRUE"])
        try expect(.timestamp, [Int(LogQueryTests.start)], as: "STRING", ["2023-11-14 22:13:20"])
    }

    @Test func timesAreThoseThatWereRead() throws {
        // The log itself knows of the hour in which they came.
        let bench = try bench(.string, ["2020-01-01T00:00:01Z", "2020-01-01T00:00:12Z"], column: "@timestamp")
        defer { bench.stop() }
        let table = """
            CREATE TABLE d (`@timestamp` TIMESTAMP(3), WATERMARK FOR `@timestamp` AS `@timestamp`) WITH ('topic' = 't');
            """
        let found = bench.ask(table + "SELECT COUNT(*) FROM d WHERE `@timestamp` < '2020-01-01 00:00:10'")
        #expect(Rows.text(found.batches) == ["1"])
        let windows = """
            SELECT window_start, COUNT(*) FROM TABLE(TUMBLE(TABLE d, DESCRIPTOR(`@timestamp`), INTERVAL '10' SECOND))
            GROUP BY window_start, window_end LIMIT 1
            """
        let live = bench.ask(table + windows) { $0.mode = .storedThenLive }
        #expect(Rows.text(live.batches) == ["1577836800000000|1"])
    }

    @Test(arguments: [
        ("ROW<a INT>", "declared as ROW<a INT>, and topic t has BIGINT"),
        ("BOOLEAN", "declared as BOOLEAN, and topic t has BIGINT"), ("TIMESTAMP(3)", "declared as TIMESTAMP"),
    ])
    func whatCannotBeReadIsRefused(_ declared: String, _ message: String) throws {
        let bench = try bench(.int64, [1])
        defer { bench.stop() }
        let answer = bench.ask("CREATE TABLE d (v \(declared)) WITH ('topic' = 't'); SELECT v FROM d")
        let error = try #require(answer.error)
        #expect(error.message.contains("column v of table d is " + message), "\(error)")
        #expect(error.code == .typeMismatch && error.suggestion?.contains("declare it as BIGINT") == true)
    }

    @Test(arguments: [
        ("'foo' = '1'", "no option 'foo'"), ("'format' = 'avro'", "must be json"),
        ("'scan.startup.mode' = 'latest-offset'", "--from latest"),
    ])
    func optionsWithoutEffectAreRefused(_ option: String, _ message: String) throws {
        let bench = try bench(.int64, [1])
        defer { bench.stop() }
        for text in [
            "CREATE TABLE d (v BIGINT) WITH ('connector' = 'topic', 'topic' = 't', \(option)); SELECT v FROM d",
            "CREATE TABLE t (v BIGINT) WITH (\(option)); SELECT v FROM t", "SELECT v FROM t /*+ OPTIONS(\(option)) */",
        ] {
            let error = try #require(bench.ask(text).error, "\(text)")
            #expect(error.description.contains(message), "\(error)")
        }
        let known = "CREATE TABLE d (v BIGINT) WITH ('connector' = 'topic', 'topic' = 't', 'format' = 'json');"
        #expect(Rows.text(bench.ask(known + "SELECT v FROM d").batches) == ["1"])
    }
}
