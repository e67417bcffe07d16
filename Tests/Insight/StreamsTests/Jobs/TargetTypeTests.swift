import Columns
import EventLog
import SQL
import Testing

@testable import Streams

/// What a job writes into a topic that is there, and reads of one that isn't.
@Suite struct TargetTypeTests {
    private func refusal(_ bench: JobBench, _ text: String) -> SQLError? {
        do throws(SQLError) {
            try bench.jobs.submit(name: "other", text: text)
            return nil
        } catch {
            return error
        }
    }

    @Test func aTopicKeepsTheTypesOfItsColumns() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        let kept = Schema([Field("n", .int64), Field("x", .float64)])
        try bench.log.createTopic("kept", schema: kept)
        let error = try #require(refusal(bench, "INSERT INTO kept SELECT url.path AS n FROM requests"))
        #expect(error.code == .typeMismatch)
        #expect(error.message == "column n of topic kept is BIGINT, and the query gives VARCHAR")
        #expect(refusal(bench, "INSERT INTO kept SELECT CAST(1 AS DOUBLE) AS n FROM requests")?.code == .typeMismatch)
        let twice = """
            INSERT INTO fresh SELECT http.response.status_code AS n FROM requests;
            INSERT INTO fresh SELECT url.path AS n FROM requests;
            """
        #expect(refusal(bench, twice)?.message.contains("column n of topic fresh") == true)
        #expect(bench.log.topic("kept")?.schema == kept && bench.log.topic("fresh") == nil)
        let fits = "INSERT INTO kept SELECT http.response.status_code AS x, url.path AS p FROM requests"
        #expect(refusal(bench, fits) == nil)
        #expect(bench.wait { bench.log.topic("kept")?.schema.index(of: "p") != nil })
        #expect(bench.log.topic("kept")?.schema.fields.prefix(2) == kept.fields[...])
    }

    @Test func aColumnIsInsertedOnce() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        let text = "INSERT INTO x (a, a) SELECT url.path, http.response.status_code FROM requests"
        #expect(refusal(bench, text)?.message == "INSERT INTO x names column a twice")
    }

    @Test func aTopicThatIsNotThereYetIsAwaited() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        #expect(refusal(bench, "INSERT INTO seen SELECT v FROM later")?.code == .unknownTable)
        let table = "CREATE TABLE r (v DOUBLE) WITH ('topic' = 'later');"
        try bench.jobs.submit(name: "seen", text: table + "INSERT INTO seen SELECT v FROM r")
        #expect(bench.wait { bench.jobs.info("seen")?.phase == "started" })
        #expect(bench.log.topic("later")?.schema == Schema([]))
        try bench.log.widenTopic("later", with: Schema([Field("v", .int64)]))
        bench.log.append(Rows.batch([("v", .int64)], [[3]]), to: "later", durability: .commit)
        try bench.log.flush()
        #expect(bench.wait { bench.ask("SELECT v FROM seen") == ["3.0"] })
        #expect(try bench.jobs.log("seen").contains { $0.message.contains("topic later is not there yet") })
    }
}
