import Columns
import EventLog
import Runtime
import SQL
import Testing

@testable import Streams

/// Jobs whose text is replaced: which state a statement goes on with, and what is refused before anything is touched.
@Suite struct ReplacedJobTests {
    private static let tables = table("low") + table("high")
    private static let low = statement("low", "< 300")
    private static let high = statement("high", ">= 300")

    private static func table(_ name: String) -> String {
        "CREATE TABLE \(name) (p VARCHAR, n BIGINT, PRIMARY KEY (p) NOT ENFORCED);\n"
    }

    private static func statement(_ target: String, _ condition: String) -> String {
        "INSERT INTO \(target) SELECT url.path, COUNT(*) FROM requests WHERE http.response.status_code \(condition) "
            + "GROUP BY url.path;\n"
    }

    private static func held(_ bench: JobBench, _ table: String) -> [String] {
        bench.ask(Self.table(table) + "SELECT p, n FROM \(table) ORDER BY p")
    }

    private static func isTold(_ bench: JobBench, _ text: String) throws -> Bool {
        try bench.jobs.log("job").contains { $0.message.contains(text) }
    }

    @Test(arguments: [1, 2]) func statementsComeGoAndChangePlaces(shards: Int) throws {
        let bench = try JobBench()
        defer { bench.stop() }
        let front = "SET 'parallelism.default' = '\(shards)';\n" + Self.tables
        func submit(_ statements: String) throws {
            try bench.jobs.submit(name: "job", text: front + statements, replaces: true)
        }
        try bench.append([(0, "/a", 200), (1, "/a", 200), (2, "/a", 500)])
        try submit(Self.low)
        #expect(bench.wait { Self.held(bench, "low") == ["/a|2"] })
        // One in front: it counts from the start, and takes nothing over.
        try submit(Self.high + Self.low)
        try bench.append([(3, "/a", 200), (4, "/a", 500)])
        #expect(bench.wait { Self.held(bench, "low") == ["/a|3"] && Self.held(bench, "high") == ["/a|2"] })
        #expect(try Self.isTold(bench, "INSERT INTO high is new"))
        try bench.crash()
        try bench.append([(5, "/a", 500)])
        #expect(bench.wait { Self.held(bench, "high") == ["/a|3"] })
        // The other way round.
        try submit(Self.low + Self.high)
        try bench.append([(6, "/a", 200), (7, "/a", 500)])
        #expect(bench.wait { Self.held(bench, "low") == ["/a|4"] && Self.held(bench, "high") == ["/a|4"] })
        // The first is gone, and begins anew when it is there again.
        try submit(Self.high)
        try bench.append([(8, "/a", 200), (9, "/a", 500)])
        #expect(bench.wait { Self.held(bench, "high") == ["/a|5"] })
        #expect(Self.held(bench, "low") == ["/a|4"])
        #expect(try Self.isTold(bench, "INSERT INTO low: there is no such statement any more"))
        try submit(Self.low + Self.high)
        #expect(bench.wait { Self.held(bench, "low") == ["/a|5"] })
        try bench.append([(10, "/a", 500)])
        #expect(bench.wait { Self.held(bench, "high") == ["/a|6"] })
    }

    /// Records of both orders are needed together while parts of a table still lie in the earlier one.
    @Test func recordsOfAnotherOrderAreJoined() {
        func record(_ sequence: Int64, _ targets: [String]) -> Checkpoint {
            let states = targets.enumerated().map { index, target in
                var state = OperatorState(sequence: sequence, isWhole: false)
                state.append([Rows.batch([("s", .string)], [["\(target)\(sequence)"]])], as: "rows", since: 1)
                return (key: "\(index) GROUP BY 0", state: state)
            }
            return Checkpoint(
                sequence: sequence, epoch: sequence, inputs: [], states: states,
                outputs: targets.map { .init(target: $0, firstOffset: 0, rows: .batches([])) }, counts: [:])
        }
        let joined = record(2, ["new", "b", "a"]).following(record(1, ["a", "b"]))
        let rows = joined.states.map { Rows.text($0.state.batches("rows")) }
        #expect(rows == [["new2"], ["b1", "b2"], ["a1", "a2"]])
    }

