import Columns
import EventLog
import SQL
import Streams
import Testing

/// A topic's columns get other types while a job reads them.
@Suite struct ChangedColumnTests {
    @Test func integersThatHaveBecomeDoublesAreReadOn() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.append([(1, "/a", 200)])
        try bench.jobs.submit(
            name: "seen", text: "INSERT INTO seen SELECT url.path, http.response.status_code AS s FROM requests")
        #expect(bench.wait { bench.jobs.info("seen")?.progress.rowsIn == 1 })
        var fields = JobBench.schema.fields
        fields[2].type = .float64
        try bench.log.widenTopic("requests", with: Schema(fields))
        let rows: [[Any?]] = [
            [JobBench.start, "/b", 201.0], [JobBench.start, "/c", 2.5], [JobBench.start, "/d", nil],
        ]
        bench.log.append(
            Rows.batch(fields.map { ($0.name, $0.type) }, rows), to: "requests", durability: .commit)
        try bench.log.flush()
        #expect(bench.wait { bench.jobs.info("seen")?.progress.rowsIn == 4 })
        let sink = CollectingSink()
        #expect(bench.wait { bench.log.topic("seen")?.partitions[0].nextOffset == 4 })
        bench.queries.run(QueryRequest("SELECT url.path, s FROM seen"), sink: sink)
        let answer = sink.wait(timeoutMilliseconds: 20_000)
        #expect(Rows.text(answer?.batches ?? []) == ["/a|200", "/b|201", "/c|NULL", "/d|NULL"])
        let lines = try bench.jobs.log("seen").map(\.message)
        #expect(
            lines.filter { $0.contains("status_code of requests has become float64, and the job reads int64") }.count
                == 1)
    }

    private static let widened = JobBench.schema.fields.map { field in
        Field(field.name, field.type == .int64 ? .float64 : field.type)
    }

    private func append(_ values: [Double], to bench: JobBench) throws {
        let rows: [[Any?]] = values.map { [JobBench.start, "/x", $0] }
        bench.log.append(
            Rows.batch(Self.widened.map { ($0.name, $0.type) }, rows), to: "requests", durability: .commit)
        try bench.log.flush()
    }

    private func restart(_ bench: JobBench) throws {
        try bench.jobs.stop("seen")
        #expect(bench.wait { bench.jobs.info("seen")?.phase == "stopped" })
        try bench.jobs.restart("seen")
    }

    @Test(arguments: [("BIGINT", ["200", "NULL", "3"]), ("DOUBLE", ["200.0", "2.5", "3.0"])])
    func declaredColumnsGoOnAsTheyAreDeclared(_ type: String, _ expected: [String]) throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.append([(1, "/a", 200)])
        let text = """
            CREATE TABLE r (http.response.status_code \(type)) WITH ('topic' = 'requests');
            INSERT INTO seen SELECT http.response.status_code AS s FROM r
            """
        try bench.jobs.submit(name: "seen", text: text)
        #expect(bench.wait { bench.rows(of: "seen") == 1 })
        try bench.log.widenTopic("requests", with: Schema(Self.widened))
        try append([2.5], to: bench)
        #expect(bench.wait { bench.rows(of: "seen") == 2 })
        try restart(bench)
        try append([3], to: bench)
        #expect(bench.wait { bench.rows(of: "seen") == 3 })
        #expect(bench.ask("SELECT s FROM seen") == expected)
        #expect(bench.jobs.info("seen")?.restarts == 0)
    }

    @Test func whatCannotBeReadAnyMoreIsNotTriedAgain() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        let text = """
            CREATE TABLE r (url.path STRING, extra BOOLEAN) WITH ('topic' = 'requests');
            INSERT INTO seen SELECT url.path, extra FROM r
            """
        try bench.jobs.submit(name: "seen", text: text)
        #expect(bench.wait { bench.jobs.info("seen")?.phase == "started" })
        try bench.log.widenTopic("requests", with: Schema([Field("extra", .int64)]))
        try restart(bench)
        #expect(bench.wait { bench.jobs.info("seen")?.phase == "failed" })
        let info = try #require(bench.jobs.info("seen"))
        let message = "declared as BOOLEAN, and topic requests has BIGINT"
        #expect(info.restarts == 0 && info.failure?.contains(message) == true)
    }
}
