import Columns
import Runtime
import SQL
import Testing

@testable import Streams

/// A live OVER gives the rows that it gives over the same events once they are stored, and a stop changes none.
@Suite struct LiveOverTests {
    private static let functions = """
        k, ts, v, COUNT(*) OVER w, COUNT(v) OVER w, SUM(v) OVER w, AVG(v) OVER w, SUM(f) OVER w, AVG(f) OVER w,
        MIN(v) OVER w, MAX(f) OVER w, MIN(s) OVER w, MAX(b) OVER w, FIRST_VALUE(s) OVER w, LAST_VALUE(v) OVER w,
        FIRST_VALUE(s) IGNORE NULLS OVER w, LAST_VALUE(v) IGNORE NULLS OVER w, COUNT(DISTINCT v) OVER w,
        SUM(DISTINCT v) OVER w, AVG(DISTINCT v) OVER w, COUNT(DISTINCT s) OVER w, APPROX_COUNT_DISTINCT(f) OVER w,
        COUNT(*) FILTER (WHERE v > 1) OVER w, SUM(f) FILTER (WHERE b) OVER w, MIN(s) FILTER (WHERE v < 2) OVER w
        """
    private static let decimals = """
        k, ts, SUM(x) OVER w, AVG(x) OVER w, SUM(x * 0.5) OVER w, MIN(x) OVER w, MAX(x) OVER w, COUNT(DISTINCT x) OVER w,
        FIRST_VALUE(x) OVER w, LAST_VALUE(x) IGNORE NULLS OVER w, SUM(x) FILTER (WHERE v > 1) OVER w
        """
    /// In euros of up to 38 digits, so that sums go beyond them and come back.
    private static let amounts = """
        (SELECT k, ts, v, CAST(v AS DECIMAL(38, 2)) * CASE WHEN v < 3 THEN 1
          ELSE CAST('300000000000000000000000000000000000' AS DECIMAL(38, 0)) END * CASE WHEN b THEN 1 ELSE -1 END AS x
        FROM t)
        """
    static let queries = [
        "SELECT \(decimals) FROM \(amounts) AS a WINDOW w AS (PARTITION BY k ORDER BY ts)",
        "SELECT \(decimals) FROM \(amounts) AS a WINDOW w AS (PARTITION BY k ORDER BY ts ROWS 3 PRECEDING)",
        """
        SELECT \(decimals) FROM \(amounts) AS a
        WINDOW w AS (PARTITION BY k ORDER BY ts RANGE INTERVAL '2' SECOND PRECEDING)
        """,
        "SELECT \(functions) FROM t WINDOW w AS (PARTITION BY k ORDER BY ts)",
        "SELECT \(functions) FROM t WINDOW w AS (PARTITION BY k ORDER BY ts ROWS UNBOUNDED PRECEDING)",
        "SELECT \(functions), NTH_VALUE(s, 3) OVER w FROM t WINDOW w AS (PARTITION BY k ORDER BY ts ROWS 3 PRECEDING)",
        """
        SELECT \(functions), NTH_VALUE(f, 2) OVER w FROM t
        WINDOW w AS (PARTITION BY k ORDER BY ts RANGE INTERVAL '2' SECOND PRECEDING)
        """,
        "SELECT \(functions) FROM t WINDOW w AS (PARTITION BY k, b ORDER BY ts RANGE CURRENT ROW)",
        "SELECT \(functions) FROM t WINDOW w AS (PARTITION BY s ORDER BY ts, v DESC, f)",
        "SELECT \(functions) FROM t WINDOW w AS (ORDER BY ts ROWS BETWEEN CURRENT ROW AND CURRENT ROW)",
        """
        SELECT ts, k, v, ROW_NUMBER() OVER w, RANK() OVER w, DENSE_RANK() OVER w, LAG(v) OVER w, LAG(s, 2, 'none') OVER w,
          LAG(f, 0) OVER w, LAG(v, 3, v * 2) OVER w, v - LAG(v, 1, 0) OVER w
        FROM t WINDOW w AS (PARTITION BY k ORDER BY ts)
        """,
        """
        SELECT ts, k, s, SUM(v) OVER (PARTITION BY k ORDER BY ts ROWS 2 PRECEDING),
          COUNT(*) OVER (PARTITION BY s ORDER BY ts RANGE INTERVAL '1' SECOND PRECEDING),
          COUNT(*) OVER (PARTITION BY k ORDER BY ts RANGE INTERVAL '0.5' SECOND PRECEDING)
        FROM t
        """,
        "SELECT k, s, ts FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY k, s ORDER BY ts) = 1",
        "SELECT k, v, ts FROM t QUALIFY RANK() OVER (PARTITION BY k ORDER BY ts) <= 4",
        "SELECT k, v, n FROM (SELECT k, v, ROW_NUMBER() OVER (ORDER BY ts) AS n FROM t) AS x WHERE n BETWEEN 3 AND 9",
        """
        SELECT window_start, k, v, f, ROW_NUMBER() OVER w, SUM(v) OVER w, LEAD(s) OVER w, NTILE(2) OVER w,
          PERCENT_RANK() OVER w
        FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND))
        WINDOW w AS (PARTITION BY window_start, window_end ORDER BY f DESC, ts, v)
        """,
        """
        SELECT window_start, k, SUM(v) AS total
        FROM TABLE(HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '2' SECOND, INTERVAL '6' SECOND))
        GROUP BY window_start, window_end, k
        QUALIFY ROW_NUMBER() OVER (PARTITION BY window_start, window_end ORDER BY SUM(v) DESC, k) <= 2
        """,
        """
        SELECT window_end, n, n - LAG(n) OVER (ORDER BY window_end), SUM(n) OVER (ORDER BY window_start ROWS 1 PRECEDING)
        FROM (SELECT window_start, window_end, COUNT(*) AS n
          FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '2' SECOND)) GROUP BY window_start, window_end) AS x
        """,
        """
        SELECT window_start, AVG(f), COUNT(*)
        FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end ORDER BY f DESC, ts, v, s) AS n
          FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '3' SECOND))) AS x
        WHERE n <= 4 GROUP BY window_start, window_end
        """,
    ]

