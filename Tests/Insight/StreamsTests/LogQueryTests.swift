import Columns
import EventLog
import Glibc
import Runtime
import SQL
import Synchronization
import Testing

@testable import Streams

/// Queries over the event log: stored, live, and the one followed by the other.
@Suite struct LogQueryTests {
    static let schema = Schema([
        Field("@timestamp", .timestamp), Field("url.path", .string), Field("http.response.status_code", .int64),
    ])
    static let start: Int64 = 1_700_000_000_000_000

    /// A log in memory with a topic `requests`, and a service over it.
    struct Bench {
        let clock = ManualClock(start: LogQueryTests.start)
        let log: EventLog
        let service: QueryService

        init(limits: QueryLimits = QueryLimits()) throws {
            var limits = limits
            limits.tickMilliseconds = 5
            log = try EventLog.open(EventLogOptions(folder: "/log"), storage: SimulatedStorage(seed: 1), clock: clock)
            try log.createTopic("requests", schema: LogQueryTests.schema)
            service = QueryService(log: log, clock: clock, limits: limits)
        }

        func stop() {
            service.stop()
            log.close()
        }

        /// Appends rows of (seconds after the start, path, status).
        func append(_ rows: [(Double, String, Int)]) throws {
            let batch = Rows.batch(
                LogQueryTests.schema.fields.map { ($0.name, $0.type) },
                rows.map { [Int(LogQueryTests.start) + Int($0.0 * 1e6), $0.1, $0.2] })
            log.append(batch, to: "requests")
            try log.flush()
        }

        func ask(_ text: String, _ change: (inout QueryRequest) -> Void = { _ in }) -> CollectingSink.Answer {
            var request = QueryRequest(text)
            change(&request)
            let sink = CollectingSink()
            service.run(request, sink: sink)
            return sink.wait(timeoutMilliseconds: 30_000) ?? CollectingSink.Answer()
        }
    }

    @Test func aLargeBatchIsGivenInPiecesAsTheSinkTakesThem() throws {
        let bench = try Bench()
        defer { bench.stop() }
        try bench.append((0..<5_000).map { (Double($0), "/", 200) })
        let sink = HesitantSink()
        let handle = bench.service.run(QueryRequest("SELECT url.path FROM requests"), sink: sink)
        for _ in 0..<20_000 where !sink.state.withLock({ $0.isFinished }) {
            handle.resume()
            usleep(1_000)
        }
        let state = sink.state.withLock { $0 }
        #expect(state.isFinished)
        #expect(state.pieces.reduce(0, +) == 5_000)
        #expect(state.pieces.allSatisfy { $0 <= 1_024 })
    }

