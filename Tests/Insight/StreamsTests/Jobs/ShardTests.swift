import Columns
import EventLog
import Runtime
import SQL
import Testing

@testable import Streams

/// Jobs whose windows several threads count together write what one thread does.
@Suite struct ShardTests {
    private static let job = """
        EXECUTE STATEMENT SET BEGIN
        INSERT INTO counts SELECT window_start, url.path, COUNT(*) AS n, SUM(http.response.status_code) AS total,
          APPROX_PERCENTILE(http.response.status_code, 0.5) AS p50, COUNT(DISTINCT http.response.status_code) AS d
        FROM TABLE(TUMBLE(TABLE requests, DESCRIPTOR(`@timestamp`), INTERVAL '10' SECOND))
        GROUP BY window_start, window_end, url.path;
        INSERT INTO hops SELECT window_end, MAX(url.path) AS m, COUNT(*) AS n
        FROM TABLE(HOP(TABLE requests, DESCRIPTOR(`@timestamp`), INTERVAL '5' SECOND, INTERVAL '20' SECOND))
        WHERE http.response.status_code < 500 GROUP BY window_start, window_end;
        END
        """

    /// 60 batches of 50 rows, a fifth of a second each, some of them late.
    private static func rows(_ batch: Int) -> [(Double, String, Int)] {
        (0..<50).map { index in
            let late = index == 17 && batch % 9 == 5 ? 25.0 : 0
            return (Double(batch * 50 + index) / 50 - late, "/\(index * batch % 7)", 200 + (batch + index) % 4 * 100)
        }
    }

