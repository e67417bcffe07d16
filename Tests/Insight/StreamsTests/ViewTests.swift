import Columns
import Runtime
import SQL
import Testing

@testable import Streams

/// Materialised views: kept by a job, read as they are now.
@Suite struct ViewTests {
    static let paths =
        "CREATE MATERIALIZED VIEW paths AS SELECT url.path, COUNT(*) AS n FROM requests GROUP BY url.path"

    static func tell(_ bench: JobBench, _ text: String) -> SQLError? {
        var request = QueryRequest(text)
        request.allowsStatements = true
        let sink = CollectingSink()
        bench.queries.run(request, sink: sink)
        return sink.wait(timeoutMilliseconds: 20_000)?.error
    }

    @Test func aViewAnswersWhatItHoldsNow() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.append([(0, "/a", 200), (1, "/b", 200)])
        #expect(Self.tell(bench, Self.paths) == nil)
        #expect(bench.wait { bench.ask("SELECT url.path, n FROM paths").sorted() == ["/a|1", "/b|1"] })
        try bench.append([(2, "/a", 200)])
        #expect(bench.wait { bench.ask("SELECT n FROM paths WHERE url.path = '/a'") == ["2"] })
        #expect(bench.ask("SHOW MATERIALIZED VIEWS") == ["paths|url.path|2|kept"])
        #expect(bench.ask("SHOW TABLES").contains("paths|materialized view"))
        #expect(bench.ask("SELECT SUM(p.n) FROM paths p JOIN requests r ON p.url.path = r.url.path") == ["5"])
    }

    @Test func theStartOfAWindowIsKeyEnough() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.append([(0, "/a", 200), (2, "/a", 200), (30, "/b", 200)])
        let text = """
            CREATE MATERIALIZED VIEW per_ten AS SELECT window_start, url.path, COUNT(*) AS n
            FROM TABLE(TUMBLE(TABLE requests, DESCRIPTOR(`@timestamp`), INTERVAL '10' SECOND))
            GROUP BY window_start, window_end, url.path
            """
        #expect(Self.tell(bench, text) == nil)
        let expected = ["per_ten|window_start, url.path|1|kept"]
        #expect(bench.wait { bench.ask("SHOW MATERIALIZED VIEWS") == expected })
    }

    @Test func itSurvivesARestartAndACrash() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        _ = bench.jobs.start()
        #expect(Self.tell(bench, Self.paths) == nil)
        for round in 0..<4 {
            try bench.append(JobTests.requests(round * 30..<(round + 1) * 30))
            if round == 1 { _ = bench.wait { bench.ask("SELECT SUM(n) FROM paths") == ["60"] } }
            try bench.crash()
        }
        var counts: [String: Int] = [:]
        for (_, path, _) in JobTests.requests(0..<120) { counts[path, default: 0] += 1 }
        let expected = counts.map { "\($0.key)|\($0.value)" }.sorted()
        #expect(bench.wait { bench.ask("SELECT url.path, n FROM paths").sorted() == expected })
    }

    @Test func rowsWithoutAKeyAreCounted() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.append([(0, "/a", 200), (1, "/a", 200), (2, "/b", 500)])
        #expect(Self.tell(bench, "CREATE MATERIALIZED VIEW all_paths AS SELECT url.path FROM requests") == nil)
        #expect(bench.wait { bench.ask("SELECT url.path FROM all_paths").sorted() == ["/a", "/a", "/b"] })
    }

    @Test func aKeyThatLeavesIsGone() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.append([(0, "/a", 200), (1, "/b", 200)])
        #expect(
            Self.tell(
                bench,
                "CREATE MATERIALIZED VIEW few AS SELECT url.path, COUNT(*) AS n FROM requests GROUP BY url.path "
                    + "HAVING COUNT(*) < 3") == nil)
        #expect(bench.wait { bench.ask("SELECT url.path FROM few").sorted() == ["/a", "/b"] })
        try bench.append([(2, "/a", 200), (3, "/a", 200)])
        #expect(bench.wait { bench.ask("SELECT url.path FROM few") == ["/b"] })
    }

    @Test func aDroppedViewIsGoneAndItsNameFree() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        _ = bench.jobs.start()
        try bench.append([(0, "/a", 200)])
        #expect(Self.tell(bench, Self.paths) == nil)
        #expect(bench.wait { bench.ask("SELECT n FROM paths") == ["1"] })
        #expect(Self.tell(bench, Self.paths)?.code == .jobExists)
        #expect(Self.tell(bench, Self.paths.replacing("VIEW paths", with: "VIEW IF NOT EXISTS paths")) == nil)
        #expect(Self.tell(bench, "DROP MATERIALIZED VIEW paths") == nil)
        #expect(bench.queries.materializedViews.isEmpty)
        #expect(bench.wait { bench.jobs.info("paths") == nil })
        #expect(Self.tell(bench, "DROP MATERIALIZED VIEW paths")?.code == .unknownTable)
        #expect(Self.tell(bench, "DROP MATERIALIZED VIEW IF EXISTS paths") == nil)
        #expect(Self.tell(bench, Self.paths) == nil)
        #expect(bench.wait { bench.ask("SELECT n FROM paths") == ["1"] })
    }

    @Test func whatIsWrongIsSaid() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.append([(0, "/a", 200), (1, "/b", 200), (2, "/c", 200)])
        let asked = CollectingSink()
        bench.queries.run(QueryRequest(Self.paths), sink: asked)
        #expect(asked.wait(timeoutMilliseconds: 20_000)?.error?.message.contains("asks a question") == true)
        let bad = "CREATE MATERIALIZED VIEW v WITH ('key' = 'nope') AS SELECT url.path FROM requests"
        #expect(Self.tell(bench, bad)?.message.contains("'nope' is no column") == true)
        let odd = "CREATE MATERIALIZED VIEW v WITH ('rows' = '1') AS SELECT url.path FROM requests"
        #expect(Self.tell(bench, odd)?.suggestion?.contains("max-rows") == true)
        #expect(
            Self.tell(
                bench, Self.paths.replacing("VIEW paths", with: "VIEW paths WITH ('max-rows' = '2')")) == nil)
        #expect(bench.wait { bench.jobs.info("paths")?.phase == "failed" })
        #expect(bench.jobs.info("paths")?.failure?.contains("more than 2 rows") == true)
        #expect(bench.queries.materializedView("paths").failure?.contains("more than 2 rows") == true)
        let standing = bench.queries.standing(of: bench.queries.materializedView("paths"))
        #expect(standing.state == "failed" && standing.failure?.contains("more than 2 rows") == true)
        let sorted = "CREATE MATERIALIZED VIEW sorted AS SELECT url.path FROM requests ORDER BY url.path"
        #expect(Self.tell(bench, sorted)?.code == .unsupported)
        #expect(bench.jobs.info("sorted") == nil && bench.queries.materializedView("sorted").snapshot == nil)
    }

    @Test func aViewWhoseJobDoesNotRunSaysSo() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.append([(0, "/a", 200)])
        #expect(Self.tell(bench, Self.paths) == nil)
        #expect(bench.wait { bench.ask("SELECT n FROM paths") == ["1"] })
        let view = bench.queries.materializedView("paths")
        #expect(bench.queries.standing(of: view).state == "kept" && bench.queries.standing(of: view).failure == nil)
        try bench.jobs.stop("paths")
        #expect(bench.wait { bench.jobs.info("paths")?.phase == "stopped" })
        #expect(bench.queries.standing(of: view).failure == "its job is stopped")
        #expect(bench.ask("SHOW MATERIALIZED VIEWS") == ["paths|url.path|1|stopped: its job is stopped"])
    }

    @Test func theBoundsAreSettings() throws {
        var limits = QueryLimits()
        limits.viewBytes = 64
        let bench = try JobBench(limits: limits)
        defer { bench.stop() }
        try bench.append([(0, "/a", 200), (1, "/b", 200), (2, "/c", 200)])
        #expect(Self.tell(bench, Self.paths) == nil)
        #expect(bench.wait { bench.jobs.info("paths")?.phase == "failed" })
        #expect(bench.jobs.info("paths")?.failure?.contains("more than 0 KiB") == true)
    }

    @Test func oneLayerHoldsAllOfAView() throws {
        var limits = QueryLimits()
        limits.viewLayers = 1
        let bench = try JobBench(limits: limits)
        defer { bench.stop() }
        #expect(Self.tell(bench, Self.paths) == nil)
        for round in 0..<5 {
            let count = [64, 8, 1, 1, 1][round]
            try bench.append((0..<count).map { (Double(round), "/\(round)-\($0)", 200) })
            let wanted = [64, 72, 73, 74, 75][round]
            #expect(bench.wait { bench.ask("SELECT COUNT(*) FROM paths") == ["\(wanted)"] })
            #expect(bench.queries.materializedView("paths").snapshot?.layers.count == 1)
        }
    }

    // MARK: The handle

    static func layer(_ keys: [(Int, String?, Int)], gone: Set<String> = []) -> ViewLayer {
        let rows = Rows.batch([("k", .string), ("v", .int64)], keys.map { [$0.1, $0.2] })
        return ViewLayer(rows: rows, keys: [0], isGone: keys.map { gone.contains($0.1 ?? "") })
    }

    @Test func theNewestLayerThatKnowsAKeyCounts() throws {
        let older = Self.layer([(0, "a", 1), (1, "b", 2), (2, nil, 3)])
        let newer = Self.layer([(0, "b", 0), (1, "c", 4)], gone: ["b"])
        let fields = [PlanField(name: "k", type: .varchar), PlanField(name: "v", type: .bigint)]
        let view = ViewSnapshot(fields: fields, keys: [0], isCounted: false, rowCount: 3, layers: [newer, older])
        #expect(Rows.text(view.batches).sorted() == ["NULL|3", "a|1", "c|4"])
        #expect(try view.row(key: ["a"]).map { Rows.text([$0]) } == ["a|1"])
        #expect(try view.row(key: ["b"]) == nil && view.row(key: ["z"]) == nil)
        #expect(view.contains(Array("c".utf8).span) && !view.contains(Array("b".utf8).span))
        #expect(throws: SQLError.self) { try view.row(key: ["a", "b"]) }
        let merged = ViewLayer.merged(newer, older, isOldest: true)
        #expect(merged.count == 3 && merged.isGone.isEmpty)
    }

    @Test func addressesAndNumbersAreFound() throws {
        let addresses = (0..<1_000).map { IPAddress(high: 0, low: UInt64(0xffff_0000_0000) | UInt64($0 * 7)) }
        let rows = Rows.batch(
            [("ip", .ip), ("n", .int64)], addresses.enumerated().map { [$0.element, $0.offset * 3] })
        let fields = [PlanField(name: "ip", type: .ip), PlanField(name: "n", type: .bigint)]
        let byAddress = ViewSnapshot(
            fields: fields, keys: [0], isCounted: false, rowCount: 1_000,
            layers: [ViewLayer(rows: rows, keys: [0], isGone: [])])
        let byNumber = ViewSnapshot(
            fields: fields, keys: [1], isCounted: false, rowCount: 1_000,
            layers: [ViewLayer(rows: rows, keys: [1], isGone: [])])
        #expect(addresses.allSatisfy { byAddress.contains($0) })
        #expect(!byAddress.contains(IPAddress(high: 0, low: 1)))
        #expect((0..<3_000).allSatisfy { byNumber.contains(Int64($0)) == ($0 % 3 == 0) })
    }

    @Test func aReaderSeesWhatIsPublished() throws {
        let handle = ViewHandle(name: "v")
        var reader = handle.reader()
        #expect(reader.snapshot() == nil)
        let fields = [PlanField(name: "k", type: .varchar), PlanField(name: "v", type: .bigint)]
        for count in 1...3 {
            handle.publish(
                ViewSnapshot(fields: fields, keys: [0], isCounted: false, rowCount: count, layers: []))
            #expect(reader.snapshot()?.rowCount == count)
            #expect(reader.snapshot()?.rowCount == count)
        }
        handle.publish(nil)
        #expect(reader.snapshot() == nil)
    }
}
