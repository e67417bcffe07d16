import Columns
import Runtime
import SQL
import Testing

@testable import Streams

/// Top-N and deduplication that keeps the last, live: what the changes come to is what the stored rows give.
@Suite struct UpdatingTopTests {
    static let queries = [
        "SELECT k, v, n FROM (SELECT k, v, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v DESC, ts) AS n FROM t) WHERE n <= 3",
        "SELECT k, v, ts FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY k ORDER BY v DESC, ts, s, f) <= 2",
        "SELECT k, v, s, ts FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY k ORDER BY ts DESC) = 1",
        "SELECT k, v, r FROM (SELECT k, v, RANK() OVER (PARTITION BY k ORDER BY v) AS r FROM t) WHERE r <= 2",
        "SELECT k, v, r, f FROM (SELECT *, DENSE_RANK() OVER (PARTITION BY k, b ORDER BY f) AS r FROM t) WHERE r <= 2",
        "SELECT v, s FROM t QUALIFY DENSE_RANK() OVER (ORDER BY v DESC) <= 2",
        """
        SELECT v, LAG(v) OVER (PARTITION BY s ORDER BY v, ts), ROW_NUMBER() OVER (PARTITION BY s ORDER BY v, ts) AS n
        FROM t QUALIFY n BETWEEN 2 AND 4
        """,
        """
        SELECT k, n FROM (SELECT k, COUNT(*) AS n FROM t GROUP BY k)
        QUALIFY ROW_NUMBER() OVER (ORDER BY n DESC, k) <= 2
        """,
        """
        SELECT s, k, n, m FROM (SELECT s, k, COUNT(*) AS n, MAX(v) AS m FROM t GROUP BY s, k)
        QUALIFY RANK() OVER (PARTITION BY s ORDER BY n DESC, m) <= 2
        """,
        """
        SELECT n, COUNT(*), SUM(v) FROM (SELECT v, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v, ts, s, f) AS n FROM t)
        WHERE n <= 3 GROUP BY n
        """,
        """
        SELECT k, v, m FROM (
          SELECT k, v, ROW_NUMBER() OVER (ORDER BY v DESC, k, f, s, ts) AS m
          FROM (SELECT * FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY k ORDER BY v DESC, ts, s, f) <= 2))
        WHERE m <= 3
        """,
    ]

    @Test(arguments: 0..<queries.count, [1, 2, 3, 4] as [UInt64])
    func changesComeToTheResult(query: Int, seed: UInt64) throws {
        let run = OperatorStateTests.run(Self.queries[query], seed: seed)
        let changes = try run.answers(stops: [])
        #expect(changes.contains { $0.hasPrefix("+I") })
        #expect(try ChangelogTests.content(changes) == Self.stored(run))
    }

    @Test(arguments: 0..<queries.count, [1, 2] as [UInt64])
    func aStopChangesNothing(query: Int, seed: UInt64) throws {
        let run = OperatorStateTests.run(Self.queries[query], seed: seed)
        let whole = try ChangelogTests.content(run.answers(stops: []))
        for stop in [0, 3, 9, 18] { #expect(try ChangelogTests.content(run.answers(stops: [stop])) == whole) }
        #expect(try ChangelogTests.content(run.answers(stops: Set(run.batches.indices))) == whole)
    }

    /// Many more rows than are kept.
    @Test(arguments: 0..<queries.count)
    func forgettingRowsChangesNothing(query: Int) throws {
        let run = LiveOverTests.run(Self.queries[query], seed: 6, batches: 40, rows: 900)
        #expect(try ChangelogTests.content(run.answers(stops: [])) == Self.stored(run))
    }

    private static func stored(_ run: InterruptedRun) throws -> [String] {
        let query = try run.plan(run.text, isLive: false)
        for scan in query.scans {
            for batch in run.batches { try scan.input.stage.accept(batch.project(scan.columns), port: scan.input.port) }
            try scan.input.stage.close(port: scan.input.port)
        }
        return Rows.text(query.output.drain()).sorted()
    }

    @Test func oneRowAKeyIsUpdated() throws {
        let text = "SELECT k, v FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY k ORDER BY ts DESC) = 1"
        let batches = [
            [[1, "a", 1], [2, "b", 2]], [[3, "a", 3]], [[2, "a", 4]], [[3, "a", 5]], [[9, nil, 6]],
        ].map { rows in Rows.batch([("ts", .timestamp), ("k", .string), ("v", .int64)], rows as [[Any?]]) }
        let run = InterruptedRun(text: text, batches: batches, watermarks: [0, 0, 0, 0, 0])
        #expect(
            try run.answers(stops: []) == ["+I|a|1", "+I|b|2", "-U|a|1", "+U|a|3", "+I|NULL|6"])
    }

    @Test func aRankThatMovesIsUpdatedPlaceByPlace() throws {
        let text = """
            SELECT n, v FROM (SELECT v, ROW_NUMBER() OVER (ORDER BY v DESC) AS n FROM t) WHERE n <= 2
            """
        let batches = [[[1, "a", 5]], [[2, "a", 3]], [[3, "a", 4]], [[4, "a", 9]], [[5, "a", 1]]].map { rows in
            Rows.batch([("ts", .timestamp), ("k", .string), ("v", .int64)], rows as [[Any?]])
        }
        let run = InterruptedRun(text: text, batches: batches, watermarks: [0, 0, 0, 0, 0])
        #expect(
            try run.answers(stops: []) == [
                "+I|1|5", "+I|2|3", "-U|2|3", "+U|2|4", "-U|1|5", "+U|1|9", "-U|2|4", "+U|2|5",
            ])
    }

    /// A key that is not touched for the time to live begins anew.
    @Test func whatNobodyTouchesIsForgotten() throws {
        let text = "SELECT k, v FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY k ORDER BY v DESC) = 1"
        let run = OperatorStateTests.run(text, seed: 1)
        var planner = PhysicalPlanner(
            isLive: true, context: EvaluationContext(now: 0), account: MemoryAccount(limitBytes: 64 << 20))
        planner.groupTimeToLiveMicroseconds = 1_000_000
        let query = try planner.plan(try run.bound(text))
        let second: Int64 = 1_000_000
        func push(_ row: [Any?], watermark: Int64) throws -> [String] {
            for scan in query.scans {
                let batch = Rows.batch([("ts", .timestamp), ("k", .string), ("v", .int64)], [row])
                try scan.input.stage.accept(batch.project(scan.columns), port: 0)
                try scan.input.stage.advance(watermark: watermark, port: 0)
            }
            return Rows.text(query.output.drain())
        }
        #expect(try push([0, "a", 9], watermark: 0) == ["+I|a|9"])
        #expect(try push([0, "a", 1], watermark: 0) == [])
        #expect(try push([0, "b", 1], watermark: 5 * second) == ["+I|b|1"])
        #expect(try push([0, "a", 1], watermark: 5 * second) == ["+I|a|1"])
    }
}
