import Runtime
import SQL
import Testing

@testable import Streams

/// Jobs whose answers change: into tables by key, exactly once, and what may not go where.
@Suite struct UpsertJobTests {
    static let declaration =
        "CREATE TABLE latest (path VARCHAR, n BIGINT, worst BIGINT, PRIMARY KEY (path) NOT ENFORCED);"
    static let job =
        declaration + """
            INSERT INTO latest SELECT url.path, COUNT(*), MAX(http.response.status_code) FROM requests GROUP BY url.path
            """
    static let content = declaration + "SELECT path, n, worst FROM latest"

    static func expected(_ rows: [(Double, String, Int)]) -> [String] {
        var counts: [String: (Int, Int)] = [:]
        for (_, path, status) in rows {
            let old = counts[path] ?? (0, 0)
            counts[path] = (old.0 + 1, max(old.1, status))
        }
        return counts.map { "\($0.key)|\($0.value.0)|\($0.value.1)" }.sorted()
    }

    @Test(arguments: 0..<4 as Range<UInt64>) func acrossCrashesTheTableHoldsTheResult(block: UInt64) throws {
        for seed in block * 3..<(block + 1) * 3 {
            var random = Random(seed: seed)
            let bench = try JobBench(seed: seed)
            defer { bench.stop() }
            _ = bench.jobs.start()
            try bench.jobs.submit(name: "latest", text: Self.job)
            var sent = 0
            for _ in 0..<5 {
                for _ in 0..<1 + random.below(3) {
                    let count = 1 + random.below(60)
                    try bench.append(JobTests.requests(sent..<sent + count))
                    sent += count
                    if random.chance(0.5) { _ = bench.wait { random.chance(0.2) } }
                }
                try bench.crash()
            }
            let expected = Self.expected(JobTests.requests(0..<sent))
            #expect(bench.wait { bench.ask(Self.content).sorted() == expected }, "seed \(seed)")
        }
    }

    @Test func aKeyThatIsGoneIsGone() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        let table = "CREATE TABLE few (n BIGINT, paths BIGINT, PRIMARY KEY (n) NOT ENFORCED);"
        try bench.append([(0, "/a", 200)])
        try bench.jobs.submit(
            name: "few",
            text: table + """
                INSERT INTO few SELECT n, COUNT(*) FROM (SELECT url.path, COUNT(*) AS n FROM requests GROUP BY url.path)
                GROUP BY n
                """)
        #expect(bench.wait { bench.ask(table + "SELECT n, paths FROM few") == ["1|1"] })
        try bench.append([(1, "/b", 200)])
        #expect(bench.wait { bench.ask(table + "SELECT n, paths FROM few") == ["1|2"] })
        try bench.append([(2, "/a", 200), (3, "/b", 200)])
        #expect(bench.wait { bench.ask(table + "SELECT n, paths FROM few") == ["2|2"] })
        // The topic itself tells how it came to be: the deletion names the key alone.
        #expect(bench.ask("SELECT n, paths FROM few WHERE row.op = 'delete'") == ["1|NULL"])
    }

    @Test func windowsThatAnswerAnewNeedATableWithAKey() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        for clause in ["EMIT EARLY EVERY INTERVAL '1' SECOND", "ALLOW LATENESS INTERVAL '1' SECOND"] {
            let text = JobTests.perTenSeconds + " " + clause
            let error = #expect(throws: SQLError.self) { try bench.jobs.submit(name: "counts", text: text) }
            let failure = error?.description ?? ""
            #expect(failure.contains("a window answers anew") && failure.contains("PRIMARY KEY"), "\(failure)")
        }
    }

    @Test func aTopicWithoutAKeyTakesNoChanges() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.append([(0, "/a", 200)])
        let text = "INSERT INTO counts SELECT url.path, COUNT(*) AS n FROM requests GROUP BY url.path"
        let error = #expect(throws: SQLError.self) { try bench.jobs.submit(name: "counts", text: text) }
        #expect(bench.jobs.info("counts") == nil)
        let failure = error?.description ?? ""
        #expect(failure.contains("INSERT INTO counts can't take rows back") && failure.contains("PRIMARY KEY"))
    }

    @Test func changesGoIntoATopicWhenTheyAreMeant() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.append([(0, "/a", 200), (1, "/a", 200), (2, "/b", 500)])
        try bench.jobs.submit(
            name: "told",
            text: "INSERT INTO told SELECT url.path, COUNT(*) AS n FROM requests GROUP BY url.path EMIT CHANGES")
        #expect(bench.wait { bench.ask("SELECT op, url.path, n FROM told").sorted() == ["+I|/a|2", "+I|/b|1"] })
    }

    @Test func lateRowsGoWhereTheyAreSent() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.jobs.submit(
            name: "windows",
            text: """
                INSERT INTO windows
                SELECT window_start, COUNT(*) AS n
                FROM TABLE(TUMBLE(TABLE requests, DESCRIPTOR(`@timestamp`), INTERVAL '10' SECOND))
                GROUP BY window_start, window_end
                EMIT FINAL LATE DATA INTO late
                """)
        try bench.append([(1, "/a", 200), (15, "/b", 200)])
        #expect(bench.wait { bench.rows(of: "windows") >= 1 })
        try bench.append([(2, "/late", 500), (16, "/c", 200)])
        #expect(bench.wait { bench.rows(of: "late") >= 1 })
        #expect(bench.ask("SELECT url.path, http.response.status_code FROM late") == ["/late|500"])
        #expect(bench.ask("SELECT n FROM windows") == ["1"])
    }

    @Test func anOuterJoinIsKeptByKey() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        let table = """
            CREATE TABLE pairs (path VARCHAR, good BIGINT, bad BIGINT, PRIMARY KEY (path) NOT ENFORCED);
            """
        try bench.append([(0, "/a", 200), (1, "/b", 500)])
        try bench.jobs.submit(
            name: "pairs",
            text: table + """
                INSERT INTO pairs
                SELECT COALESCE(g.p, b.p), g.n, b.n
                FROM (SELECT url.path AS p, COUNT(*) AS n FROM requests WHERE http.response.status_code < 500
                  GROUP BY url.path) g
                FULL JOIN (SELECT url.path AS p, COUNT(*) AS n FROM requests WHERE http.response.status_code >= 500
                  GROUP BY url.path) b ON g.p = b.p
                """)
        let content = table + "SELECT path, good, bad FROM pairs"
        #expect(bench.wait { bench.ask(content).sorted() == ["/a|1|NULL", "/b|NULL|1"] })
        try bench.append([(2, "/a", 500), (3, "/b", 500), (4, "/a", 200)])
        #expect(bench.wait { bench.ask(content).sorted() == ["/a|2|1", "/b|NULL|2"] })
        try bench.crash()
        try bench.append([(5, "/b", 200)])
        #expect(bench.wait { bench.ask(content).sorted() == ["/a|2|1", "/b|1|2"] })
    }
}