    private static func answers(shards: [Int], text: String = job) throws -> [[String]] {
        let settings = JobSettings()
        let bench = try JobBench(settings: settings)
        defer { bench.stop() }
        for batch in 0..<60 { try bench.append(rows(batch)) }
        for (index, count) in shards.enumerated() {
            if index > 0 { for batch in 0..<5 { try bench.append(rows(60 + index * 5 + batch)) } }
            let text = "SET 'parallelism.default' = '\(count)';\n" + text
            try bench.jobs.submit(name: "job", text: text, replaces: index > 0)
            // All that there is: what a run that was replaced has told of last lies before it.
            try #require(waitForJob(bench, until: index == 0 ? 59 : 64 + index * 5))
            if index < shards.count - 1 {
                try bench.jobs.stop("job", savepoint: nil)
                try #require(bench.wait { bench.jobs.info("job")?.phase == "stopped" })
            }
        }
        // All windows but the last close.
        try bench.append([(500, "/end", 200)])
        try #require(waitForJob(bench, until: 500))
        #expect(
            bench.wait {
                let written = bench.rows(of: "counts") + bench.rows(of: "hops")
                return bench.jobs.info("job")?.progress.rowsOut == Int64(written)
            })
        let late = bench.jobs.info("job")?.progress.lateRows ?? -1
        return [
            bench.ask("SELECT window_start, url.path, n, total, p50, d FROM counts").sorted(),
            bench.ask("SELECT window_end, m, n FROM hops").sorted(), ["\(late) late"],
        ]
    }

    /// Until the job has read a batch whose rows are of a second after the start, and all before it.
    private static func waitForJob(_ bench: JobBench, until second: Int) -> Bool {
        let time = Int64(JobBench.start + (second - 1) * 1_000_000)
        return bench.wait {
            guard let info = bench.jobs.info("job"), info.phase == "started" else { return false }
            return info.progress.watermark ?? 0 >= time && info.progress.lagRows == 0
        }
    }

    @Test(arguments: [[2], [3], [7]]) func shardsWriteWhatOneWrites(shards: [Int]) throws {
        #expect(try Self.answers(shards: shards) == Self.answers(shards: [1]))
    }

    @Test(arguments: [[3, 1], [1, 3], [4, 2, 3]]) func anotherNumberOfShardsGoesOn(shards: [Int]) throws {
        #expect(try Self.answers(shards: shards) == Self.answers(shards: shards.map { _ in 1 }))
    }

    /// So many groups that several threads merge panes and answer windows.
    @Test func manyGroupsAreAnsweredTogether() throws {
        let text = """
            EXECUTE STATEMENT SET BEGIN
            INSERT INTO counts SELECT window_start, url.path, COUNT(*) AS n, SUM(http.response.status_code) AS total,
              APPROX_PERCENTILE(http.response.status_code, 0.5) AS p50, COUNT(DISTINCT http.response.status_code) AS d
            FROM TABLE(TUMBLE(TABLE requests, DESCRIPTOR(`@timestamp`), INTERVAL '2' SECOND))
            GROUP BY window_start, window_end, url.path;
            INSERT INTO hops SELECT window_end, url.path AS m, COUNT(*) AS n
            FROM TABLE(HOP(TABLE requests, DESCRIPTOR(`@timestamp`), INTERVAL '1' SECOND, INTERVAL '4' SECOND))
            GROUP BY window_start, window_end, url.path;
            END
            """
        let answers = try [1, 3].map { shards in
            let bench = try JobBench()
            defer { bench.stop() }
            for batch in 0..<24 {
                try bench.append(
                    (0..<2_000).map { index in
                        let number = batch * 2_000 + index
                        return (Double(number) / 4_000, "/\(number * 7 % 3_001)", 200 + number % 5 * 100)
                    })
            }
            try bench.append([(500, "/end", 200)])
            try bench.jobs.submit(name: "job", text: "SET 'parallelism.default' = '\(shards)';\n" + text)
            try #require(Self.waitForJob(bench, until: 500))
            #expect(
                bench.wait {
                    let written = bench.rows(of: "counts") + bench.rows(of: "hops")
                    return bench.jobs.info("job")?.progress.rowsOut == Int64(written)
                })
            return [
                bench.ask("SELECT window_start, url.path, n, total, p50, d FROM counts").sorted(),
                bench.ask("SELECT window_end, m, n FROM hops").sorted(),
            ]
        }
        #expect(answers[0][0].count > 18_000 && answers[0][1].count > 40_000)
        #expect(answers[0] == answers[1])
    }

    @Test func thePlanSaysWhatIsSharedOut() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.append(Self.rows(1))
        let text = """
            SET 'parallelism.default' = '3';
            INSERT INTO counts SELECT window_start, url.path, COUNT(*) AS n
            FROM TABLE(TUMBLE(TABLE requests, DESCRIPTOR(`@timestamp`), INTERVAL '10' SECOND))
            WHERE http.response.status_code < 500 GROUP BY window_start, window_end, url.path
            """
        try bench.jobs.submit(name: "job", text: text)
        #expect(bench.wait { bench.jobs.info("job")?.progress.lagRows == 0 })
        #expect(bench.wait { bench.jobs.info("job")?.progress.nodes.contains { $0.stateBytes > 0 } == true })
        let info = try #require(bench.jobs.info("job"))
        let plan = try #require(info.plan)
        let aggregate = try #require(plan.nodes.firstIndex { $0.name == "GROUP BY" })
        #expect(plan.nodes[aggregate].detail?.hasSuffix("; in 3 shards") == true)
        #expect(info.progress.nodes[aggregate].rowsIn == Self.rows(1).count { $0.2 < 500 })
        let filter = try #require(plan.nodes.firstIndex { $0.name == "WHERE" })
        #expect(plan.nodes[filter].detail == "nothing" && info.progress.nodes[filter].rowsIn == 50)
    }

    @Test func aRoundKnowsTheWatermarkBeforeEachPiece() throws {
        let log = try EventLog.open(
            EventLogOptions(folder: "/log"), storage: SimulatedStorage(seed: 1), clock: ManualClock())
        defer { log.close() }
        try log.createTopic("t", schema: Schema([Field("@timestamp", .timestamp)]))
        for time in [100, 300, 200] {
            log.append(Rows.batch([("@timestamp", .timestamp)], [[time]]), to: "t")
            try log.flush()
        }
        let reader = try log.read(topic: "t", from: .earliest)
        var pieces: [LogPiece] = []
        while let piece = try reader.nextPiece() { pieces.append(piece) }
        #expect(pieces.map(\.offsets) == [0..<1, 1..<2, 2..<3])
        let tracker = WatermarkTracker(delay: 10, isBoundToClock: false)
        let round = ShardRound(pieces, shards: 2, trackers: [tracker], now: 0, wake: {})
        #expect(round.take(by: 0) == 0 && round.take(by: 1) == 1 && round.take(by: 0) == 2)
        #expect(round.take(by: 0) == nil && round.take(by: 1) == nil)
        #expect(round.watermarks(before: 0) == [.min])
        round.decoded(2, latest: [200], rows: 1, bytes: 8)
        #expect(round.watermarks(before: 2) == nil)
        round.decoded(0, latest: [100], rows: 1, bytes: 8)
        #expect(round.watermarks(before: 1) == [90] && round.watermarks(before: 2) == nil)
        round.decoded(1, latest: [300], rows: 1, bytes: 8)
        #expect(round.watermarks(before: 2) == [290])
        for _ in 0..<3 {
            #expect(try round.result() == nil)
            round.finished()
        }
        let result = try #require(try round.result())
        #expect(result.trackers[0].watermark == 290 && result.rows == 3)
    }

    @Test func aShardTakesPiecesThatFollowEachOther() throws {
        let log = try EventLog.open(
            EventLogOptions(folder: "/log"), storage: SimulatedStorage(seed: 1), clock: ManualClock())
        defer { log.close() }
        try log.createTopic("t", schema: Schema([Field("@timestamp", .timestamp)]))
        for time in 0..<10 {
            log.append(Rows.batch([("@timestamp", .timestamp)], [[time]]), to: "t")
            try log.flush()
        }
        let reader = try log.read(topic: "t", from: .earliest)
        var pieces: [LogPiece] = []
        while let piece = try reader.nextPiece() { pieces.append(piece) }
        let round = ShardRound(
            pieces, shards: 2, trackers: [WatermarkTracker(delay: 0, isBoundToClock: false)], now: 0, wake: {})
        #expect(round.take(by: 0) == 0 && round.take(by: 1) == 4)
        #expect(round.hasTaken(0) && round.take(by: 0) == 1 && round.take(by: 0) == 2 && round.take(by: 0) == 3)
        #expect(!round.hasTaken(0) && round.take(by: 0) == 8 && round.take(by: 0) == 9 && round.take(by: 0) == nil)
        #expect(round.take(by: 1) == 5)
    }
}
