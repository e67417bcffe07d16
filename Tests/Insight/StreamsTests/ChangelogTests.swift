import Columns
import Runtime
import SQL
import Testing

@testable import Streams

/// Results that take back what they have answered.
@Suite struct ChangelogTests {
    /// Applies changes to a table of rows; whatever order they come in, the table must never lack what is taken back.
    static func content(_ changes: [String]) -> [String] {
        var rows: [String] = []
        for change in changes {
            let (op, row) = (change.prefix(2), String(change.dropFirst(3)))
            if op.first == "+" {
                rows.append(row)
            } else if let place = rows.firstIndex(of: row) {
                rows.remove(at: place)
            } else {
                Issue.record("\(change) takes back what is not there")
            }
        }
        return rows.sorted()
    }

    static let queries = [
        """
        SELECT k, COUNT(*), COUNT(v), SUM(v), AVG(v), MIN(v), MAX(v), MIN(s), SUM(f), AVG(f), MAX(b),
          COUNT(DISTINCT v), SUM(DISTINCT v), COUNT(*) FILTER (WHERE v > 1)
        FROM t GROUP BY k
        """,
        "SELECT COUNT(*), SUM(v), MAX(s) FROM t",
        "SELECT n, COUNT(*), MIN(k), MAX(k) FROM (SELECT k, COUNT(*) AS n FROM t GROUP BY k) GROUP BY n",
        """
        SELECT SUM(n), AVG(m), MIN(m), MAX(m), COUNT(DISTINCT m), COUNT(DISTINCT x), MIN(x), MAX(x), MIN(y), MAX(z)
        FROM (SELECT k, COUNT(*) AS n, MAX(v) AS m, MAX(s) AS x, MAX(f) AS y, MAX(b) AS z FROM t GROUP BY k)
        """,
        "SELECT k, SUM(v) FROM t GROUP BY k HAVING SUM(v) > 3",
        "SELECT k, SUM(d), AVG(d), MIN(d), MAX(d), COUNT(DISTINCT d), SUM(DISTINCT d) FROM t GROUP BY k",
        """
        SELECT SUM(m), AVG(m), MIN(m), MAX(n), COUNT(DISTINCT m), SUM(DISTINCT n), COUNT(n)
        FROM (SELECT k, MAX(d) AS m, SUM(CAST(v AS DECIMAL(9, 3))) AS n FROM t GROUP BY k)
        """,
        """
        SELECT n, LISTAGG(k) WITHIN GROUP (ORDER BY m DESC, k), ARRAY_AGG(DISTINCT m ORDER BY m), COUNT(x),
          PERCENTILE(m, 0.3), APPROX_COUNT_DISTINCT(m)
        FROM (SELECT k, COUNT(*) / 2 AS n, MAX(v) AS m, MAX(s) AS x FROM t GROUP BY k) GROUP BY n
        """,
        "SELECT n, COUNT(*) FROM (SELECT k, SUM(v * 0.5) AS n FROM t GROUP BY k) GROUP BY n",
        "SELECT DISTINCT n FROM (SELECT k, COUNT(*) / 4 AS n FROM t GROUP BY k)",
        "SELECT k, COUNT(*) FROM t GROUP BY k UNION ALL SELECT s, v FROM t",
        "SELECT k, c + 1 FROM (SELECT k, COUNT(*) AS c FROM t GROUP BY k) WHERE MOD(c, 2) = 1",
        "SELECT a.k, a.v, b.s FROM t a LEFT JOIN t b ON a.v = b.v AND a.k < b.k",
        "SELECT a.v, b.n FROM t a FULL JOIN (SELECT v, COUNT(*) AS n FROM t GROUP BY v) b ON a.v = b.v",
        """
        SELECT a.k, a.n, b.k, b.n FROM (SELECT k, COUNT(*) / 3 AS n FROM t GROUP BY k) a
        RIGHT JOIN (SELECT s AS k, COUNT(*) / 3 AS n FROM t GROUP BY s) b ON a.n = b.n
        """,
        "SELECT k FROM t WHERE v > 1 EXCEPT SELECT k FROM t WHERE v < 1",
        "SELECT MOD(v, 3) FROM t EXCEPT ALL SELECT MOD(v, 2) FROM t",
        "SELECT n FROM (SELECT k, COUNT(*) / 2 AS n FROM t GROUP BY k) INTERSECT ALL SELECT v FROM t",
        "SELECT n FROM (SELECT k, COUNT(*) / 2 AS n FROM t GROUP BY k) EXCEPT ALL SELECT v FROM t",
    ]