    @Test func numbersFollowTheTargets() {
        let record = Checkpoint(
            sequence: 1, epoch: 1,
            inputs: ["0.0 r", "1.0 r", "2.1 s"].map { .init(key: $0, offsets: [:], watermark: 0, latestTime: 0) },
            states: [("0 JOIN 0", OperatorState()), ("2 JOIN 0 part 1", OperatorState())],
            outputs: ["a", "b", "a", "dead letters"].map { .init(target: $0, firstOffset: 0, rows: .batches([])) },
            counts: [:])
        let other = record.renumbered(for: ["c", "a", "a"])
        #expect(other.inputs.map(\.key) == ["1.0 r", "2.1 s"])
        let keys = other.states.map { $0.key }
        #expect(keys == ["1 JOIN 0", "2 JOIN 0 part 1"])
        #expect(record.unknown(among: ["c", "a", "a"]) == [0])
        let notes = record.differences(from: ["a", "c"])
        #expect(notes.count == 2)
        #expect(notes.first?.hasPrefix("INSERT INTO a, number 2: there is no such statement") == true)
        #expect(notes.last == "statement 2: INSERT INTO c is new, and begins anew")
    }

    @Test func aTextThatCanNotRunReplacesNothing() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        let text = "INSERT INTO copies SELECT url.path FROM requests"
        try bench.jobs.submit(name: "job", text: text)
        try bench.append([(0, "/a", 200)])
        #expect(bench.wait { bench.rows(of: "copies") == 1 })
        let error = #expect(throws: SQLError.self) {
            try bench.jobs.submit(name: "job", text: text + " ORDER BY url.path", replaces: true)
        }
        #expect(error?.code == .unsupported)
        #expect(bench.jobs.info("job")?.text == text && bench.jobs.info("job")?.phase == "started")
        try bench.append([(1, "/b", 200)])
        #expect(bench.wait { bench.rows(of: "copies") == 2 })
    }

    @Test func aChangedFilterIsTold() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.append([(0, "/a", 200), (1, "/a", 500)])
        try bench.jobs.submit(name: "job", text: Self.tables + Self.low + Self.high)
        #expect(bench.wait { Self.held(bench, "low") == ["/a|1"] && Self.held(bench, "high") == ["/a|1"] })
        let changed = Self.tables + Self.low + Self.high.replacing(">= 300", with: ">= 100")
        try bench.jobs.submit(name: "job", text: changed, replaces: true)
        try bench.append([(2, "/a", 200)])
        #expect(bench.wait { Self.held(bench, "low") == ["/a|2"] && Self.held(bench, "high") == ["/a|2"] })
        #expect(try Self.isTold(bench, "statement 2: INSERT INTO high is changed"))
        #expect(try !Self.isTold(bench, "statement 1: INSERT INTO low is changed"))
    }

    @Test func aSavepointIsKeptAndGoneBackToAlone() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.jobs.submit(name: "job", text: "INSERT INTO copies SELECT url.path FROM requests")
        #expect(bench.wait { bench.jobs.info("job")?.phase == "started" })
        try bench.jobs.savepoint("job", label: "s")
        #expect(bench.wait { bench.jobs.info("job")?.savepoints == ["s"] })
        let again = #expect(throws: SQLError.self) { try bench.jobs.savepoint("job", label: "s") }
        #expect(again?.code == .jobState)
        let last = #expect(throws: SQLError.self) { try bench.jobs.stop("job", savepoint: "s") }
        #expect(last?.code == .jobState)
        #expect(bench.jobs.info("job")?.phase == "started")
        try bench.jobs.stop("job")
        #expect(bench.wait { bench.jobs.info("job")?.phase == "stopped" })
        var anew = JobStart()
        anew.rewindsInputs = true
        let both = #expect(throws: SQLError.self) { try bench.jobs.restart("job", savepoint: "s", start: anew) }
        #expect(both?.code == .invalidQuery)
        #expect(bench.jobs.info("job")?.phase == "stopped")
        try bench.jobs.restart("job", savepoint: "s")
        #expect(bench.wait { bench.jobs.info("job")?.phase == "started" })
    }
}
