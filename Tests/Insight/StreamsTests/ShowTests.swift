import Columns
import SQL
import Testing

@testable import Streams

/// What SHOW says of a server's log and jobs.
@Suite struct ShowTests {
    @Test func aTopicsStatementDeclaresIt() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.append([(0, "/a", 200)])
        let statement = bench.ask("SHOW CREATE TABLE requests").joined(separator: "\n")
        #expect(statement.hasPrefix("CREATE TABLE `requests` (") && statement.contains("WATERMARK FOR `@timestamp`"))
        #expect(bench.ask(statement + "; SELECT url.path, http.response.status_code FROM requests") == ["/a|200"])
        #expect(bench.ask(statement + "; DESCRIBE requests") == bench.ask("DESCRIBE requests"))
    }

    @Test func jobsAreListed() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        #expect(bench.ask("SHOW JOBS") == [])
        try bench.jobs.submit(name: "paths", text: "INSERT INTO all_paths SELECT url.path FROM requests")
        #expect(bench.wait { bench.ask("SHOW JOBS") == ["paths|started|all_paths|NULL"] })
        #expect(bench.ask("SHOW JOBS NOT LIKE 'pat%'") == [])
    }

    @Test func whatIsInsertedIsExplainedAsAJob() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        let lines = bench.ask(
            """
            EXPLAIN INSERT INTO changes SELECT url.path FROM requests
            WHERE url.path NOT IN (SELECT url.path FROM requests WHERE http.response.status_code > 400) EMIT CHANGES
            """)
        #expect(lines.first == "Insert into changes")
        #expect(lines.contains { $0.contains("JOIN: keeps the rows of both sides, for 1 h of event time") }, "\(lines)")
    }
}
