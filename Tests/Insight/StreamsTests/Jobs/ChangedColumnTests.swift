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
}
