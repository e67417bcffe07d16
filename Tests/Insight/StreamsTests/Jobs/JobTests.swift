import Columns
import EventLog
import Runtime
import SQL
import Testing

@testable import Streams

@Suite struct JobTests {
    static let perTenSeconds = """
        INSERT INTO counts
        SELECT window_start, url.path, COUNT(*) AS n, MAX(http.response.status_code) AS worst
        FROM TABLE(TUMBLE(TABLE requests, DESCRIPTOR(`@timestamp`), INTERVAL '10' SECOND))
        GROUP BY window_start, window_end, url.path
        """

    static func requests(_ range: Range<Int>) -> [(Double, String, Int)] {
        range.map { (Double($0) * 0.7, ["/a", "/b", "/c"][$0 * $0 % 3], $0 % 7 == 0 ? 500 : 200) }
    }

    /// What counting by hand gives for the windows that end before `end`.
    static func expected(_ rows: [(Double, String, Int)], before end: Double) -> [String] {
        var counts: [String: (Int, Int)] = [:]
        for (time, path, status) in rows {
            let start = Int(time / 10) * 10
            guard Double(start + 10) <= end else { continue }
            let old = counts["\(JobBench.start + start * 1_000_000)|\(path)"] ?? (0, 0)
            counts["\(JobBench.start + start * 1_000_000)|\(path)"] = (old.0 + 1, max(old.1, status))
        }
        return counts.map { "\($0.key)|\($0.value.0)|\($0.value.1)" }.sorted()
    }

    static let answers = "SELECT window_start, url.path, n, worst FROM counts"

