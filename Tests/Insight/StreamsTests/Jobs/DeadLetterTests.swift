import Columns
import EventLog
import Runtime
import SQL
import Testing

@testable import Streams

@Suite struct DeadLetterTests {
    static let quotients =
        "INSERT INTO quotients SELECT url.path, 100 / (http.response.status_code - 500) AS q FROM requests"
    static let letters = """
        SELECT error.code, dead_letter.source, dead_letter.first_offset, dead_letter.last_offset, dead_letter.step,
          event.original FROM `dead-letters` ORDER BY dead_letter.first_offset
        """

    @Test func aRowThatCantBeComputedIsSetAsideAndTheJobGoesOn() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.jobs.submit(name: "divide", text: Self.quotients)
        try bench.append([(0, "/a", 200), (1, "/b", 500), (2, "/c", 300), (3, "/d", 500)])
        try bench.append([(4, "/e", 400)])
        #expect(bench.wait { bench.rows(of: "quotients") == 3 && bench.rows(of: "dead-letters") == 2 })
        #expect(bench.ask("SELECT url.path, q FROM quotients") == ["/a|0", "/c|0", "/e|-1"])
        #expect(
            bench.ask(Self.letters)
                == [
                    #"division_by_zero|requests|1|1|SELECT 0|{"url.path":"/b","http.response.status_code":500}"#,
                    #"division_by_zero|requests|3|3|SELECT 0|{"url.path":"/d","http.response.status_code":500}"#,
                ].map { $0.replacing("SELECT 0", with: "SELECT") })
        #expect(bench.jobs.info("divide")?.phase == "started")
        #expect(bench.wait { bench.jobs.info("divide")?.progress.deadRows == 2 })
    }

    @Test func behindAFilterThePlaceIsThatOfTheBatch() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.append([(0, "/a", 200), (1, "/b", 500), (2, "/c", 300)])
        try bench.jobs.submit(name: "divide", text: Self.quotients + " WHERE url.path <> '/a'")
        #expect(bench.wait { bench.rows(of: "dead-letters") == 1 })
        #expect(
            bench.ask("SELECT dead_letter.first_offset, dead_letter.last_offset FROM `dead-letters`") == ["0|2"])
    }

    @Test func whatAnAggregateWorksOnIsComputedBeforeIt() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.jobs.submit(
            name: "sum",
            text: """
                INSERT INTO sums SELECT window_start, COUNT(*) AS n, SUM(1000 / (http.response.status_code - 500)) AS s,
                  SUM(1000 / (http.response.status_code - 300)) FILTER (WHERE http.response.status_code <> 300) AS guarded
                FROM TABLE(TUMBLE(TABLE requests, DESCRIPTOR(`@timestamp`), INTERVAL '10' SECOND))
                GROUP BY window_start, window_end
                """)
        try bench.append([(0, "/a", 600), (1, "/b", 500), (2, "/c", 300), (3, "/d", 600), (20, "/e", 200)])
        #expect(bench.wait { bench.rows(of: "sums") == 1 && bench.rows(of: "dead-letters") == 1 })
        #expect(bench.ask("SELECT n, s, guarded FROM sums") == ["3|15|6"])
        #expect(bench.ask("SELECT dead_letter.step FROM `dead-letters`") == ["the values of GROUP BY"])
    }

    @Test func whatOverWorksOnIsComputedBeforeIt() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.jobs.submit(
            name: "sum",
            text: """
                INSERT INTO sums SELECT url.path, SUM(100 / (http.response.status_code - 500)) OVER w AS s,
                  LAG(url.path) OVER w AS before
                FROM requests WINDOW w AS (ORDER BY `@timestamp` ROWS 1 PRECEDING)
                """)
        try bench.append([(0, "/a", 200), (1, "/b", 500), (2, "/c", 300), (3, "/d", 600), (20, "/e", 200)])
        #expect(bench.wait { bench.rows(of: "sums") == 3 && bench.rows(of: "dead-letters") == 1 })
        #expect(bench.ask("SELECT url.path, s, before FROM sums") == ["/a|0|NULL", "/c|0|/a", "/d|1|/c"])
    }

    @Test func keysOfAJoin() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.jobs.submit(
            name: "join",
            text: """
                INSERT INTO pairs SELECT a.url.path AS a, b.url.path AS b FROM requests AS a JOIN requests AS b
                ON 1000 / (a.http.response.status_code - 500) = b.http.response.status_code
                AND b.`@timestamp` BETWEEN a.`@timestamp` - INTERVAL '9' SECOND AND a.`@timestamp` + INTERVAL '9' SECOND
                """)
        try bench.append([(0, "/a", 505), (1, "/b", 500), (2, "/c", 200), (3, "/d", 500)])
        #expect(bench.wait { bench.rows(of: "pairs") == 1 && bench.rows(of: "dead-letters") == 2 })
        #expect(bench.ask("SELECT a, b FROM pairs") == ["/a|/c"])
        #expect(
            bench.ask("SELECT dead_letter.step, dead_letter.first_offset FROM `dead-letters` ORDER BY 2")
                == ["the keys of JOIN|1", "the keys of JOIN|3"])
        #expect(bench.jobs.info("join")?.phase == "started")
    }

    @Test(arguments: ["JOIN", "LEFT JOIN"]) func conditionsOfAJoin(kind: String) throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.jobs.submit(
            name: "join",
            text: """
                INSERT INTO pairs SELECT a.url.path AS a, b.url.path AS b FROM requests AS a \(kind) requests AS b
                ON b.`@timestamp` BETWEEN a.`@timestamp` AND a.`@timestamp` + INTERVAL '5' SECOND
                AND a.url.path <> b.url.path
                AND 100 / (a.http.response.status_code - b.http.response.status_code) > 0
                """)
        try bench.append([(0, "/a", 260), (1, "/b", 200), (2, "/c", 200), (30, "/z", 200), (60, "/z", 200)])
        let rows = kind == "JOIN" ? ["/a|/b", "/a|/c"] : ["/a|/b", "/a|/c", "/b|NULL", "/c|NULL", "/z|NULL"]
        #expect(bench.wait { bench.rows(of: "pairs") >= rows.count && bench.rows(of: "dead-letters") == 1 })
        #expect(bench.ask("SELECT a, b FROM pairs ORDER BY a, b").prefix(rows.count) == rows[...])
        #expect(bench.ask("SELECT error.code, dead_letter.step FROM `dead-letters`") == ["division_by_zero|ON of JOIN"])
    }

    @Test func anOuterJoinThatTakesBack() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.jobs.submit(
            name: "join",
            text: """
                INSERT INTO changes SELECT a.url.path AS a, b.url.path AS b
                FROM (SELECT url.path, http.response.status_code FROM requests WHERE url.path = '/a') AS a
                LEFT JOIN (SELECT url.path, http.response.status_code FROM requests WHERE url.path <> '/a') AS b
                ON 100 / (a.http.response.status_code - b.http.response.status_code) > 0 EMIT CHANGES
                """)
        try bench.append([(0, "/a", 260), (1, "/b", 260)])
        try bench.append([(2, "/c", 200)])
        #expect(bench.wait { bench.rows(of: "changes") >= 3 && bench.rows(of: "dead-letters") == 1 })
        let last = bench.ask("SELECT op, a, b FROM changes").last
        #expect(last == "+I|/a|/c")
    }

    @Test func patternsSetAsideWhatTheyCantCompute() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.jobs.submit(
            name: "pattern",
            text: """
                INSERT INTO found SELECT a, b, q FROM requests MATCH_RECOGNIZE (
                  ORDER BY `@timestamp`
                  MEASURES A.url.path AS a, B.url.path AS b,
                    10 / (B.http.response.status_code - A.http.response.status_code - 1) AS q
                  AFTER MATCH SKIP TO NEXT ROW
                  PATTERN (A B)
                  DEFINE A AS 1000 / (A.http.response.status_code - 500) <> 7,
                    B AS MOD(10, B.http.response.status_code - A.http.response.status_code) >= 0)
                """)
        try bench.append([
            (0, "/a", 200), (1, "/b", 201), (2, "/dead", 500), (3, "/c", 211), (4, "/d", 211), (5, "/e", 221),
            (60, "/z", 600),
        ])
        // /a and /b: the measure fails. /dead as A, and /d behind /c: the conditions fail.
        #expect(bench.wait { bench.rows(of: "found") >= 2 && bench.rows(of: "dead-letters") == 3 })
        #expect(bench.ask("SELECT a, b, q FROM found ORDER BY a").prefix(2) == ["/b|/dead|0", "/d|/e|1"])
        #expect(
            bench.ask("SELECT dead_letter.step, dead_letter.first_offset FROM `dead-letters` ORDER BY 1")
                == ["DEFINE|NULL", "DEFINE|NULL", "MEASURES|NULL"])
    }

    @Test(arguments: 1..<9 as Range<UInt64>) func acrossCrashesEachIsThereOnce(seed: UInt64) throws {
        var random = Random(seed: seed)
        let bench = try JobBench(seed: seed)
        defer { bench.stop() }
        _ = bench.jobs.start()
        try bench.jobs.submit(name: "divide", text: Self.quotients)
        var sent = 0
        for round in 0..<6 {
            for _ in 0..<random.below(4) {
                let count = 1 + random.below(40)
                try bench.append(JobTests.requests(sent..<sent + count))
                sent += count
                if random.chance(0.5) { _ = bench.wait { random.chance(0.2) } }
            }
            if round < 5 { try bench.crash() }
        }
        let dead = (0..<sent).count { $0 % 7 == 0 }
        #expect(bench.wait { bench.rows(of: "quotients") == sent - dead && bench.rows(of: "dead-letters") == dead })
        #expect(bench.wait { bench.jobs.info("divide")?.progress.lagRows == 0 })
        let offsets = bench.ask("SELECT DISTINCT event.original, dead_letter.first_offset FROM `dead-letters`")
        #expect(offsets.count == dead)
    }

    @Test func withoutATopicForThemTheJobFails() throws {
        var settings = JobSettings()
        settings.deadLetterTopic = ""
        settings.restartBudget = 0
        let bench = try JobBench(settings: settings)
        defer { bench.stop() }
        try bench.append([(0, "/a", 200), (1, "/b", 500)])
        try bench.jobs.submit(name: "divide", text: Self.quotients)
        #expect(bench.wait { bench.jobs.info("divide")?.phase == "failed" })
        #expect(bench.jobs.info("divide")?.failure?.contains("division by zero") == true)
        #expect(bench.rows(of: "dead-letters") == 0)
    }

    @Test func aLargeBatchOfBadRowsIsSortedOut() throws {
        let letters = DeadLetters(now: { 0 })
        let batch = Rows.batch([("v", .int64)], (0..<3_000).map { [$0] })
        letters.place = .init(source: "t", partition: 0, offsets: 100..<3_100)
        var kept: [Int64] = []
        try letters.sift(batch, step: "s") { piece throws(SQLError) in
            guard let values = piece.columns[0].int64s, !values.contains(where: { $0 % 3 != 0 }) else {
                throw SQLError(code: .castFailure, message: "no")
            }
            kept += values
        }
        #expect(kept == (0..<1_000).map { $0 * 3 })
        #expect(letters.count == 2_000)
        let rows = try #require(letters.take())
        #expect(rows.rowCount == 2_000 && letters.take() == nil)
        #expect(rows.column("dead_letter.first_offset")?.int64s?.first == 101)
        #expect(throws: SQLError.self) {
            try letters.sift(batch, step: "s") { _ throws(SQLError) in throw SQLError(code: .limitExceeded, message: "")
            }
        }
    }
}