    /// Rows out of order, none of them late.
    static func run(_ text: String, seed: UInt64, batches count: Int = 20, rows: Int = 12) -> InterruptedRun {
        var random = Random(seed: seed)
        var latest: Int64 = 0
        var watermark = Int64.min
        var watermarks: [Int64] = []
        let batches = (0..<count).map { index -> Batch in
            var made: [[Any?]] = []
            for _ in 0..<Int.random(in: 1...rows, using: &random) {
                let time = index * 800_000 + Int.random(in: 0..<30, using: &random) * 100_000
                guard Int64(time) > watermark else { continue }
                latest = max(latest, Int64(time))
                func maybe(_ value: Any) -> Any? { Int.random(in: 0..<6, using: &random) == 0 ? nil : value }
                made.append([
                    time, maybe("k\(Int.random(in: 0..<3, using: &random))"),
                    maybe(Int.random(in: -1..<4, using: &random)),
                    maybe(["", "a", "ü", "long text that is longer"][Int.random(in: 0..<4, using: &random)]),
                    maybe(Double(Int.random(in: -40..<40, using: &random)) / 4), maybe(Bool.random(using: &random)),
                ])
            }
            watermark = latest - 2_000_000
            watermarks.append(watermark)
            return Rows.batch(
                [
                    ("ts", .timestamp), ("k", .string), ("v", .int64), ("s", .string), ("f", .float64), ("b", .bool),
                ], made)
        }
        return InterruptedRun(text: text, batches: batches, watermarks: watermarks)
    }

    /// What the stored rows give.
    private static func stored(_ run: InterruptedRun) throws -> [String] {
        let query = try run.plan(run.text, isLive: false)
        for scan in query.scans {
            for batch in run.batches { try scan.input.stage.accept(batch.project(scan.columns), port: scan.input.port) }
            try scan.input.stage.close(port: scan.input.port)
        }
        return Rows.text(query.output.drain()).sorted()
    }

    @Test(arguments: 0..<queries.count, [1, 2, 3, 4] as [UInt64])
    func liveIsStored(query: Int, seed: UInt64) throws {
        let run = Self.run(Self.queries[query], seed: seed)
        let live = try run.answers(stops: []).sorted()
        #expect(!live.isEmpty)
        #expect(try live == Self.stored(run))
    }

