import SQL
import Streams
import Testing

/// Sub-queries of live queries over a topic that goes on.
@Suite struct LiveSubqueryTests {
    private static let failed = "(SELECT url.path FROM requests WHERE http.response.status_code >= 500)"

    private static func ask(
        _ text: String, _ steps: [(rows: [(Double, String, Int)], expected: [String])]
    ) throws -> [[String]] {
        let bench = try LogQueryTests.Bench()
        defer { bench.stop() }
        try bench.append([(0, "/old", 500)])
        let sink = CollectingSink()
        let handle = bench.service.run(QueryRequest(text, mode: .live), sink: sink)
        _ = sink.wait(timeoutMilliseconds: 10_000) { !$0.fields.isEmpty }
        var seen: [[String]] = []
        var count = 0
        for step in steps {
            for row in step.rows { try bench.append([row]) }
            count += step.expected.count
            let wanted = count
            let answer = sink.wait(timeoutMilliseconds: 10_000) { $0.rowCount >= wanted }
            seen.append(Array(Rows.text(answer?.batches ?? []).suffix(step.expected.count)))
        }
        handle.cancel()
        #expect(sink.wait(timeoutMilliseconds: 10_000)?.error?.code == .cancelled)
        return seen
    }

    @Test func theyAreComputedOnceBeforeTheQuery() throws {
        let steps = [
            (rows: [(1.0, "/new", 500), (2, "/new", 200), (2, "/old", 200)], expected: ["/old|true"]),
            (rows: [(3, "/old", 404)], expected: ["/old|true"]),
        ]
        let text =
            "SELECT url.path, TRUE AS x FROM requests WHERE http.response.status_code < 500 "
            + "AND url.path IN \(Self.failed)"
        #expect(try Self.ask(text, steps) == steps.map(\.expected))
    }

    /// With what is stored first: `/old` failed before the query began.
    @Test func withEmitChangesTheyAreKeptUpToDate() throws {
        let text =
            "SELECT url.path, url.path IN \(Self.failed) AS x FROM requests WHERE http.response.status_code < 500 "
            + "EMIT CHANGES"
        let steps = [
            (rows: [(1.0, "/old", 200)], expected: ["+I|/old|true"]),
            (rows: [(2, "/new", 200)], expected: ["+I|/new|false"]),
            (rows: [(3, "/new", 500)], expected: ["-D|/new|false", "+I|/new|true"]),
            (rows: [(4, "/new", 503), (5, "/new", 200)], expected: ["+I|/new|true"]),
        ]
        #expect(try Self.ask(text, steps) == steps.map(\.expected))
    }

    @Test func withEmitChangesConditionsAreKeptUpToDate() throws {
        let text = "SELECT url.path FROM requests WHERE url.path IN \(Self.failed) EMIT CHANGES"
        let steps = [
            (rows: [(1.0, "/old", 200)], expected: ["+I|/old"]),
            (rows: [(2, "/new", 200), (3, "/new", 500)], expected: ["+I|/new", "+I|/new"]),
        ]
        #expect(try Self.ask(text, steps) == steps.map(\.expected))
    }
}
