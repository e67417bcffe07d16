import Columns
import EventLog
import Foundation
import Runtime
import SQL
import Testing

@testable import Streams

/// Aggregates that several threads compute together answer as one thread does.
@Suite struct SharedScanTests {
    static let questions = [
        "SELECT count(*), sum(n), min(n), max(s), count(DISTINCT s), avg(n) FROM t",
        "SELECT s, count(*), sum(n), count(DISTINCT n) FROM t WHERE n % 3 <> 0 GROUP BY s",
        "SELECT window_start, s, count(*) FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(`@timestamp`), INTERVAL '10' SECOND)) "
            + "GROUP BY window_start, window_end, s",
        "SELECT window_start, count(*), APPROX_COUNT_DISTINCT(n), APPROX_PERCENTILE(n, 0.9) FROM TABLE(HOP(TABLE t, "
            + "DESCRIPTOR(`@timestamp`), INTERVAL '5' SECOND, INTERVAL '20' SECOND)) GROUP BY window_start, window_end",
        "SELECT max(c) FROM (SELECT s, count(*) AS c FROM t GROUP BY s) AS counts",
        "SELECT s, n FROM t ORDER BY n DESC, s LIMIT 5",
    ]

    static let rowCount = 6_000

    static func answers(_ service: QueryService) throws -> [[String]] {
        try questions.map { text in
            let sink = CollectingSink()
            service.run(QueryRequest(text), sink: sink)
            let answer = try #require(sink.wait(timeoutMilliseconds: 60_000))
            #expect(answer.error == nil)
            #expect(answer.statistics.rowsRead == rowCount)
            return Rows.text(answer.batches).sorted()
        }
    }

    static func limits(threads: Int) -> QueryLimits {
        var limits = QueryLimits()
        limits.workerThreads = threads
        limits.sharedScanRows = 100
        limits.sharedScanBytes = 100
        return limits
    }

    @Test func overTheLog() throws {
        let clock = ManualClock()
        let log = try EventLog.open(EventLogOptions(folder: "/log"), storage: SimulatedStorage(seed: 1), clock: clock)
        defer { log.close() }
        let schema = [("@timestamp", FieldType.timestamp), ("n", .int64), ("s", .string)]
        try log.createTopic("t", schema: Schema(schema.map { Field($0.0, $0.1) }))
        for start in stride(from: 0, to: Self.rowCount, by: 500) {
            let rows = (start..<start + 500).map { index -> [Any?] in
                let number: Int? = index % 7 == 0 ? nil : index * 31 % 1_000
                return [index * 17_000, number, "key\(index * index % 11)"]
            }
            log.append(Rows.batch(schema, rows), to: "t")
            try log.flush()
        }
        let (one, three) = (
            QueryService(log: log, clock: clock, limits: Self.limits(threads: 1)),
            QueryService(log: log, clock: clock, limits: Self.limits(threads: 3))
        )
        defer {
            one.stop()
            three.stop()
        }
        let expected = try Self.answers(one)
        for _ in 0..<5 { #expect(try Self.answers(three) == expected) }
    }

    @Test func overAFile() throws {
        let path = NSTemporaryDirectory() + "squilla-tests-\(UInt64.random(in: 0 ... .max)).ndjson"
        defer { try? FileManager.default.removeItem(atPath: path) }
        var text = ""
        for index in 0..<Self.rowCount {
            let seconds = String(format: "%02d:%02d", index / 60 % 60, index % 60)
            text +=
                "{\"@timestamp\":\"2024-01-01T00:\(seconds)Z\",\"n\":\(index * 31 % 1_000),\"s\":\"key\(index % 11)\"}\n"
            // A line that is longer than a piece.
            if index == 100 {
                text.removeLast(2); text += ",\"x\":\"" + String(repeating: "y", count: 100_000) + "\"}\n"
            }
        }
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let tables = ["t": TableDefinition(.file(path: path, format: .ndjson))]
        let (one, three) = (
            QueryService(log: nil, limits: Self.limits(threads: 1), tables: tables),
            QueryService(log: nil, limits: Self.limits(threads: 3), tables: tables)
        )
        defer {
            one.stop()
            three.stop()
        }
        let expected = try Self.answers(one)
        for _ in 0..<5 { #expect(try Self.answers(three) == expected) }
    }

    @Test func anErrorOfAHelperEndsTheQuery() throws {
        let path = NSTemporaryDirectory() + "squilla-tests-\(UInt64.random(in: 0 ... .max)).ndjson"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let lines = (0..<5_000).map { "{\"n\":\($0 == 4_990 ? 0 : 1)}" }.joined(separator: "\n")
        try lines.write(toFile: path, atomically: true, encoding: .utf8)
        let tables = ["t": TableDefinition(.file(path: path, format: .ndjson))]
        let service = QueryService(log: nil, limits: Self.limits(threads: 3), tables: tables)
        defer { service.stop() }
        for _ in 0..<10 {
            let sink = CollectingSink()
            service.run(QueryRequest("SELECT sum(1 / n) FROM t"), sink: sink)
            #expect(sink.wait(timeoutMilliseconds: 60_000)?.error?.code == .divisionByZero)
        }
    }
}