    @Test(arguments: 0..<queries.count)
    func aStopChangesNothing(query: Int) throws {
        let run = Self.run(Self.queries[query], seed: 5)
        let whole = try run.answers(stops: []).sorted()
        for stop in run.batches.indices { #expect(try run.answers(stops: [stop]).sorted() == whole) }
        #expect(try run.answers(stops: Set(run.batches.indices)).sorted() == whole)
    }

    /// Many more rows than are kept: the history is thinned out on the way.
    @Test(arguments: 0..<queries.count)
    func thinningOutChangesNothing(query: Int) throws {
        let run = Self.run(Self.queries[query], seed: 6, batches: 60, rows: 600)
        #expect(try run.answers(stops: []).sorted() == Self.stored(run))
    }

    @Test func rowsComeInTheOrderOfTimeAtTheWatermark() throws {
        let run = Self.run("SELECT ts, COUNT(*) OVER (PARTITION BY k ORDER BY ts) FROM t", seed: 7)
        let query = try run.plan(run.text)
        var last = Int64.min
        for (batch, watermark) in zip(run.batches, run.watermarks) {
            for scan in query.scans {
                try scan.input.stage.accept(batch.project(scan.columns), port: 0)
                #expect(query.output.drain().isEmpty)
                try scan.input.stage.advance(watermark: watermark, port: 0)
            }
            for time in query.output.drain().flatMap({ $0.columns[0].int64s ?? [] }) {
                #expect(time >= last && time <= watermark)
                last = time
            }
        }
    }

    @Test func lateRowsAreCounted() throws {
        let run = Self.run("SELECT COUNT(*) OVER (ORDER BY ts) FROM t", seed: 8)
        let query = try run.plan(run.text)
        for scan in query.scans {
            let stage = scan.input.stage
            let rows = Rows.batch([("ts", .timestamp)], [[5], [10], [nil], [20]])
            try stage.advance(watermark: 10, port: 0)
            try stage.accept(rows, port: 0)
            try stage.close(port: 0)
        }
        #expect(query.lateRows == 3)
        #expect(Rows.text(query.output.drain()) == ["1"])
    }

    /// A frame of a second over keys that come once: what is kept is a second's rows, not all keys.
    @Test func frameOfTimeForgetsKeys() throws {
        let text = "SELECT COUNT(*) OVER (PARTITION BY v ORDER BY ts RANGE INTERVAL '1' SECOND PRECEDING) FROM t"
        let query = try Self.run(text, seed: 9).plan(text)
        var states: [Int] = []
        for second in 0..<60 {
            for scan in query.scans {
                let rows = (0..<1_000).map { [second * 1_000_000 + $0, nil, second * 1_000 + $0] as [Any?] }
                let batch = Rows.batch([("ts", .timestamp), ("k", .string), ("v", .int64)], rows)
                try scan.input.stage.accept(batch.project(scan.columns), port: 0)
                try scan.input.stage.advance(watermark: Int64(second) * 1_000_000 + 999, port: 0)
            }
            #expect(Rows.text(query.output.drain()).allSatisfy { $0 == "1" })
            states.append(query.account.usedBytes)
        }
        #expect(states[59] < 2 * (states[20...30].max() ?? 0))
        #expect(states[59] < 4_000_000)
    }

    /// A partition that is not touched for the time to live begins anew; one that is goes on.
    @Test func whatNobodyTouchesIsForgotten() throws {
        let text = """
            SELECT k, v, ROW_NUMBER() OVER w, LAG(v) OVER w, SUM(v) OVER w
            FROM t WINDOW w AS (PARTITION BY k ORDER BY ts)
            """
        var planner = PhysicalPlanner(
            isLive: true, context: EvaluationContext(now: 0), account: MemoryAccount(limitBytes: 64 << 20))
        planner.groupTimeToLiveMicroseconds = 4_000_000
        let bound = try Self.run(text, seed: 1).bound(text)
        var query = try planner.plan(bound)
        var answers: [String] = []
        for (second, key) in [(1, "a"), (2, "b"), (3, "a"), (6, "b"), (9, "b"), (12, "a"), (13, "b"), (16, "a")] {
            for scan in query.scans {
                let rows = [[second * 1_000_000, key, second] as [Any?]]
                let batch = Rows.batch([("ts", .timestamp), ("k", .string), ("v", .int64)], rows)
                try scan.input.stage.accept(batch.project(scan.columns), port: 0)
                try scan.input.stage.advance(watermark: Int64(second) * 1_000_000, port: 0)
            }
            answers += Rows.text(query.output.drain())
            query = try InterruptedRun.restored(query, as: text) { _ in try planner.plan(bound) }.query
        }
        #expect(
            answers == [
                "a|1|1|NULL|1", "b|2|1|NULL|2", "a|3|2|1|4", "b|6|2|2|8", "b|9|3|6|17", "a|12|1|NULL|12",
                "b|13|4|9|30", "a|16|2|12|28",
            ])
    }