    @Test func metadataTellsWhereARowLies() throws {
        let bench = try Bench()
        defer { bench.stop() }
        try bench.append([(0, "/a", 200), (1, "/b", 404)])
        try bench.append([(2, "/c", 200)])
        let table = """
            CREATE TABLE r (url.path VARCHAR, `offset` BIGINT METADATA VIRTUAL, part INT METADATA FROM 'partition',
              topic VARCHAR METADATA, at TIMESTAMP(3) METADATA FROM 'timestamp') WITH ('topic' = 'requests');
            """
        let rows = Rows.text(bench.ask(table + "SELECT url.path, `offset`, part, topic, at FROM r ORDER BY 2").batches)
        let start = Self.start
        #expect(
            rows == [
                "/a|0|0|requests|\(start)", "/b|1|0|requests|\(start + 1_000_000)",
                "/c|2|0|requests|\(start + 2_000_000)",
            ])
        let counted = bench.ask(table + "SELECT MAX(`offset`), COUNT(*) FROM r WHERE part = 0 AND `offset` > 0")
        #expect(Rows.text(counted.batches) == ["2|2"])
        let live = bench.ask(table + "SELECT `offset`, url.path FROM r LIMIT 3") { $0.mode = .storedThenLive }
        #expect(Rows.text(live.batches) == ["0|/a", "1|/b", "2|/c"])
    }

    @Test(arguments: [
        ("key VARCHAR METADATA", "no property 'key'"), ("`offset` VARCHAR METADATA", "'offset' is BIGINT"),
    ])
    func metadataThatThereIsNotIsRefused(_ column: String, _ message: String) throws {
        let bench = try Bench()
        defer { bench.stop() }
        let text = "CREATE TABLE r (url.path VARCHAR, \(column)) WITH ('topic' = 'requests'); SELECT * FROM r"
        let error = try #require(bench.ask(text).error)
        #expect(error.message.contains(message), "\(error)")
        #expect(error.line == 1)
    }

    @Test func aSilenceIsALengthOfTime() throws {
        let bench = try Bench()
        defer { bench.stop() }
        let text = """
            CREATE TABLE r (url.path VARCHAR) WITH ('topic' = 'requests', 'scan.watermark.idle-timeout' = 'soon');
            """
        #expect(bench.ask(text + "SELECT * FROM r").error?.message.contains("'soon' is no length of time") == true)
    }

    @Test func eventTimeCanBeComputed() throws {
        let bench = try Bench()
        defer { bench.stop() }
        try bench.append([(0, "2023-11-14 22:12:51", 200), (1, "2023-11-14 22:12:52", 200)])
        let table = """
            CREATE TABLE requests (url.path VARCHAR, time AS TO_TIMESTAMP(url.path), WATERMARK FOR time AS time);
            """
        let windows = """
            SELECT window_end, COUNT(*) FROM TABLE(TUMBLE(TABLE requests, DESCRIPTOR(time), INTERVAL '10' SECOND))
            GROUP BY window_start, window_end LIMIT 1
            """
        let sink = CollectingSink()
        let handle = bench.service.run(QueryRequest(table + windows, mode: .storedThenLive), sink: sink)
        try bench.append([(2, "2023-11-14 22:13:01", 200), (3, "2023-11-14 22:13:02", 200)])
        let answer = sink.wait(timeoutMilliseconds: 30_000)
        handle.cancel()
        #expect(answer.map { Rows.text($0.batches) } == ["\(1_699_999_980_000_000)|2"])
        let ranged = bench.ask(table + "SELECT url.path FROM requests") { $0.from = 1_699_999_972_000_000 }
        #expect(ranged.error == nil)
        #expect(Rows.text(ranged.batches).first == "2023-11-14 22:12:52")
    }

    @Test func explainTellsOfTheTimesAndTheWatermark() throws {
        let bench = try Bench()
        defer { bench.stop() }
        try bench.append([(0, "/a", 200)])
        let text = "EXPLAIN SELECT url.path FROM requests WHERE `@timestamp` >= '2023-11-14 22:13:20'"
        let stored = Rows.text(bench.ask(text).batches)
        #expect(stored.contains("  read requests (topic): columns @timestamp, url.path"))
        #expect(stored.contains("    only frames with times from 2023-11-14 22:13:20"))
        let windows = """
            EXPLAIN SELECT window_start, COUNT(*) FROM TABLE(TUMBLE(TABLE requests, DESCRIPTOR(`@timestamp`),
            INTERVAL '10' SECOND)) GROUP BY window_start, window_end
            """
        let live = Rows.text(bench.ask(windows) { $0.mode = .live }.batches)
        #expect(live.contains("    live; watermark: the latest @timestamp less 1 s"))
        #expect(
            live.contains("    GROUP BY: keeps a state a window of 10 s, until the watermark has passed its end"))
        #expect(bench.ask("SHOW TABLES").error == nil)
        #expect(Rows.text(bench.ask("SHOW TABLES").batches) == ["requests|topic"])
        let refused = bench.ask("EXPLAIN SELECT * FROM requests ORDER BY url.path") { $0.mode = .live }
        #expect(refused.error?.code == .unsupported)
        let changes = Rows.text(
            bench.ask("EXPLAIN SELECT url.path, COUNT(*) FROM requests GROUP BY url.path") { $0.mode = .live }.batches)
        #expect(changes.contains("Answer: changes of rows (op), by key (url.path)"))
        #expect(changes.contains("    GROUP BY: keeps a state a group, for good"))
    }

    @Test func storedQueriesReadTheTopic() throws {
        let bench = try Bench()
        defer { bench.stop() }
        try bench.append([(0, "/a", 200), (1, "/b", 404)])
        try bench.append([(2, "/a", 200), (3, "/c", 500)])
        #expect(Rows.text(bench.ask("SELECT count(*) FROM requests").batches) == ["4"])
        let rows = bench.ask("SELECT url.path, http.response.status_code FROM requests")
        #expect(Rows.text(rows.batches) == ["/a|200", "/b|404", "/a|200", "/c|500"])
        #expect(rows.fields.map(\.name) == ["url.path", "http.response.status_code"])
        #expect(rows.statistics.rowsRead == 4)
        let grouped = bench.ask("SELECT url.path, count(*) AS n FROM requests GROUP BY 1 ORDER BY n DESC, 1 LIMIT 2")
        #expect(Rows.text(grouped.batches) == ["/a|2", "/b|1"])
    }

    @Test func aTimeRangeLeavesOutRows() throws {
        let bench = try Bench()
        defer { bench.stop() }
        try bench.append((0..<100).map { (Double($0), "/\($0)", 200) })
        let range = bench.ask("SELECT url.path FROM requests") {
            $0.from = Self.start + 10_000_000
            $0.to = Self.start + 13_000_000
        }
        #expect(Rows.text(range.batches) == ["/10", "/11", "/12"])
        let count = bench.ask("SELECT count(*) FROM requests") { $0.from = Self.start + 90_000_000 }
        #expect(Rows.text(count.batches) == ["10"])
    }

    @Test func liveRowsStreamAsTheyHappen() throws {
        let bench = try Bench()
        defer { bench.stop() }
        try bench.append([(0, "/before", 500)])
        let sink = CollectingSink()
        let query = QueryRequest(
            "SELECT url.path FROM requests WHERE http.response.status_code >= 500", mode: .live)
        let handle = bench.service.run(query, sink: sink)
        _ = sink.wait(timeoutMilliseconds: 10_000) { !$0.fields.isEmpty }
        try bench.append([(1, "/ok", 200), (1, "/bad", 500)])
        try bench.append([(2, "/worse", 503)])
        let answer = sink.wait(timeoutMilliseconds: 10_000) { $0.rowCount >= 2 }
        #expect(Rows.text(answer?.batches ?? []) == ["/bad", "/worse"])
        handle.cancel()
        let end = sink.wait(timeoutMilliseconds: 10_000)
        #expect(end?.error?.code == .cancelled)
        #expect(bench.service.runningQueries == 0)
    }

    @Test func aLiveQueryEndsAtItsLimit() throws {
        let bench = try Bench()
        defer { bench.stop() }
        let sink = CollectingSink()
        bench.service.run(QueryRequest("SELECT url.path FROM requests LIMIT 3", mode: .live), sink: sink)
        _ = sink.wait(timeoutMilliseconds: 10_000) { !$0.fields.isEmpty }
        for index in 0..<5 { try bench.append([(0, "/\(index)", 200)]) }
        let answer = sink.wait(timeoutMilliseconds: 10_000)
        #expect(answer?.error == nil)
        #expect(Rows.text(answer?.batches ?? []) == ["/0", "/1", "/2"])
    }

    static let windowed =
        "SELECT window_start, url.path, count(*) AS n FROM TABLE(TUMBLE(TABLE requests, DESCRIPTOR(`@timestamp`), "
        + "INTERVAL '10' SECOND)) GROUP BY window_start, window_end, url.path"

    @Test func liveWindowsCloseWithTheClockInSilence() throws {
        let bench = try Bench()
        defer { bench.stop() }
        let sink = CollectingSink()
        bench.service.run(QueryRequest(Self.windowed, mode: .live), sink: sink)
        _ = sink.wait(timeoutMilliseconds: 10_000) { !$0.fields.isEmpty }
        try bench.append([(0.1, "/a", 200), (0.2, "/a", 200)])
        // The window ends at 10 s; the watermark runs 1 s behind, and starts from when the query has seen the rows.
        var answer: CollectingSink.Answer?
        for _ in 0..<500 where answer == nil {
            bench.clock.advance(microseconds: 1_000_000)
            answer = sink.wait(timeoutMilliseconds: 20) { $0.rowCount > 0 }
        }
        #expect(bench.clock.now() >= Self.start + 11_000_000 - 200_000, "not before its time")
        #expect(Rows.text(answer?.batches ?? []) == ["\(Self.start)|/a|2"])
        // What comes for it now is late, and said to be.
        try bench.append([(3, "/late", 200), (13, "/b", 200)])
        let report = sink.wait(timeoutMilliseconds: 10_000) { $0.statistics.lateRows >= 1 }
        #expect(report != nil)
    }

    @Test func storedThenLiveHasNoGapAndNoRepetition() throws {
        let bench = try Bench()
        defer { bench.stop() }
        let count = 400
        for index in 0..<count / 2 { try bench.append([(Double(index), "/\(index)", 200)]) }
        let sink = CollectingSink()
        let request = QueryRequest("SELECT url.path FROM requests", mode: .storedThenLive)
        // Appends go on while the query changes over.
        let log = bench.log
        let writer = Monitor(false)
        Thread.start(name: "writer") {
            for index in count / 2..<count {
                let batch = Rows.batch(
                    LogQueryTests.schema.fields.map { ($0.name, $0.type) },
                    [[Int(LogQueryTests.start) + index * 1_000_000, "/\(index)", 200]])
                log.append(batch, to: "requests")
            }
            writer.update { $0 = true }
        }
        bench.service.run(request, sink: sink)
        _ = writer.wait { $0 ? true : nil }
        let answer = sink.wait(timeoutMilliseconds: 20_000) { $0.rowCount >= count }
        #expect(Rows.text(answer?.batches ?? []) == (0..<count).map { "/\($0)" })
    }

    @Test func errorsReachTheSink() throws {
        let bench = try Bench()
        defer { bench.stop() }
        #expect(bench.ask("SELECT nothing FROM requests").error?.code == .unknownColumn)
        #expect(bench.ask("SELECT 1 FROM elsewhere").error?.code == .unknownTable)
        #expect(bench.ask("SELEC 1").error?.code == .syntax)
        #expect(bench.ask("").error != nil)
        let live = bench.ask("SELECT * FROM requests ORDER BY url.path") { $0.mode = .live }
        #expect(live.error?.code == .unsupported)
    }

    @Test func rowsAreCutAtTheCap() throws {
        let bench = try Bench()
        defer { bench.stop() }
        try bench.append((0..<100).map { (Double($0), "/\($0)", 200) })
        let answer = bench.ask("SELECT url.path FROM requests") { $0.maximumRows = 7 }
        #expect(answer.rowCount == 7)
        #expect(answer.statistics.isCut)
    }

    @Test func tooManyQueriesAreRefused() throws {
        var limits = QueryLimits()
        limits.concurrentQueries = 1
        let bench = try Bench(limits: limits)
        defer { bench.stop() }
        let sink = CollectingSink()
        let handle = bench.service.run(QueryRequest("SELECT * FROM requests", mode: .live), sink: sink)
        #expect(bench.ask("SELECT 1").error?.code == .overloaded)
        // Who bounds them itself goes on, and takes nobody's place.
        let other = CollectingSink()
        bench.service.run(QueryRequest("SELECT 2"), sink: other, isAdmitted: true)
        #expect(Rows.text(other.wait(timeoutMilliseconds: 10_000)?.batches ?? []) == ["2"])
        #expect(bench.ask("SELECT 1").error?.code == .overloaded)
        handle.cancel()
        _ = sink.wait(timeoutMilliseconds: 10_000)
        #expect(Rows.text(bench.ask("SELECT 1").batches) == ["1"])
    }

    @Test func aSlowReaderLosesRowsAndIsTold() throws {
        var limits = QueryLimits()
        limits.liveQueueBatches = 4
        let bench = try Bench(limits: limits)
        defer { bench.stop() }
        let sink = StubbornSink()
        let handle = bench.service.run(QueryRequest("SELECT url.path FROM requests", mode: .live), sink: sink)
        _ = sink.wait { $0.isStarted }
        for index in 0..<50 { try bench.append([(0, "/\(index)", 200)]) }
        let state = sink.wait { $0.droppedRows > 0 }
        #expect(state?.rows == 1, "nothing comes while the sink wants nothing")
        handle.resume()
        #expect(sink.wait { $0.rows > 1 } != nil)
        handle.cancel()
        #expect(sink.wait { $0.isFinished } != nil)
    }
}

