import Columns
import EventLog
import Foundation
import Runtime
import SQL
import Synchronization
import Testing

@testable import Streams

@Suite struct LookupJobTests {
    private static let owners = Schema([Field("path", .string), Field("owner", .string), Field("level", .int64)])

    private static func append(_ bench: JobBench, _ rows: [[Any?]]) throws {
        let batch = Rows.batch(owners.fields.map { ($0.name, $0.type) }, rows)
        bench.log.append(batch, to: "owners", durability: .commit)
        try bench.log.flush()
    }

    private static let byTopic = """
        CREATE TABLE requests (proc_time AS PROCTIME());
        CREATE TABLE owners (path STRING, owner STRING, level BIGINT, PRIMARY KEY (path) NOT ENFORCED)
          WITH ('topic' = 'owners');
        INSERT INTO named SELECT r.url.path AS path, o.owner AS owner
        FROM requests AS r LEFT JOIN owners FOR SYSTEM_TIME AS OF r.proc_time AS o ON r.url.path = o.path
        """

    @Test func aTopicIsATableByItsKey() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.log.createTopic("owners", schema: Self.owners)
        // The table is read before the stream, however long it is.
        try Self.append(bench, (0..<9_000).map { ["/x\($0)", "nobody", 1] } + [["/a", "ann", 1], ["/b", "bob", 2]])
        try bench.append([(1, "/a", 200), (2, "/b", 200), (3, "/c", 200)])
        try bench.jobs.submit(name: "named", text: Self.byTopic)
        #expect(bench.wait { bench.rows(of: "named") == 3 })
        let ask = "SELECT path, owner FROM named"
        #expect(bench.ask(ask) == ["/a|ann", "/b|bob", "/c|NULL"])
        // A later row of a key, one without values, and a crash in between.
        try Self.append(bench, [["/a", "amy", nil], ["/b", nil, nil], ["/c", "cid", 3]])
        #expect(bench.wait { bench.jobs.info("named")?.progress.rowsIn == 9_008 })
        try bench.append([(4, "/a", 200)])
        #expect(bench.wait { bench.rows(of: "named") == 4 })
        try bench.crash()
        try bench.append([(5, "/b", 200), (6, "/c", 200), (7, "/a", 200), (8, "/x7", 200)])
        #expect(bench.wait { bench.rows(of: "named") == 8 })
        #expect(bench.ask(ask).suffix(5) == ["/a|amy", "/b|NULL", "/c|cid", "/a|amy", "/x7|nobody"])
    }

    @Test func rowsThatSayThatTheyDeleteDo() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        let schema = Schema(Self.owners.fields + [Field("row.op", .string)])
        try bench.log.createTopic("owners", schema: schema)
        func put(_ rows: [[Any?]]) throws {
            bench.log.append(
                Rows.batch(schema.fields.map { ($0.name, $0.type) }, rows), to: "owners", durability: .commit)
            try bench.log.flush()
        }
        try put([["/a", "ann", 1, "upsert"], ["/b", "bob", 2, nil], ["/a", "ann", 1, "delete"]])
        try bench.jobs.submit(name: "named", text: Self.byTopic)
        try bench.append([(1, "/a", 200), (2, "/b", 200)])
        #expect(bench.wait { bench.rows(of: "named") == 2 })
        #expect(bench.ask("SELECT path, owner FROM named") == ["/a|NULL", "/b|bob"])
    }

    @Test func rowsAndPairsThatCantBeComputedAreSetAside() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.log.createTopic("owners", schema: Self.owners)
        try Self.append(bench, [["1", "ann", 1], ["-1", "bob", 0]])
        try bench.jobs.submit(
            name: "named",
            text: """
                CREATE TABLE owners (path STRING, owner STRING, level BIGINT, PRIMARY KEY (path) NOT ENFORCED)
                  WITH ('topic' = 'owners');
                INSERT INTO named SELECT r.url.path AS path, o.owner AS owner
                FROM requests AS r LEFT JOIN owners FOR SYSTEM_TIME AS OF PROCTIME() AS o
                ON CAST(100 / (r.http.response.status_code - 500) AS VARCHAR) = o.path AND 10 / o.level > 5
                """)
        try bench.append([(1, "/a", 600), (2, "/b", 500), (3, "/c", 400), (4, "/d", 700)])
        #expect(bench.wait { bench.rows(of: "named") == 3 && bench.rows(of: "dead-letters") == 2 })
        #expect(bench.ask("SELECT path, owner FROM named ORDER BY path") == ["/a|ann", "/c|NULL", "/d|NULL"])
        #expect(
            bench.ask("SELECT error.code, dead_letter.step FROM `dead-letters` ORDER BY 2")
                == ["division_by_zero|ON of LOOKUP JOIN", "division_by_zero|the keys of LOOKUP JOIN"])
        #expect(bench.jobs.info("named")?.phase == "started")
    }

    @Test func aTopicWithoutAKeyIsRefused() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.log.createTopic("owners", schema: Self.owners)
        let text = """
            INSERT INTO named SELECT r.url.path FROM requests AS r
            JOIN owners FOR SYSTEM_TIME AS OF PROCTIME() AS o ON r.url.path = o.path
            """
        let error = #expect(throws: SQLError.self) { try bench.jobs.submit(name: "named", text: text) }
        #expect(error?.message.contains("it needs a key") == true)
        #expect(bench.jobs.info("named") == nil)
    }

    @Test func aFileIsReadAgainWhenItHasChanged() throws {
        let path = NSTemporaryDirectory() + "owners-\(UInt64.random(in: 0 ... .max)).csv"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data("path,owner\n/a,ann\n".utf8).write(to: URL(fileURLWithPath: path))
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.jobs.submit(
            name: "named",
            text: """
                CREATE TABLE owners (path STRING, owner STRING) WITH ('path' = '\(path)',
                  'lookup.full-cache.periodic-reload.interval' = '1 s');
                INSERT INTO named SELECT r.url.path AS path, o.owner AS owner
                FROM requests AS r LEFT JOIN owners FOR SYSTEM_TIME AS OF PROCTIME() AS o ON r.url.path = o.path
                """, allowsFiles: true)
        try bench.append([(1, "/a", 200), (2, "/b", 200)])
        #expect(bench.wait { bench.rows(of: "named") == 2 })
        #expect(bench.ask("SELECT path, owner FROM named") == ["/a|ann", "/b|NULL"])
        try Data("path,owner\n/a,amelia\n/b,bob\n".utf8).write(to: URL(fileURLWithPath: path))
        var sent = 2
        // It is looked at each second of the clock.
        #expect(
            try bench.wait {
                bench.clock.advance(microseconds: 1_000_000)
                try bench.append([(Double(sent + 1), "/b", 200)])
                sent += 1
                return bench.ask("SELECT owner FROM named WHERE owner = 'bob' LIMIT 1") == ["bob"]
            })
        // A file that is gone for a time takes nothing away.
        try FileManager.default.removeItem(atPath: path)
        bench.clock.advance(microseconds: 10_000_000)
        try bench.append([(100, "/a", 200)])
        sent += 1
        #expect(bench.wait { bench.rows(of: "named") == sent })
        #expect(bench.ask("SELECT owner FROM named WHERE path = '/a'").last == "amelia")
        #expect(bench.jobs.info("named")?.phase == "started")
    }

    private static func byRequest(_ options: String = "", kind: String = "LEFT JOIN") -> String {
        """
        CREATE TABLE owners (path STRING, owner STRING, level BIGINT)
          WITH ('connector' = 'http', 'url' = 'http://owners.test/of?path={path}'\(options));
        INSERT INTO named SELECT r.url.path AS path, o.owner AS owner, o.level AS level
        FROM requests AS r \(kind) owners FOR SYSTEM_TIME AS OF PROCTIME() AS o ON r.url.path = o.path
        """
    }

    private static func answer(_ request: OutboundRequest) -> ScriptedSender.Answer {
        switch request.url.target {
        case "/of?path=%2Fa": ScriptedSender.response(200, #"{"owner":"ann","level":1,"path":"ignored"}"#)
        case "/of?path=%2Fb": ScriptedSender.response(200, "[{\"owner\":\"bob\"},\n {\"owner\":\"ben\",\"level\":2}]")
        default: ScriptedSender.response(404)
        }
    }

    @Test func requestsAnswerInAnyOrderAndRowsKeepTheirs() throws {
        let sender = ScriptedSender { request, _ in Self.answer(request) }
        let bench = try JobBench(http: sender)
        defer { bench.stop() }
        sender.hold()
        try bench.append([(1, "/b", 200), (2, "/c", 200), (3, "/a", 200), (4, "/b", 200)])
        try bench.jobs.submit(name: "named", text: Self.byRequest(), allowsFiles: true)
        #expect(bench.wait { sender.heldCount == 3 }, "each key once")
        try bench.append([(5, "/a", 200)])
        sender.release()
        #expect(bench.wait { bench.rows(of: "named") == 7 })
        #expect(
            bench.ask("SELECT path, owner, level FROM named") == [
                "/b|bob|NULL", "/b|ben|2", "/c|NULL|NULL", "/a|ann|1", "/b|bob|NULL", "/b|ben|2", "/a|ann|1",
            ])
    }

    @Test func aCacheSparesRequests() throws {
        let sender = ScriptedSender { request, _ in Self.answer(request) }
        let bench = try JobBench(http: sender)
        defer { bench.stop() }
        let options = ", 'lookup.cache' = 'PARTIAL', 'lookup.partial-cache.expire-after-write' = '1 min'"
        try bench.jobs.submit(name: "named", text: Self.byRequest(options, kind: "JOIN"), allowsFiles: true)
        for round in 0..<5 {
            try bench.append([(Double(round), "/a", 200), (Double(round), "/c", 200)])
            #expect(bench.wait { bench.rows(of: "named") == round + 1 })
        }
        #expect(sender.requests.count == 2, "the missing key too")
        bench.clock.advance(microseconds: 61_000_000)
        try bench.append([(10, "/a", 200)])
        #expect(bench.wait { bench.rows(of: "named") == 6 })
        #expect(sender.requests.count == 3)
    }

    @Test func whatFailsIsTriedAgainAndThenFailsTheJob() throws {
        let fails = Mutex(1)
        let sender = ScriptedSender { request, _ in
            let isFailing = fails.withLock { count in
                count -= 1
                return count >= 0
            }
            return isFailing ? .failure(OutboundFailure("connection reset")) : Self.answer(request)
        }
        var settings = JobSettings()
        settings.restartBudget = 0
        let bench = try JobBench(settings: settings, http: sender)
        defer { bench.stop() }
        _ = bench.jobs.start()
        try bench.jobs.submit(
            name: "named", text: Self.byRequest(", 'lookup.max-retries' = '1'"), allowsFiles: true)
        try bench.append([(1, "/a", 200)])
        #expect(
            bench.wait {
                bench.clock.advance(microseconds: 1_000)
                return bench.rows(of: "named") == 1
            })
        fails.withLock { $0 = 1_000 }
        try bench.append([(2, "/b", 200)])
        #expect(
            bench.wait {
                bench.clock.advance(microseconds: 1_000)
                return bench.jobs.info("named")?.phase == "failed"
            })
        #expect(bench.jobs.info("named")?.failure?.contains("owners.test: connection reset") == true)
        // Nothing is lost: the rows come when it answers again.
        fails.withLock { $0 = 0 }
        try bench.jobs.restart("named")
        #expect(bench.wait { bench.rows(of: "named") == 3 })
    }

    @Test func aStopWhileRowsWaitLosesNone() throws {
        let sender = ScriptedSender { request, _ in Self.answer(request) }
        let bench = try JobBench(http: sender)
        defer { bench.stop() }
        sender.hold()
        try bench.append([(1, "/a", 200), (2, "/b", 200)])
        try bench.jobs.submit(name: "named", text: Self.byRequest(), allowsFiles: true)
        #expect(bench.wait { sender.heldCount == 2 })
        try bench.jobs.stop("named")
        #expect(bench.wait { bench.jobs.info("named")?.phase == "stopped" })
        #expect(bench.rows(of: "named") == 0)
        sender.release()
        try bench.jobs.restart("named")
        #expect(bench.wait { bench.rows(of: "named") == 3 })
        #expect(bench.ask("SELECT owner FROM named") == ["ann", "bob", "ben"])
    }

    @Test func aSlowTableHoldsTheStreamBack() throws {
        let sender = ScriptedSender { request, _ in Self.answer(request) }
        let bench = try JobBench(http: sender)
        defer { bench.stop() }
        sender.hold()
        try bench.jobs.submit(
            name: "named", text: Self.byRequest(", 'lookup.max-in-flight' = '3'"), allowsFiles: true)
        for block in 0..<100 {
            try bench.append((0..<20).map { (Double(block * 20 + $0), "/p\(block * 20 + $0)", 200) })
        }
        #expect(bench.wait { (bench.jobs.info("named")?.progress.rowsIn ?? 0) > 0 })
        #expect(bench.wait { sender.heldCount == 3 })
        #expect((bench.jobs.info("named")?.progress.rowsIn ?? 0) <= 2_000)
        sender.release()
        #expect(bench.wait { bench.rows(of: "named") == 2_000 })
        #expect(
            bench.ask("SELECT path FROM named") == (0..<2_000).map { "/p\($0)" })
    }

    private static let now = "FOR SYSTEM_TIME AS OF PROCTIME() AS o"

    @Test(arguments: [
        ("'url' = 'http://h/{path}'", "JOIN owners \(now) ON r.url.path = o.owner", "without its column path"),
        ("'url' = 'http://h/x'", "JOIN owners \(now) ON r.url.path = o.path", "no column stands in the url"),
        ("'url' = 'http://h/{path}'", "JOIN owners AS o ON r.url.path = o.path", "can't be read as a whole"),
        (
            "'url' = 'http://h/{path}', 'lookup.cache' = 'FULL'", "JOIN owners \(now) ON r.url.path = o.path",
            "must be none or partial"
        ),
    ]) func wrongLookupsAreExplained(options: String, join: String, message: String) throws {
        let bench = try JobBench(http: ScriptedSender { _, _ in ScriptedSender.response(404) })
        defer { bench.stop() }
        let text = """
            CREATE TABLE owners (path STRING, owner STRING) WITH ('connector' = 'http', \(options));
            INSERT INTO named SELECT r.url.path, o.owner FROM requests AS r \(join)
            """
        var failure = ""
        do {
            try bench.jobs.submit(name: "named", text: text, allowsFiles: true)
            #expect(bench.wait { bench.jobs.info("named")?.phase == "failed" })
            failure = bench.jobs.info("named")?.failure ?? ""
        } catch {
            failure = "\(error)"
        }
        #expect(failure.contains(message), "\(failure)")
    }
}