    static let tumble = "TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND))"
    static let sessions = "TABLE(SESSION(TABLE t PARTITION BY k, DESCRIPTOR(ts), INTERVAL '2' SECOND))"
    static let windowJoin = """
        (SELECT l.ts AS ts, l.k AS k, l.v AS v FROM \(tumble) AS l LEFT JOIN \(tumble) AS r
        ON l.k = r.k AND l.window_start = r.window_start AND l.window_end = r.window_end)
        """

    /// Rows that are held for a window are in time for one that ends with it or later.
    @Test(arguments: [
        ("(SELECT window_start AS w FROM \(tumble) GROUP BY window_start, window_end)", 20),
        ("(SELECT window_time AS w FROM \(tumble) GROUP BY window_start, window_end, window_time)", 3),
        ("(SELECT window_time AS w FROM \(sessions))", 3), ("(SELECT ts AS w FROM \(windowJoin) AS x)", 10),
    ])
    func windowsThatEndNoSoonerTakeThem(rows: String, seconds: Int) throws {
        let text = """
            SELECT window_start, COUNT(*) FROM TABLE(TUMBLE(TABLE \(rows), DESCRIPTOR(w), INTERVAL '\(seconds)' SECOND))
            GROUP BY window_start, window_end
            """
        _ = try Self.run(text, seed: 1, batches: 1).plan(text)
    }

    @Test(arguments: [
        ("SELECT LEAD(v) OVER (ORDER BY ts) FROM t", "rows that are still to come"),
        ("SELECT NTILE(2) OVER (ORDER BY ts) FROM t", "the whole partition"),
        ("SELECT SUM(v) OVER (ORDER BY ts ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM t", "CURRENT ROW"),
        ("SELECT SUM(v) OVER (ORDER BY v) FROM t", "in the order of their event time"),
        ("SELECT SUM(v) OVER (PARTITION BY k) FROM t", "in the order of their event time"),
        ("SELECT SUM(v) OVER (ORDER BY ts DESC) FROM t", "in the order of their event time"),
        ("SELECT NTH_VALUE(v, 1001) OVER (ORDER BY ts ROWS 2000 PRECEDING) FROM t", "1000 is the limit"),
        (
            """
            SELECT SUM(v) OVER (ORDER BY ts)
            FROM (SELECT ts, v FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY k ORDER BY v) <= 3)
            """, "a top-N that may change"
        ),
        ("SELECT APPROX_PERCENTILE(f, 0.5) OVER (ORDER BY ts) FROM t", "row by row"),
        ("SELECT SUM(DISTINCT f) OVER (ORDER BY ts) FROM t", "taken back exactly"),
        ("SELECT LAG(v) IGNORE NULLS OVER (ORDER BY ts) FROM t", "any number of nulls back"),
        ("SELECT NTH_VALUE(v, 2) OVER (ORDER BY ts) FROM t", "n PRECEDING"),
        (
            """
            SELECT window_start, MAX(r) FROM TABLE(TUMBLE(TABLE (SELECT ts, RANK() OVER (PARTITION BY window_end ORDER BY v) AS r
            FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND))), DESCRIPTOR(ts), INTERVAL '1' SECOND))
            GROUP BY window_start, window_end
            """, "when their window has closed"
        ),
        (
            """
            SELECT window_start, COUNT(*) FROM TABLE(TUMBLE(TABLE (SELECT ts FROM \(sessions)), DESCRIPTOR(ts),
              INTERVAL '1' SECOND)) GROUP BY window_start, window_end
            """, "when their window has closed"
        ),
        (
            """
            SELECT window_start, SUM(n) FROM TABLE(TUMBLE(TABLE (SELECT window_start AS w, COUNT(*) AS n
            FROM TABLE(HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '2' SECOND, INTERVAL '6' SECOND))
            GROUP BY window_start, window_end), DESCRIPTOR(w), INTERVAL '10' SECOND)) GROUP BY window_start, window_end
            """, "when their window has closed"
        ),
        ("SELECT SUM(v) OVER (ORDER BY ts) FROM \(windowJoin) AS x", "when their window has closed"),
        (
            """
            SELECT x.v, t.v FROM \(windowJoin) AS x JOIN t ON x.k = t.k
            AND t.ts BETWEEN x.ts AND x.ts + INTERVAL '1' SECOND
            """, "when their window has closed"
        ),
    ])
    func whatALiveQueryCantDo(text: String, message: String) throws {
        let run = Self.run(text, seed: 1, batches: 1)
        do {
            _ = try run.plan(text)
            Issue.record("was not refused")
        } catch let error as SQLError {
            #expect(error.code == .unsupported)
            #expect(error.message.contains(message), "\(error.message)")
        }
        _ = try run.plan(text, isLive: false)
    }
}
