import Columns
import EventLog
import SQL
import Testing

@testable import Streams

/// Jobs whose rows go to shards by key write what one thread does.
@Suite struct KeyedShardTests {
    /// A statement that inserts into `answers`.
    struct Statement: Sendable, CustomTestStringConvertible {
        let name: String
        /// The key that the plan speaks of.
        let key: String
        /// What stands before it, for who reads the answers as well.
        var tables = ""
        let text: String

        var testDescription: String { name }
    }

    private static let keyed = "CREATE TABLE answers (k VARCHAR, n BIGINT, PRIMARY KEY (k) NOT ENFORCED);\n"
    private static let paths =
        "(SELECT `@timestamp`, url.path AS p, http.response.status_code AS s FROM requests)"

    static let statements = [
        Statement(
            name: "sessions", key: "url.path",
            text: """
                INSERT INTO answers SELECT window_start, window_end, url.path, COUNT(*) AS n
                FROM TABLE(SESSION(TABLE requests PARTITION BY url.path, DESCRIPTOR(`@timestamp`), INTERVAL '0.3' SECOND))
                GROUP BY window_start, window_end, url.path
                """),
        Statement(
            name: "updating groups", key: "url.path", tables: keyed,
            text: "INSERT INTO answers SELECT url.path, SUM(http.response.status_code) FROM requests GROUP BY url.path"),
        Statement(
            name: "groups of all small states", key: "url.path",
            tables: """
                CREATE TABLE answers (k VARCHAR, n BIGINT, f BIGINT, low BIGINT, high VARCHAR, mean DOUBLE,
                  total DECIMAL(20, 2), spread DOUBLE, PRIMARY KEY (k) NOT ENFORCED);

                """,
            text: """
                INSERT INTO answers SELECT url.path, COUNT(*), COUNT(*) FILTER (WHERE http.response.status_code >= 400),
                MIN(http.response.status_code), MAX(CAST(http.response.status_code AS VARCHAR)),
                AVG(CAST(http.response.status_code AS DOUBLE)), SUM(CAST(http.response.status_code AS DECIMAL(10, 2))),
                ROUND(STDDEV_POP(http.response.status_code), 6) FROM requests GROUP BY url.path
                """),
        Statement(
            name: "groups of large states", key: "url.path", tables: keyed,
            text: "INSERT INTO answers SELECT url.path, COUNT(DISTINCT http.response.status_code) FROM requests "
                + "GROUP BY url.path"),
        Statement(
            name: "a computed key behind a filter", key: "p2", tables: keyed,
            text: """
                INSERT INTO answers SELECT p2, COUNT(*) FROM (SELECT UPPER(url.path) AS p2, http.response.status_code AS s
                FROM requests) WHERE s < 500 GROUP BY p2
                """),
        Statement(
            name: "groups of a list's items", key: "x", tables: keyed,
            text: """
                INSERT INTO answers SELECT x, COUNT(*) FROM requests CROSS JOIN UNNEST(ARRAY[url.path, 'all']) AS t (x)
                WHERE http.response.status_code < 500 GROUP BY x
                """),
        Statement(
            name: "grouping sets", key: "url.path",
            tables: "CREATE TABLE answers (k VARCHAR, s BIGINT, n BIGINT, PRIMARY KEY (k, s) NOT ENFORCED);\n",
            text: """
                INSERT INTO answers SELECT url.path, COALESCE(http.response.status_code, 0) AS s, COUNT(*) FROM requests
                GROUP BY GROUPING SETS ((url.path, http.response.status_code), (url.path))
                """),
        Statement(
            name: "groups of groups", key: "p", tables: keyed,
            text: """
                INSERT INTO answers SELECT p, MAX(n) FROM (SELECT p, s, COUNT(*) AS n FROM \(paths) GROUP BY p, s)
                GROUP BY p
                """),
        Statement(
            name: "all groups together above", key: "url.path", tables: keyed,
            text: """
                INSERT INTO answers SELECT 'all', COUNT(*) FROM (SELECT p, COUNT(*) AS n FROM \(paths) GROUP BY p)
                WHERE n > 20
                """),
        Statement(
            name: "distinct rows", key: "url.path, http.response.status_code",
            text: "INSERT INTO answers SELECT DISTINCT url.path, http.response.status_code FROM requests"),
        Statement(
            name: "over", key: "p",
            text: """
                INSERT INTO answers SELECT t, p, s, SUM(s) OVER w AS total, COUNT(*) OVER (PARTITION BY p ORDER BY t
                ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) AS c FROM (SELECT `@timestamp` AS t, url.path AS p,
                http.response.status_code AS s FROM requests) WINDOW w AS (PARTITION BY p ORDER BY t)
                """),
        Statement(
            name: "top of each", key: "p",
            tables: "CREATE TABLE answers (k VARCHAR, r BIGINT, s BIGINT, PRIMARY KEY (k, r) NOT ENFORCED);\n",
            text: """
                INSERT INTO answers SELECT p, r, s FROM (SELECT p, s, ROW_NUMBER() OVER (PARTITION BY p ORDER BY s DESC) AS r
                FROM \(paths)) WHERE r <= 3
                """),
        Statement(
            name: "patterns", key: "url.path",
            text: """
                INSERT INTO answers SELECT * FROM requests MATCH_RECOGNIZE (PARTITION BY url.path ORDER BY `@timestamp`
                MEASURES A.http.response.status_code AS f, B.http.response.status_code AS l, B.`@timestamp` AS t
                PATTERN (A B) DEFINE A AS A.http.response.status_code < 300, B AS B.http.response.status_code >= 400)
                """),
        Statement(
            name: "early windows", key: "url.path",
            tables: "CREATE TABLE answers (w TIMESTAMP(3), k VARCHAR, n BIGINT, PRIMARY KEY (w, k) NOT ENFORCED);\n",
            text: """
                INSERT INTO answers SELECT window_start, url.path, COUNT(*) AS n
                FROM TABLE(TUMBLE(TABLE requests, DESCRIPTOR(`@timestamp`), INTERVAL '10' SECOND))
                GROUP BY window_start, window_end, url.path EMIT CHANGES
                """),
        Statement(
            name: "interval join", key: "p",
            text: """
                INSERT INTO answers SELECT a.p, a.s AS x, b.s AS y, a.`@timestamp` AS t FROM \(paths) AS a
                JOIN \(paths) AS b ON a.p = b.p AND b.s > 400
                AND b.`@timestamp` BETWEEN a.`@timestamp` AND a.`@timestamp` + INTERVAL '0.2' SECOND
                """),
        Statement(
            name: "outer interval join", key: "p",
            text: """
                INSERT INTO answers SELECT a.p, a.s AS x, b.s AS y, a.`@timestamp` AS t FROM \(paths) AS a
                LEFT JOIN (SELECT * FROM \(paths) WHERE s = 500) AS b ON a.p = b.p
                AND b.`@timestamp` BETWEEN a.`@timestamp` AND a.`@timestamp` + INTERVAL '0.1' SECOND
                """),
        Statement(
            name: "join of what changes", key: "p", tables: keyed,
            text: """
                INSERT INTO answers SELECT a.p, a.n * 1000 + b.n FROM (SELECT p, COUNT(*) AS n FROM \(paths) GROUP BY p) AS a
                LEFT JOIN (SELECT p, COUNT(*) AS n FROM \(paths) WHERE s = 500 GROUP BY p) AS b ON a.p = b.p
                """),
        Statement(
            name: "join of windows", key: "p",
            text: """
                CREATE VIEW paths AS \(paths.dropFirst().dropLast());
                INSERT INTO answers SELECT a.window_end, a.p, n, m FROM
                (SELECT window_start, window_end, p, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE paths,
                DESCRIPTOR(`@timestamp`), INTERVAL '5' SECOND)) GROUP BY window_start, window_end, p) AS a
                JOIN (SELECT window_start, window_end, p, s AS m FROM TABLE(TUMBLE(TABLE paths,
                DESCRIPTOR(`@timestamp`), INTERVAL '5' SECOND)) WHERE s = 500) AS b
                ON a.window_end = b.window_end AND a.window_start = b.window_start AND a.p = b.p
                """),
        Statement(
            name: "union", key: "p", tables: keyed,
            text: """
                INSERT INTO answers SELECT p, COUNT(*) FROM (SELECT p FROM \(paths) UNION ALL
                SELECT p FROM \(paths) WHERE s > 300) GROUP BY p
                """),
    ]

