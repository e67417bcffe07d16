import Columns
import Runtime
import SQL
import Testing

@testable import Streams

/// What operators keep survives a stop at any batch, through bytes.
@Suite struct OperatorStateTests {
    static let queries = [
        """
        SELECT window_start, k, COUNT(*), COUNT(v), SUM(v), AVG(v), MIN(v), MAX(v), MIN(s), MAX(s), SUM(f), AVG(f),
          MIN(f), MAX(b), COUNT(DISTINCT v), SUM(DISTINCT v), COUNT(DISTINCT s), APPROX_COUNT_DISTINCT(s),
          APPROX_PERCENTILE(f, 0.5), COUNT(*) FILTER (WHERE v > 2)
        FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND)) GROUP BY window_start, window_end, k
        """,
        """
        SELECT window_start, s, COUNT(*), APPROX_COUNT_DISTINCT(v)
        FROM TABLE(HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '2' SECOND, INTERVAL '10' SECOND))
        GROUP BY window_start, window_end, s ORDER BY window_start, s
        """,
        """
        SELECT window_start, k, s, GROUPING_ID(k, s), COUNT(*), SUM(v)
        FROM TABLE(HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '2' SECOND, INTERVAL '6' SECOND))
        GROUP BY window_start, window_end, CUBE (k, s)
        """,
        """
        SELECT k, SESSION_START(ts, INTERVAL '1' SECOND), SESSION_ROWTIME(ts, INTERVAL '1' SECOND), COUNT(*)
        FROM t GROUP BY SESSION(ts, INTERVAL '1' SECOND), k
        """,
        """
        SELECT window_start, k, SUM(d), AVG(d), MIN(d), MAX(d), COUNT(DISTINCT d), SUM(DISTINCT d)
        FROM TABLE(HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND))
        GROUP BY window_start, window_end, k
        """,
        """
        SELECT window_start, d, COUNT(*) FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND))
        GROUP BY window_start, window_end, d
        """,
        "SELECT DISTINCT d FROM t",
        """
        SELECT window_start, k, FIRST_VALUE(v), LAST_VALUE(v), FIRST_VALUE(s), LAST_VALUE(s), LAST_VALUE(ts)
        FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND)) GROUP BY window_start, window_end, k
        """,
        """
        SELECT k, v FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '2' SECOND)) AS l WHERE v IN (
          SELECT v + 1 FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '2' SECOND)) AS r
          WHERE r.window_start = l.window_start AND r.window_end = l.window_end)
        """,
        """
        SELECT k, v FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '2' SECOND)) AS l WHERE v NOT IN (
          SELECT v + 1 FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '2' SECOND)) AS r
          WHERE r.window_start = l.window_start AND r.window_end = l.window_end AND r.k = l.k)
        """,
        "SELECT k, v FROM t WHERE NOT EXISTS (SELECT 1 FROM t AS r WHERE r.k = t.k AND r.v = t.v + 1 AND r.ts "
            + "BETWEEN t.ts - INTERVAL '1' SECOND AND t.ts + INTERVAL '1' SECOND)",
        """
        SELECT window_start, k, VAR_POP(v), STDDEV_SAMP(f), LISTAGG(s), ARRAY_AGG(v), PERCENTILE(f, 0.3),
          JSON_OBJECTAGG(KEY COALESCE(s, '-') VALUE v), LISTAGG(DISTINCT s), EVERY(b),
          LISTAGG(s, ' ') WITHIN GROUP (ORDER BY f DESC, d, v), ARRAY_AGG(DISTINCT v ORDER BY v)
        FROM TABLE(HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '2' SECOND, INTERVAL '6' SECOND))
        GROUP BY window_start, window_end, k
        """,
        "SELECT k, x, n FROM t CROSS JOIN UNNEST(ARRAY[v, v + 1]) WITH ORDINALITY AS u (x, n) WHERE x > 0",
        "SELECT DISTINCT s FROM t",
        "SELECT k, v FROM t WHERE v > 1 LIMIT 40 OFFSET 7",
        "SELECT s FROM t WHERE v = 1 UNION SELECT s FROM t WHERE v = 2",
    ]

