import Columns
import Runtime
import SQL
import Testing

@testable import Streams

@Suite struct FileSinkTests {
    static func job(_ options: String = "") -> String {
        """
        CREATE TABLE out WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'csv'\(options));
        INSERT INTO out SELECT `@timestamp`, url.path, http.response.status_code FROM requests
        """
    }

    private static func expected(_ rows: [(Double, String, Int)]) -> [String] {
        rows.map { "\($0.1),\($0.2)" }.sorted()
    }

    private static func rows(_ bench: JobBench) -> [String] {
        bench.lines(in: "out").filter { !$0.hasPrefix("@") }.map {
            $0.split(separator: ",").dropFirst().joined(separator: ",")
        }.sorted()
    }

    @Test func aStopClosesTheFile() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.append(JobTests.requests(0..<40))
        try bench.jobs.submit(name: "copy", text: Self.job(), allowsFiles: true)
        #expect(bench.wait { bench.jobs.info("copy")?.progress.sinks.first?.rows == 40 })
        #expect(bench.lines(in: "out").isEmpty, "what is open is nobody's to read")
        try bench.jobs.stop("copy")
        #expect(bench.wait { bench.jobs.info("copy")?.phase == "stopped" })
        #expect(bench.lines(in: "out").first == "@timestamp,url.path,http.response.status_code")
        #expect(Self.rows(bench) == Self.expected(JobTests.requests(0..<40)))
        try bench.append(JobTests.requests(40..<60))
        try bench.jobs.restart("copy")
        #expect(bench.wait { bench.jobs.info("copy")?.progress.sinks.first?.rows == 20 })
        try bench.jobs.stop("copy")
        #expect(bench.wait { bench.jobs.info("copy")?.phase == "stopped" })
        #expect(Self.rows(bench) == Self.expected(JobTests.requests(0..<60)))
        let names = try bench.storage.list("out")
        #expect(names.count == 2 && names.allSatisfy { $0.hasPrefix("copy-") && $0.hasSuffix(".csv") })
    }

    @Test(arguments: 0..<8 as Range<UInt64>) func acrossCrashesEveryRowIsInTheFilesOnce(block: UInt64) throws {
        for seed in block * 5..<(block + 1) * 5 {
            var random = Random(seed: seed)
            let bench = try JobBench(seed: seed)
            defer { bench.stop() }
            _ = bench.jobs.start()
            try bench.jobs.submit(
                name: "copy", text: Self.job(", 'sink.rolling-policy.file-size' = '1kb'"), allowsFiles: true)
            var sent = 0
            for _ in 0..<6 {
                for _ in 0..<random.below(4) {
                    let count = 1 + random.below(60)
                    try bench.append(JobTests.requests(sent..<sent + count))
                    sent += count
                    if random.chance(0.5) { _ = bench.wait { random.chance(0.2) } }
                }
                if random.chance(0.3) { bench.clock.advance(microseconds: 3_600_000_000) }
                try bench.crash()
            }
            try bench.append(JobTests.requests(sent..<sent + 10))
            sent += 10
            #expect(bench.wait { bench.jobs.info("copy")?.progress.rowsOut == Int64(sent) }, "seed \(seed)")
            try bench.jobs.stop("copy")
            #expect(bench.wait { bench.jobs.info("copy")?.phase == "stopped" }, "seed \(seed)")
            #expect(Self.rows(bench) == Self.expected(JobTests.requests(0..<sent)), "seed \(seed)")
        }
    }

    @Test func filesAreClosedBySizeAndByAge() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        let options = ", 'sink.rolling-policy.file-size' = '1 kb', 'sink.rolling-policy.rollover-interval' = '10 min'"
        try bench.jobs.submit(name: "copy", text: Self.job(options), allowsFiles: true)
        try bench.append(JobTests.requests(0..<100))
        #expect(bench.wait { bench.jobs.info("copy")?.progress.sinks.first?.rows == 100 })
        try bench.append(JobTests.requests(100..<110))
        #expect(bench.wait { bench.jobs.info("copy")?.progress.sinks.first?.rows == 110 })
        #expect(Self.rows(bench) == Self.expected(JobTests.requests(0..<100)), "the first is full")
        bench.clock.advance(microseconds: 600_000_000)
        #expect(bench.wait { Self.rows(bench).count == 110 }, "the second is old")
    }

    @Test func aFullDiskMakesTheJobWaitAndSayWhy() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        let storage = SimulatedStorage(seed: 7)
        let fields = [PlanField(name: "path", type: .varchar)]
        let table = try Self.declaration("'connector' = 'filesystem', 'path' = 'out'")
        let context = SinkContext(
            job: "j", statement: 0, storage: storage, clock: bench.clock, http: nil)
        let sink = SinkThread(target: "out", options: .files(try FileSinkOptions(table)), fields: fields)
        try sink.start(context)
        defer { sink.close() }
        let rows = Rows.batch([("path", .string)], (0..<100).map { ["/path/\($0)"] })
        storage.setCapacity(bytes: 100)
        let done = Monitor(false)
        sink.begin(.write([rows], SinkEpoch(incarnation: 1, epoch: 1))) { error in
            done.update { $0 = error == nil }
        }
        #expect(bench.wait { sink.standing.attempts > 1 })
        #expect(sink.standing.refusal?.contains("space") == true)
        #expect(sink.standing.refusingSince == bench.clock.now())
        storage.setCapacity(bytes: nil)
        #expect(done.wait(timeoutNanoseconds: 20_000_000_000) { $0 ? true : nil } == true)
        #expect(sink.standing.refusal == nil && sink.standing.rows == 100)
        sink.begin(.finish) { _ in done.update { $0 = false } }
        #expect(done.wait(timeoutNanoseconds: 20_000_000_000) { $0 ? nil : true } == true)
        let text = String(decoding: try storage.readAll("out/j-1-1-1.ndjson", limit: 10_000), as: UTF8.self)
        #expect(text.split(separator: "\n").count == 100, "nothing of the failed tries is left")
    }

    @Test func fromASavepointTheRowsBeyondItComeAgainInFilesOfTheirOwn() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.jobs.submit(name: "copy", text: Self.job(), allowsFiles: true)
        try bench.append(JobTests.requests(0..<30))
        #expect(bench.wait { bench.jobs.info("copy")?.progress.sinks.first?.rows == 30 })
        try bench.jobs.stop("copy", savepoint: "here")
        #expect(bench.wait { bench.jobs.info("copy")?.phase == "stopped" })
        try bench.append(JobTests.requests(30..<40))
        for _ in 0..<2 {
            bench.clock.advance(microseconds: 1_000_000)
            try bench.jobs.restart("copy", savepoint: "here")
            #expect(bench.wait { bench.jobs.info("copy")?.progress.sinks.first?.rows == 10 })
            try bench.jobs.stop("copy")
            #expect(bench.wait { bench.jobs.info("copy")?.phase == "stopped" })
        }
        let twice = JobTests.requests(0..<30) + JobTests.requests(30..<40) + JobTests.requests(30..<40)
        #expect(Self.rows(bench) == Self.expected(twice))
    }

    static func declaration(_ options: String) throws -> TableDeclaration {
        guard case .createTable(let table)? = try SQLParser.parse("CREATE TABLE out WITH (\(options))").first else {
            throw SQLError(code: .syntax, message: "no table")
        }
        return table
    }
}