    /// 60 batches of 50 rows, a second each, some of them late.
    private static func rows(_ batch: Int) -> [(Double, String, Int)] {
        (0..<50).map { index in
            let late = index == 17 && batch % 9 == 5 ? 25.0 : 0
            return (Double(batch * 50 + index) / 50 - late, "/\(index * batch % 7)", 200 + (batch + index) % 4 * 100)
        }
    }

    private static func answers(_ statement: Statement, shards: [Int]) throws -> [String] {
        let bench = try JobBench()
        defer { bench.stop() }
        for batch in 0..<60 { try bench.append(rows(batch)) }
        for (index, count) in shards.enumerated() {
            if index > 0 { for batch in 0..<5 { try bench.append(rows(55 + index * 5 + batch)) } }
            let text = "SET 'parallelism.default' = '\(count)';\n" + statement.tables + statement.text
            try bench.jobs.submit(name: "job", text: text, replaces: index > 0)
            try #require(waits(bench, until: 58 + index * 5), "\(bench.jobs.info("job")?.failure ?? "")")
            if count > 1 {
                let details = bench.jobs.info("job")?.plan?.nodes.compactMap(\.detail) ?? []
                #expect(details.contains { $0.hasSuffix("; in \(count) shards by \(statement.key)") }, "\(details)")
            }
            if index < shards.count - 1 {
                try bench.jobs.stop("job", savepoint: nil)
                #expect(bench.wait { bench.jobs.info("job")?.phase == "stopped" })
            }
        }
        try bench.append([(500, "/end", 200)])
        try #require(waits(bench, until: 498))
        #expect(bench.wait { bench.jobs.info("job")?.progress.rowsOut == Int64(bench.rows(of: "answers")) })
        let late = bench.jobs.info("job")?.progress.lateRows ?? -1
        return try rows(bench, statement).sorted() + ["\(late) late"]
    }