    @Test func aJobReadsWhatIsStoredAndWhatComes() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.append(Self.requests(0..<60))
        let info = try bench.jobs.submit(name: "per-ten", text: Self.perTenSeconds)
        #expect(info.name == "per-ten")
        try bench.append(Self.requests(60..<100))
        let expected = Self.expected(Self.requests(0..<100), before: 68)
        #expect(bench.wait { bench.rows(of: "counts") >= expected.count })
        #expect(bench.ask(Self.answers).sorted() == expected)
        #expect(bench.jobs.info("per-ten")?.phase == "started")
        #expect(bench.wait { bench.jobs.info("per-ten")?.progress.rowsIn == 100 })
        #expect(bench.jobs.info("per-ten")?.progress.lagRows == 0)
        #expect(bench.ask("SELECT DISTINCT job.name FROM counts") == ["per-ten"])
    }

    @Test(arguments: 0..<8 as Range<UInt64>) func acrossCrashesEveryRowIsThereOnce(block: UInt64) throws {
        for seed in block * 5..<(block + 1) * 5 {
            var random = Random(seed: seed)
            let bench = try JobBench(seed: seed)
            defer { bench.stop() }
            _ = bench.jobs.start()
            try bench.jobs.submit(name: "per-ten", text: Self.perTenSeconds)
            var sent = 0
            for _ in 0..<6 {
                for _ in 0..<random.below(4) {
                    let count = 1 + random.below(60)
                    try bench.append(Self.requests(sent..<sent + count))
                    sent += count
                    if random.chance(0.5) { _ = bench.wait { random.chance(0.2) } }
                }
                try bench.crash()
            }
            try bench.append(Self.requests(sent..<sent + 40))
            sent += 40
            let watermark = Double(sent - 1) * 0.7 - 1
            let expected = Self.expected(Self.requests(0..<sent), before: watermark)
            #expect(bench.wait { bench.rows(of: "counts") >= expected.count }, "seed \(seed)")
            #expect(bench.wait { bench.jobs.info("per-ten")?.progress.lagRows == 0 })
            #expect(bench.ask(Self.answers).sorted() == expected, "seed \(seed)")
        }
    }

    @Test func aStoppedJobGoesOnWhereItStood() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.jobs.submit(name: "per-ten", text: Self.perTenSeconds)
        try bench.append(Self.requests(0..<50))
        #expect(bench.wait { bench.rows(of: "counts") > 0 })
        try bench.jobs.stop("per-ten", savepoint: "before")
        #expect(bench.wait { bench.jobs.info("per-ten")?.phase == "stopped" })
        #expect(bench.jobs.info("per-ten")?.savepoints == ["before"])
        try bench.append(Self.requests(50..<100))
        try bench.crash()
        #expect(bench.jobs.info("per-ten")?.phase == "accepted")
        try bench.jobs.restart("per-ten")
        let expected = Self.expected(Self.requests(0..<100), before: 68)
        #expect(bench.wait { bench.rows(of: "counts") >= expected.count })
        #expect(bench.ask(Self.answers).sorted() == expected)
        #expect(bench.wait { bench.jobs.info("per-ten")?.progress.rowsIn == 100 }, "since the job began, as rows out")
        // From the savepoint once more: its windows from then on come again.
        try bench.jobs.stop("per-ten")
        #expect(bench.wait { bench.jobs.info("per-ten")?.phase == "stopped" })
        let before = bench.rows(of: "counts")
        try bench.jobs.restart("per-ten", savepoint: "before")
        #expect(bench.wait { bench.rows(of: "counts") > before })
    }

    @Test func aChangedJobKeepsWhatStillFits() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.jobs.submit(name: "per-ten", text: Self.perTenSeconds)
        try bench.append([(1, "/a", 200), (2, "/a", 200)])
        #expect(bench.wait { bench.jobs.info("per-ten")?.progress.rowsIn == 2 })
        let changed = Self.perTenSeconds.replacing("MAX(", with: "MIN(").replacing("worst", with: "best")
        try bench.jobs.submit(name: "per-ten", text: changed, replaces: true)
        try bench.append([(3, "/a", 404), (30, "/a", 200)])
        #expect(bench.wait { bench.rows(of: "counts") == 1 })
        #expect(bench.ask("SELECT url.path, n, best FROM counts") == ["/a|3|404"])
        let lines = try bench.jobs.log("per-ten").map(\.message)
        #expect(lines.contains { $0.contains("MIN(http.response.status_code) begins anew") })
        #expect(lines.contains { $0.contains("MAX(http.response.status_code) is left behind") })
    }

    @Test func severalStatementsRunTogether() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.append(Self.requests(0..<70))
        try bench.jobs.submit(
            name: "two",
            text: """
                EXECUTE STATEMENT SET BEGIN
                INSERT INTO failures SELECT `@timestamp`, url.path FROM requests WHERE http.response.status_code >= 500;
                INSERT INTO paths (path) SELECT DISTINCT url.path FROM requests;
                END
                """)
        #expect(bench.wait { bench.rows(of: "failures") == 10 && bench.rows(of: "paths") == 2 })
        #expect(bench.ask("SELECT path FROM paths").sorted() == ["/a", "/b"])
        // One scan serves both: each event is read once.
        #expect(bench.wait { bench.jobs.info("two")?.progress.rowsIn == 70 })
    }

    @Test func anIdleInputHoldsNothingUp() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.log.createTopic("others", schema: JobBench.schema)
        func table(_ name: String, _ topic: String, _ timeout: String) -> String {
            "CREATE TABLE \(name) (`@timestamp` TIMESTAMP(3), WATERMARK FOR `@timestamp` AS `@timestamp` - INTERVAL '1' "
                + "SECOND) WITH ('topic' = '\(topic)', 'scan.watermark.idle-timeout' = '\(timeout)');"
        }
        try bench.jobs.submit(
            name: "both",
            text: table("a", "requests", "0 s") + table("b", "others", "10 s") + """
                INSERT INTO counts SELECT window_start, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE (
                  SELECT `@timestamp` AS ts FROM a UNION ALL SELECT `@timestamp` AS ts FROM b
                ), DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end
                """)
        try bench.append([(1, "/a", 200), (2, "/a", 200), (12, "/a", 200)])
        #expect(bench.wait { bench.jobs.info("both")?.progress.rowsIn == 3 })
        #expect(bench.rows(of: "counts") == 0)
        bench.clock.advance(microseconds: 11_000_000)
        #expect(bench.wait { bench.rows(of: "counts") == 1 })
        // It counts again, and what the others have passed is late.
        try bench.append([(5, "/b", 200), (13, "/b", 200)], to: "others")
        #expect(bench.wait { bench.jobs.info("both")?.progress.rowsIn == 5 })
        try bench.append([(30, "/a", 200)])
        #expect(bench.wait { bench.jobs.info("both")?.progress.rowsIn == 6 })
        #expect(bench.rows(of: "counts") == 1)
        bench.clock.advance(microseconds: 11_000_000)
        #expect(bench.wait { bench.rows(of: "counts") == 2 })
        #expect(bench.ask("SELECT n FROM counts") == ["2", "2"])
        #expect(bench.wait { bench.jobs.info("both")?.progress.lateRows == 1 })
    }

    @Test func statementsOfOneTopicGoOnFromWhereEachStood() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.append(Self.requests(0..<30))
        let first = "INSERT INTO all_paths SELECT url.path FROM requests"
        try bench.jobs.submit(name: "grows", text: first)
        #expect(bench.wait { bench.rows(of: "all_paths") == 30 })
        // The second statement is new and begins at the beginning; the first goes on.
        let both = "EXECUTE STATEMENT SET BEGIN \(first); INSERT INTO more SELECT url.path FROM requests; END"
        try bench.jobs.submit(name: "grows", text: both, replaces: true)
        try bench.append(Self.requests(30..<40))
        #expect(bench.wait { bench.rows(of: "all_paths") == 40 && bench.rows(of: "more") == 40 })
        try bench.crash()
        try bench.append(Self.requests(40..<50))
        #expect(bench.wait { bench.rows(of: "all_paths") == 50 && bench.rows(of: "more") == 50 })
    }

    @Test func badJobsAreRefused() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        func code(_ name: String, _ text: String) -> String? {
            do {
                try bench.jobs.submit(name: name, text: text)
                return nil
            } catch {
                return error.code.rawValue
            }
        }
        #expect(code("../evil", Self.perTenSeconds) == "invalid_query")
        #expect(code("", Self.perTenSeconds) == "invalid_query")
        #expect(code("a", "INSERT INTO x SELECT nothing FROM requests") == "unknown_column")
        #expect(code("a", "INSERT INTO x SELECT url.path FROM nowhere") == "unknown_table")
        #expect(code("a", "INSERT INTO x SELEC") == "syntax")
        #expect(code("a", "") == "invalid_query")
        #expect(code("a", "INSERT INTO x (a, b) SELECT url.path FROM requests") == "invalid_query")
        #expect(code("a", "INSERT INTO x SELECT url.path AS job.epoch FROM requests") != nil)
        #expect(code("a", "INSERT INTO x SELECT url.path FROM requests ORDER BY url.path") == "unsupported")
        let early = "INSERT INTO x SELECT url.path FROM requests EMIT EARLY EVERY INTERVAL '1' SECOND"
        #expect(code("a", early) == "unsupported")
        #expect(code("a", "INSERT INTO x SELECT url.path, COUNT(*) FROM requests GROUP BY url.path") == "unsupported")
        #expect(bench.jobs.all.isEmpty)
        #expect(code("a", "INSERT INTO x SELECT url.path FROM requests") == nil)
        #expect(code("a", "INSERT INTO x SELECT url.path FROM requests") == "job_exists")
        #expect(throws: SQLError.self) { try bench.jobs.stop("nobody") }
        #expect(throws: SQLError.self) { try bench.jobs.remove("a") }
        #expect(throws: SQLError.self) { try bench.jobs.restart("a") }
        try bench.jobs.stop("a")
        #expect(bench.wait { bench.jobs.info("a")?.phase == "stopped" })
        #expect(throws: SQLError.self) { try bench.jobs.restart("a", savepoint: "none") }
        try bench.jobs.remove("a")
        #expect(bench.jobs.all.isEmpty)
    }

    @Test func aJobPastItsBudgetFailsAndSaysSo() throws {
        var settings = JobSettings()
        settings.stateBytes = 200_000
        let bench = try JobBench(settings: settings)
        defer { bench.stop() }
        try bench.jobs.submit(name: "greedy", text: "INSERT INTO x SELECT DISTINCT url.path FROM requests")
        try bench.append((0..<20_000).map { (1, "/path/\($0)", 200) })
        #expect(bench.wait { bench.jobs.info("greedy")?.phase == "failed" })
        #expect(bench.jobs.info("greedy")?.failure?.contains("jobs.state_bytes") == true)
    }

    @Test func aFullDiskStopsNothingForGood() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        _ = bench.jobs.start()
        try bench.jobs.submit(name: "per-ten", text: Self.perTenSeconds)
        try bench.append(Self.requests(0..<40))
        #expect(bench.wait { bench.rows(of: "counts") > 0 })
        bench.storage.setFailureProbability(1)
        bench.log.append(
            Rows.batch([("@timestamp", .timestamp), ("url.path", .string)], [[JobBench.start + 28_000_000, "/z"]]),
            to: "requests")
        bench.storage.setFailureProbability(0)
        try bench.append(Self.requests(40..<90))
        let expected = Self.expected(Self.requests(0..<90), before: 61)
        #expect(bench.wait { bench.rows(of: "counts") >= expected.count })
    }
}
