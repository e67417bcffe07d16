import Columns
import EventLog
import Runtime
import SQL
import Testing

@testable import Streams

@Suite struct JobPlanTests {
    @Test func aPlanIsAGraphWithFigures() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.append(JobTests.requests(0..<100))
        try bench.jobs.submit(
            name: "both",
            text: """
                EXECUTE STATEMENT SET BEGIN
                \(JobTests.perTenSeconds);
                INSERT INTO pairs SELECT a.url.path FROM requests AS a JOIN requests AS b
                ON a.url.path = b.url.path AND a.`@timestamp` = b.`@timestamp`;
                END
                """)
        #expect(bench.wait { bench.jobs.info("both")?.progress.rowsIn == 100 })
        #expect(bench.wait { bench.rows(of: "pairs") == 100 })
        let info = try #require(bench.jobs.info("both"))
        #expect(info.targets == ["counts", "pairs"])
        let plan = try #require(info.plan)
        func text(_ place: Int) -> String { "\(plan.nodes[place].statement) \(plan.nodes[place].name)" }
        let edges = plan.edges.map { "\(text($0.from)) > \(text($0.to))" }
        #expect(edges.contains("1 requests > 1 the window") && edges.contains("2 JOIN > 2 SELECT"))
        // One scan serves all three.
        #expect(edges.filter { $0 == "1 requests > 2 JOIN" }.count == 2)
        #expect(plan.nodes.count { $0.kind == .source } == 1)
        #expect(plan.nodes.filter { $0.kind == .sink }.map(\.name) == ["counts", "pairs"])
        #expect(plan.nodes.filter { $0.kind == .source }.allSatisfy { $0.detail == "topic requests" })
        #expect(info.progress.nodes.count == plan.nodes.count)
        for (node, figures) in zip(plan.nodes, info.progress.nodes) {
            switch (node.kind, node.name) {
            case (.source, _): #expect(figures.rowsOut == 100 && figures.bytesIn > 0 && figures.lagRows == 0)
            case (.step, "JOIN"):
                #expect(figures.rowsIn == 200 && figures.rowsOut == 100 && figures.busyMicroseconds > 0)
                #expect(figures.watermark != nil)
            case (.sink, "pairs"): #expect(figures.rowsIn == 100)
            default: break
            }
        }
        #expect(info.recentCheckpoints.count == min(info.checkpoints, 20))
        #expect(info.recentCheckpoints.first?.epoch == info.checkpoint?.epoch)
        let epochs = info.recentCheckpoints.map(\.epoch)
        #expect(epochs == epochs.sorted(by: >))
    }

    @Test func anEventOfTheFutureIsTold() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.jobs.submit(name: "all", text: "INSERT INTO copies SELECT url.path FROM requests")
        let year = 366 * 86_400.0
        try bench.append([(1, "/a", 200), (year, "/b", 200)])
        #expect(bench.wait { bench.jobs.info("all")?.progress.clockAheadMicroseconds ?? 0 > 0 })
        let progress = bench.jobs.info("all")?.progress
        #expect((progress?.watermark ?? .max) <= bench.clock.now())
        let isTold = bench.wait {
            (try? bench.jobs.log("all"))?.contains { $0.message.contains("ahead of the clock") } == true
        }
        #expect(isTold)
        #expect(bench.wait { bench.rows(of: "copies") == 2 }, "the row itself is one as every other")
    }

    @Test func timeGoesToTheStageThatTakesIt() throws {
        var meter = StageMeter()
        let batch = Rows.batch([("a", .int64)], [[1], [2]])
        let began = meter.begin(batch)
        meter.pause(since: began)
        let before = meter.busyNanoseconds
        meter.count(out: batch)
        #expect(meter.rowsIn == 2 && meter.rowsOut == 2 && meter.bytesIn == Int64(batch.memoryBytes))
        #expect(meter.busyNanoseconds == before, "what is handed on is not counted")
    }
}