    /// Without what two runs don't share: when rows were written, and in which epoch.
    private static func rows(_ bench: JobBench, _ statement: Statement) throws -> [String] {
        guard statement.tables.isEmpty else { return bench.ask(statement.tables + "SELECT * FROM answers") }
        let reader = try bench.log.read(topic: "answers", from: .earliest)
        var rows: [String] = []
        while let found = try reader.next() {
            let fields = found.batch.schema.fields
            let kept = fields.indices.filter { !["job.epoch", "job.name", "@timestamp"].contains(fields[$0].name) }
            rows += Rows.text([found.batch.project(kept)])
        }
        return rows
    }

    /// Until event time has come to a second after the start.
    private static func waits(_ bench: JobBench, until second: Int) -> Bool {
        let time = Int64(JobBench.start + second * 1_000_000)
        return bench.wait {
            bench.jobs.info("job")?.progress.watermark ?? 0 >= time && bench.jobs.info("job")?.progress.lagRows == 0
        }
    }

    @Test(arguments: statements) func shardsWriteWhatOneWrites(statement: Statement) throws {
        let expected = try Self.answers(statement, shards: [1])
        #expect(expected.count > 1)
        for shards in [2, 3] { #expect(try Self.answers(statement, shards: [shards]) == expected) }
    }

    @Test(arguments: statements) func anotherNumberOfShardsGoesOn(statement: Statement) throws {
        let expected = try Self.answers(statement, shards: [1, 1, 1])
        for shards in [[1, 3, 2], [4, 2, 1]] { #expect(try Self.answers(statement, shards: shards) == expected) }
    }

    // MARK: Inputs that end

    private static let made = """
        CREATE TABLE made (k BIGINT, v BIGINT, w BIGINT, t TIMESTAMP(3), WATERMARK FOR t AS t) WITH (
          'connector' = 'datagen', 'number-of-rows' = '30000', 'seed' = '5', 'fields.k.min' = '0',
          'fields.k.max' = '99', 'fields.v.min' = '0', 'fields.v.max' = '9', 'fields.w.min' = '0',
          'fields.w.max' = '99999');

        """

    private static func answersOfMade(_ text: String, shards: Int) throws -> [String] {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.jobs.submit(name: "job", text: "SET 'parallelism.default' = '\(shards)';\n" + made + text)
        try #require(
            bench.wait { bench.jobs.info("job")?.phase == "completed" }, "\(bench.jobs.info("job")?.failure ?? "")")
        if shards > 1 {
            let details = bench.jobs.info("job")?.plan?.nodes.compactMap(\.detail) ?? []
            #expect(details.contains { $0.contains("; in \(shards) shards by k") }, "\(details)")
        }
        let statement = Statement(name: "", key: "", text: "")
        return try rows(bench, statement).sorted()
    }

    @Test(arguments: [
        "INSERT INTO answers SELECT k, COUNT(*) AS n, SUM(v) AS total FROM made GROUP BY k",
        "INSERT INTO answers SELECT k, v FROM (SELECT k, v, ROW_NUMBER() OVER (PARTITION BY k ORDER BY v DESC, t) AS r "
            + "FROM made) WHERE r < 3",
        "INSERT INTO answers SELECT a.k, a.n, b.n AS m FROM (SELECT k, COUNT(*) AS n FROM made GROUP BY k) AS a "
            + "JOIN (SELECT k, COUNT(*) AS n FROM made WHERE v > 4 GROUP BY k) AS b ON a.k = b.k",
        // Half of the rows have one key, the others one of many.
        "INSERT INTO answers SELECT k, COUNT(*) AS n, SUM(v) AS total, MAX(t) IS NULL AS none "
            + "FROM (SELECT CASE WHEN v < 5 THEN -1 ELSE w END AS k, v, t FROM made) GROUP BY k",
    ]) func inputsThatEndAreSharedOut(text: String) throws {
        let expected = try Self.answersOfMade(text, shards: 1)
        #expect(expected.count >= 100)
        for shards in [2, 3] { #expect(try Self.answersOfMade(text, shards: shards) == expected) }
    }

    // MARK: Plans

    @Test(arguments: [
        (
            "SELECT url.path, COUNT(*) FROM requests GROUP BY url.path",
            "2 shards, each with the rows of its keys: url.path"
        ),
        ("SELECT COUNT(*) FROM requests", "one thread: "),
        (
            "SELECT a.url.path FROM requests AS a JOIN requests AS b ON a.http.response.status_code "
                + "> b.http.response.status_code", "one thread: "
        ),
        ("SELECT url.path FROM requests WHERE url.path <> '/'", "one thread: "),
        (
            "SELECT n, COUNT(*) FROM (SELECT url.path, COUNT(*) AS n FROM requests GROUP BY url.path) GROUP BY n",
            "2 shards, each with the rows of its keys: url.path"
        ),
        (
            "SELECT window_start, COUNT(*) FROM TABLE(TUMBLE(TABLE requests, DESCRIPTOR(`@timestamp`), "
                + "INTERVAL '1' SECOND)) GROUP BY window_start, window_end",
            "2 shards, each with states of its own up to GROUP BY"
        ),
    ]) func explainSaysHowItIsSharedOut(query: String, words: String) throws {
        let bench = try JobBench()
        defer { bench.stop() }
        let lines = bench.ask("SET 'parallelism.default' = '2';\nEXPLAIN INSERT INTO answers " + query)
        #expect(lines.contains { $0.contains("as a job by " + words) }, "\(lines)")
    }

    // MARK: Rounds

    /// A row at a time; the first shard has those of even places.
    private static func sortOut(_ piece: Int, _ round: ExchangeRound, latest: Int64) {
        let row = Rows.batch([("n", .int64)], [[piece]])
        let place = DeadLetters.Place(source: "t", partition: 0, offsets: 0..<1)
        round.sortedOut(
            piece, rows: [(0..<2).map { ShardShare(batches: piece % 2 == $0 ? [row] : []) }], latest: [latest],
            place: place, rowCount: 1, bytes: 8)
    }

    private static func words(_ step: ExchangeRound.Step) -> String {
        switch step {
        case .sortOut(let piece): "sort out \(piece)"
        case .take(let rows, let watermarks, _):
            "take \(rows.map { $0.batches.reduce(0) { $0 + $1.rowCount } }) after \(watermarks)"
        case .finish(let watermarks): "finish at \(watermarks)"
        case .wait: "wait"
        case .done: "done"
        }
    }

    @Test func aSlowShardHoldsTheOthersUp() throws {
        let place = DeadLetters.Place(source: "t", partition: 0, offsets: 0..<1)
        let pieces = (0..<5).map { ExchangeRound.Piece.rows(Rows.batch([("n", .int64)], [[$0]]), place) }
        let round = ExchangeRound(
            pieces, shards: 2, capacity: 2, trackers: [WatermarkTracker(delay: 10, isBoundToClock: false)], now: 0,
            hasWatermarks: true, closes: true, wake: {})
        #expect(Self.words(round.step(of: 0)) == "sort out 0")
        #expect(Self.words(round.step(of: 0)) == "sort out 1")
        // Two are on their way: the next waits until both shards have taken one.
        #expect(Self.words(round.step(of: 0)) == "wait")
        Self.sortOut(1, round, latest: 300)
        #expect(Self.words(round.step(of: 1)) == "wait")
        Self.sortOut(0, round, latest: 100)
        #expect(Self.words(round.step(of: 0)) == "take [1] after [\(Int64.min)]")
        round.took(0)
        #expect(Self.words(round.step(of: 0)) == "take [0] after [90]")
        round.took(0)
        #expect(Self.words(round.step(of: 0)) == "wait")
        #expect(Self.words(round.step(of: 1)) == "take [0] after [\(Int64.min)]")
        round.took(1)
        #expect(Self.words(round.step(of: 0)) == "sort out 2")
        #expect(Self.words(round.step(of: 1)) == "take [1] after [90]")
        #expect(try round.result() == nil)
    }

    @Test func aRoundEndsWhenAllShardsAreBehindItsLastPiece() throws {
        let round = ExchangeRound(
            [], shards: 2, capacity: 2, trackers: [WatermarkTracker(delay: 0, isBoundToClock: false)], now: 0,
            hasWatermarks: false, closes: true, wake: {})
        for shard in 0..<2 {
            #expect(try round.result() == nil)
            #expect(Self.words(round.step(of: shard)) == "finish at [\(Int64.min)]")
            round.took(shard)
            #expect(Self.words(round.step(of: shard)) == "done")
        }
        #expect(try round.result()?.rows == 0)
    }
}