    static let windows =
        "FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND)) GROUP BY window_start, window_end"
    static let updates = [
        "SELECT window_start, COUNT(*), MAX(v) \(windows) EMIT CHANGES",
        "SELECT window_start, k, COUNT(*), MAX(v) \(windows), k EMIT EARLY EVERY INTERVAL '1' SECOND",
        "SELECT window_start, COUNT(*) \(windows.replacing("'5'", with: "'1'")) ALLOW LATENESS INTERVAL '9' SECOND",
        "SELECT window_start, k, SUM(v) \(windows), k EMIT EARLY EVERY INTERVAL '2' SECOND ALLOW LATENESS INTERVAL '9' SECOND",
        """
        SELECT window_end, s, COUNT(DISTINCT k)
        FROM TABLE(HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '2' SECOND, INTERVAL '4' SECOND))
        GROUP BY window_start, window_end, s EMIT EARLY EVERY INTERVAL '1' SECOND
        """,
    ]

    /// Whatever is said in between, a window comes to the same, and a stop doesn't make it say anything twice.
    @Test(arguments: 0..<updates.count, [1, 2] as [UInt64])
    func windowsThatAnswerEarlySurviveAStop(query: Int, seed: UInt64) throws {
        let inTime = OperatorStateTests.run(Self.updates[query], seed: seed)
        // The watermark runs ahead of some rows, so that they are late.
        let run = InterruptedRun(
            text: inTime.text, batches: inTime.batches, watermarks: inTime.watermarks.map { $0 + 1_500_000 })
        let whole = try run.answers(stops: [])
        #expect(whole.contains { $0.hasPrefix("-U") })
        for stop in [2, 5, 10, 17] { #expect(try run.answers(stops: [stop]).sorted() == whole.sorted()) }
        #expect(try run.answers(stops: Set(run.batches.indices)).sorted() == whole.sorted())
        _ = Self.content(whole)
    }

    /// What the changes come to is what the query over the same rows gives when they have ended.
    @Test(arguments: 0..<queries.count, [1, 2, 3] as [UInt64])
    func changesComeToTheResult(query: Int, seed: UInt64) throws {
        let run = OperatorStateTests.run(Self.queries[query], seed: seed)
        let changes = try run.answers(stops: [])
        #expect(changes.contains { $0.hasPrefix("-") } && changes.contains { $0.hasPrefix("+I") })
        let bounded = try PlanRunner().plan(try run.bound(run.text))
        for scan in bounded.scans {
            for batch in run.batches { try scan.input.stage.accept(batch.project(scan.columns), port: scan.input.port) }
            try scan.input.stage.close(port: scan.input.port)
        }
        #expect(Self.content(changes) == Rows.text(bounded.output.drain()).sorted())
    }

    @Test(arguments: 0..<queries.count, [1, 2] as [UInt64])
    func aStopChangesNothing(query: Int, seed: UInt64) throws {
        let run = OperatorStateTests.run(Self.queries[query], seed: seed)
        let whole = try run.answers(stops: [])
        for stop in [0, 3, 9, 18] {
            #expect(Self.content(try run.answers(stops: [stop])) == Self.content(whole))
        }
        #expect(Self.content(try run.answers(stops: Set(run.batches.indices))) == Self.content(whole))
    }
}