    static func run(_ text: String, seed: UInt64) -> InterruptedRun {
        var random = Random(seed: seed)
        var latest: Int64 = 0
        var watermarks: [Int64] = []
        let batches = (0..<20).map { index -> Batch in
            let rows = (0..<Int.random(in: 1...12, using: &random)).map { _ -> [Any?] in
                let time = index * 800_000 + Int.random(in: 0..<3_000_000, using: &random)
                latest = max(latest, Int64(time))
                func maybe(_ value: Any) -> Any? { Int.random(in: 0..<6, using: &random) == 0 ? nil : value }
                return [
                    time, maybe("k\(Int.random(in: 0..<3, using: &random))"),
                    maybe(Int.random(in: -1..<4, using: &random)),
                    maybe(["", "a", "ü", "long text that is longer"][Int.random(in: 0..<4, using: &random)]),
                    maybe(Double(Int.random(in: -40..<40, using: &random)) / 4), maybe(Bool.random(using: &random)),
                    // Sums go beyond 128 bits and come back.
                    maybe(([150, -7, 70 << 120, -70 << 120] as [Int128])[Int.random(in: 0..<4, using: &random)]),
                ]
            }
            watermarks.append(latest - 2_000_000)
            return Rows.batch(
                [
                    ("ts", .timestamp), ("k", .string), ("v", .int64), ("s", .string), ("f", .float64), ("b", .bool),
                    ("d", .decimal(scale: 2)),
                ], rows)
        }
        return InterruptedRun(text: text, batches: batches, watermarks: watermarks)
    }

    @Test(arguments: 0..<queries.count, [1, 2, 3] as [UInt64])
    func aStopChangesNothing(query: Int, seed: UInt64) throws {
        let run = Self.run(Self.queries[query], seed: seed)
        let whole = try run.answers(stops: []).sorted()
        #expect(!whole.isEmpty)
        for stop in run.batches.indices { #expect(try run.answers(stops: [stop]).sorted() == whole) }
        #expect(try run.answers(stops: Set(run.batches.indices)).sorted() == whole)
    }

    @Test(arguments: 0..<queries.count, [1, 2, 3] as [UInt64])
    func aStopChangesNothingWhereRecordsBuildOnEachOther(query: Int, seed: UInt64) throws {
        let run = Self.run(Self.queries[query], seed: seed)
        let whole = try run.answers(stops: []).sorted()
        for stop in run.batches.indices { #expect(try run.answersFromRecords(stops: [stop]).sorted() == whole) }
        #expect(try run.answersFromRecords(stops: [3, 4, 9, 17]).sorted() == whole)
    }

    @Test func aNewAggregateBeginsAnewAndTheOthersGoOn() throws {
        let windows = "FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' HOUR)) GROUP BY window_start, window_end"
        let run = Self.run("SELECT COUNT(*), MAX(v) \(windows)", seed: 1)
        let query = try run.plan(run.text)
        for batch in run.batches {
            for scan in query.scans { try scan.input.stage.accept(batch.project(scan.columns), port: 0) }
        }
        let (changed, fresh) = try InterruptedRun.restored(
            query, as: "SELECT COUNT(*), SUM(f) \(windows)", run.plan)
        #expect(fresh == ["GROUP BY 0: SUM(f) begins anew", "GROUP BY 0: MAX(v) is left behind"])
        for scan in changed.scans { try scan.input.stage.close(port: 0) }
        let rows = run.batches.reduce(0) { $0 + $1.rowCount }
        #expect(Rows.text(changed.output.drain()) == ["\(rows)|NULL"])
    }

    @Test func otherKeysAreRefused() throws {
        let run = Self.run(Self.queries[0], seed: 1)
        let query = try run.plan(run.text)
        try query.scans[0].input.stage.accept(run.batches[0].project(query.scans[0].columns), port: 0)
        #expect(throws: SQLError.self) {
            try InterruptedRun.restored(query, as: Self.queries[1], run.plan)
        }
    }

    @Test func damagedBytesAreErrors() throws {
        let run = Self.run(Self.queries[0], seed: 1)
        let query = try run.plan(run.text)
        for batch in run.batches {
            try query.scans[0].input.stage.accept(batch.project(query.scans[0].columns), port: 0)
        }
        var bytes: [UInt8] = []
        StateCodec.encode(try query.savedStates(nil), to: &bytes)
        var random = Random(seed: 9)
        for _ in 0..<300 {
            var damaged = bytes
            for _ in 0..<3 {
                damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) { damaged.removeLast(Int.random(in: 0..<damaged.count, using: &random)) }
            var index = 0
            // Whatever comes of it is an error or a state; it must not stop the process.
            if let states = try? StateCodec.decodeStates(damaged.span, at: &index) {
                _ = try? run.plan(run.text).restore(states)
            }
        }
        #expect(!bytes.isEmpty)
    }
}
