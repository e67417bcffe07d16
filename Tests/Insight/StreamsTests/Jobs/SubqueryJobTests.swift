import Runtime
import SQL
import Testing

@testable import Streams

/// Jobs that keep the sub-queries of their conditions up to date.
@Suite struct SubqueryJobTests {
    static let declaration = "CREATE TABLE sound (path VARCHAR, n BIGINT, PRIMARY KEY (path) NOT ENFORCED)"
    /// The paths that have never failed, of those that were asked for more than twice.
    static let job =
        declaration + """
             AS SELECT url.path, COUNT(*) FROM requests
            WHERE url.path NOT IN (SELECT url.path FROM requests WHERE http.response.status_code >= 500)
              AND url.path IN (SELECT url.path FROM requests GROUP BY url.path HAVING COUNT(*) > 2)
            GROUP BY url.path
            """
    static let content = declaration + "; SELECT path, n FROM sound"

    static func expected(_ rows: [(Double, String, Int)]) -> [String] {
        var counts: [String: Int] = [:]
        for (_, path, _) in rows { counts[path, default: 0] += 1 }
        let broken = Set(rows.filter { $0.2 >= 500 }.map(\.1))
        return counts.filter { $0.value > 2 && !broken.contains($0.key) }.map { "\($0.key)|\($0.value)" }.sorted()
    }

    /// Paths by number; those that are divisible by three fail now and then, some late.
    static func requests(_ range: Range<Int>) -> [(Double, String, Int)] {
        range.map { index in
            let path = index * 7 % 13
            return (Double(index), "/\(path)", path % 3 == 0 && index % 5 == 4 ? 503 : 200)
        }
    }

    @Test(arguments: 0..<4 as Range<UInt64>) func acrossCrashesTheTableHoldsTheResult(seed: UInt64) throws {
        var random = Random(seed: seed)
        let bench = try JobBench(seed: seed)
        defer { bench.stop() }
        _ = bench.jobs.start()
        try bench.jobs.submit(name: "sound", text: Self.job)
        var sent = 0
        for _ in 0..<4 {
            let count = 1 + random.below(30)
            try bench.append(Self.requests(sent..<sent + count))
            sent += count
            if random.chance(0.5) { _ = bench.wait { random.chance(0.2) } }
            if random.chance(0.4) { try bench.crash() }
        }
        let expected = Self.expected(Self.requests(0..<sent))
        #expect(bench.wait { bench.ask(Self.content).sorted() == expected }, "seed \(seed)")
        // The table may hold the result before the job that a crash stopped is there again.
        #expect(bench.wait { bench.jobs.info("sound")?.phase == "started" }, "seed \(seed)")
    }

    @Test func aValueIsKeptUpToDate() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        let declared = "CREATE TABLE late (path VARCHAR, behind BIGINT, PRIMARY KEY (path) NOT ENFORCED);"
        try bench.jobs.submit(
            name: "late",
            text: declared + """
                INSERT INTO late SELECT path, (SELECT MAX(http.response.status_code) FROM requests) - status
                FROM (SELECT url.path AS path, MAX(http.response.status_code) AS status FROM requests GROUP BY url.path)
                """)
        let content = declared + "SELECT path, behind FROM late"
        try bench.append([(0, "/a", 200), (1, "/b", 300)])
        #expect(bench.wait { bench.ask(content).sorted() == ["/a|100", "/b|0"] })
        try bench.append([(2, "/c", 500), (3, "/a", 404)])
        #expect(bench.wait { bench.ask(content).sorted() == ["/a|96", "/b|200", "/c|0"] })
    }

    @Test func aMarkIsKeptUpToDate() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        let declared = "CREATE TABLE marked (path VARCHAR, failed BOOLEAN, PRIMARY KEY (path) NOT ENFORCED); "
        let failed = "(SELECT url.path FROM requests WHERE http.response.status_code >= 500)"
        try bench.jobs.submit(
            name: "marks",
            text: declared + "INSERT INTO marked SELECT url.path, url.path IN \(failed) FROM requests")
        let content = declared + "SELECT path, failed FROM marked"
        try bench.append([(0, "/a", 200), (1, "/b", 500)])
        #expect(bench.wait { bench.ask(content).sorted() == ["/a|false", "/b|true"] })
        try bench.append([(7_300, "/a", 503)])
        #expect(bench.wait { bench.ask(content).sorted() == ["/a|true", "/b|true"] })
        // Two hours of event time later the list is what it was.
        try bench.append([(14_600, "/b", 200), (14_601, "/c", 200)])
        #expect(bench.wait { bench.ask(content).sorted() == ["/a|true", "/b|true", "/c|false"] })
    }

    @Test func whatCantBeKeptIsRefused() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        let text =
            "INSERT INTO x SELECT COUNT(*) AS n, (SELECT COUNT(*) FROM requests) AS all_of_them FROM requests EMIT CHANGES"
        let error = #expect(throws: SQLError.self) { try bench.jobs.submit(name: "beside", text: text) }
        #expect(error?.suggestion?.contains("group in a sub-query") == true)
    }
}