/// Takes one batch, then nothing until resumed.
final class StubbornSink: QuerySink {
    struct State: Sendable {
        var isStarted = false
        var rows = 0
        var droppedRows = 0
        var isFinished = false
    }

    private let state = Monitor(State())

    func start(_ fields: [PlanField]) { state.update { $0.isStarted = true } }

    func receive(_ batch: Batch) -> Bool {
        state.update { $0.rows += batch.rowCount }
        return false
    }

    func report(_ statistics: QueryStatistics) { state.update { $0.droppedRows = statistics.droppedRows } }
    func finish(_ result: Result<QueryStatistics, SQLError>) { state.update { $0.isFinished = true } }

    func wait(_ condition: (State) -> Bool) -> State? {
        state.wait(timeoutNanoseconds: 10_000_000_000) { condition($0) ? $0 : nil }
    }

}

/// Takes a piece, and wants no more until it is asked to go on.
private final class HesitantSink: QuerySink {
    struct State {
        var pieces: [Int] = []
        var isFinished = false
    }

    let state = Mutex(State())

    func start(_ fields: [PlanField]) {}

    func receive(_ batch: Batch) -> Bool {
        state.withLock { $0.pieces.append(batch.rowCount) }
        return false
    }

    func finish(_ result: Result<QueryStatistics, SQLError>) { state.withLock { $0.isFinished = true } }
}
