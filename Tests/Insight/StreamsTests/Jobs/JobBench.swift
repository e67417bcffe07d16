import Columns
import EventLog
import Glibc
import Runtime
import SQL

@testable import Streams

/// A server's log, queries and jobs over storage in memory, which can be unplugged.
final class JobBench {
    static let start = 1_700_000_000_000_000
    static let schema = Schema([
        Field("@timestamp", .timestamp), Field("url.path", .string), Field("http.response.status_code", .int64),
    ])

    let storage: SimulatedStorage
    /// The storage as the living process sees it.
    private var process: ProcessStorage
    /// A day behind the events, so that their times are none of the future.
    let clock = ManualClock(start: Int64(JobBench.start) + 86_400_000_000)
    private(set) var log: EventLog
    private(set) var queries: QueryService
    private(set) var jobs: JobService
    private let settings: JobSettings
    private let http: (any HTTPSender)?
    private let limits: QueryLimits

    init(
        seed: UInt64 = 1, settings: JobSettings = JobSettings(), limits: QueryLimits = QueryLimits(),
        http: (any HTTPSender)? = nil
    ) throws {
        self.limits = limits
        storage = SimulatedStorage(seed: seed)
        process = ProcessStorage(storage)
        self.settings = settings
        self.http = http
        (log, queries, jobs) = try Self.boot(process, clock, settings, limits, http)
        try log.createTopic("requests", schema: Self.schema)
    }

    private static func boot(
        _ storage: ProcessStorage, _ clock: ManualClock, _ settings: JobSettings, _ given: QueryLimits,
        _ http: (any HTTPSender)?
    ) throws -> (EventLog, QueryService, JobService) {
        var options = EventLogOptions(folder: "log")
        options.tailBytes = 20_000
        let log = try EventLog.open(options, storage: storage, clock: clock)
        var limits = given
        limits.tickMilliseconds = 2
        let queries = QueryService(log: log, clock: clock, limits: limits, http: http)
        let jobs = try JobService(queries: queries, folder: "jobs", storage: storage, settings: settings)
        return (log, queries, jobs)
    }

    /// Pulls the plug and starts again. What no sync had confirmed may be gone, torn or there.
    func crash() throws {
        queries.stop()
        jobs.stop(timeoutMilliseconds: 0)
        process.die()
        storage.crash()
        log.close()
        process = ProcessStorage(storage)
        (log, queries, jobs) = try Self.boot(process, clock, settings, limits, http)
        _ = jobs.start()
    }

    func stop() {
        jobs.stop()
        queries.stop()
        log.close()
    }

    /// Appends rows of (seconds after the start, path, status); they are on the device when this returns.
    func append(_ rows: [(Double, String, Int)], to topic: String = "requests") throws {
        let batch = Rows.batch(
            Self.schema.fields.map { ($0.name, $0.type) },
            rows.map { [Self.start + Int($0.0 * 1e6), $0.1, $0.2] })
        log.append(batch, to: topic, durability: .commit)
        try log.flush()
    }

    /// Waits until `condition` holds, 20 seconds at most.
    func wait(_ condition: () throws -> Bool) rethrows -> Bool {
        for _ in 0..<10_000 {
            if try condition() { return true }
            usleep(2_000)
        }
        return false
    }

    func rows(of topic: String) -> Int {
        Int(log.topic(topic)?.partitions.reduce(0) { $0 + $1.nextOffset } ?? 0)
    }

    /// The lines of all closed files of a folder.
    func lines(in folder: String) -> [String] {
        let names = ((try? storage.list(folder)) ?? []).filter { !$0.hasPrefix(".") }
        return names.flatMap { name in
            let bytes = (try? storage.readAll(folder + "/" + name, limit: 1 << 30)) ?? []
            return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        }
    }

    /// A stored query's rows as text.
    func ask(_ text: String) -> [String] {
        let sink = CollectingSink()
        queries.run(QueryRequest(text), sink: sink)
        return Rows.text(sink.wait(timeoutMilliseconds: 20_000)?.batches ?? [])
    }
}
