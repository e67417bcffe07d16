import Columns
import Runtime
import SQL
import Synchronization

@testable import EventLog
@testable import Streams

/// A whole server of log, queries and jobs on one thread, from a seed: which of its parts goes on next, what the disk
/// refuses and when the plug is pulled are drawn. Time moves when the simulation says so.
final class JobSimulation {
    /// What the job has done when it is left in peace, against what it did here.
    struct Outcome: Equatable {
        /// By topic, sorted.
        var rows: [String: [String]] = [:]
        var phase = ""
        var failure: String?

        func difference(from expected: Outcome) -> String {
            var text = "it is \(phase) (\(failure ?? "no failure"))"
            for (topic, rows) in rows {
                var missing = expected.rows[topic] ?? []
                var extra: [String] = []
                for row in rows {
                    if let index = missing.firstIndex(of: row) { missing.remove(at: index) } else { extra.append(row) }
                }
                if !missing.isEmpty || !extra.isEmpty { text += "; \(topic) lacks \(missing), has besides \(extra)" }
            }
            return text
        }
    }

    /// Work that waits for its turn.
    private final class Waiting: WorkQueue {
        private let jobs = Mutex<[@Sendable () -> Void]>([])

        func post(_ job: @escaping @Sendable () -> Void) -> Bool {
            jobs.withLock { $0.append(job) }
            return true
        }

        func turn() -> Bool {
            guard let job = jobs.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else { return false }
            job()
            return true
        }

        func stop() {}
    }

    private static let schema = Schema([
        Field("@timestamp", .timestamp), Field("user", .int64), Field("value", .int64),
    ])

    private var random: Random
    private let storage: SimulatedStorage
    private let text: String
    private let targets: [String]
    /// How many shards the job has is drawn at each start of the server; `nil` for one always.
    private var shards: Random?
    private let time = ManualClock()
    /// Wall time stands still: windows close by what comes.
    private let wall = ManualClock(start: JobSimulation.start + 86_400_000_000)
    private static let start: Int64 = 1_700_000_000_000_000
    private var log: EventLog?
    private var queries: QueryService?
    private var jobs: JobService?
    private var writer = Waiting()
    private var eventTime: Int64 = JobSimulation.start
    /// What was acknowledged, in the order of the log, by topic.
    private(set) var inputs: [String: [Batch]] = ["clicks": [], "orders": []]

    /// Tables by key that jobs write: how many columns, from the first, are the key.
    private static let keyCounts = ["totals": 1, "tops": 2, "changing": 1]

    /// What was done, for one who looks for a fault.
    private(set) var lines: [String] = []

    init(seed: UInt64, text: String, targets: [String], drawsShards: Bool = true) {
        random = Random(seed: seed)
        shards = drawsShards ? Random(seed: seed ^ 0x5AAD) : nil
        storage = SimulatedStorage(seed: seed ^ 0x5EED)
        self.text = text
        self.targets = targets
    }

    /// Crashes, faults and appends, and then peace until the job has read everything.
    func run() throws -> Outcome {
        try boot()
        try submit()
        for round in 0..<1 + random.below(4) {
            if round > 0 {
                storage.setFailureProbability(0)
                storage.failCall(number: .max)
                storage.crash()
                lines.append("crash")
                try boot()
            }
            for _ in 0..<random.below(60) { try act() }
        }
        storage.setFailureProbability(0)
        storage.failCall(number: .max)
        for topic in ["clicks", "orders"] { try append(to: topic, rows: 3) }
        return try settle()
    }

    /// The same input, and nothing happens to the job.
    static func inPeace(_ inputs: [String: [Batch]], text: String, targets: [String]) throws -> Outcome {
        let simulation = JobSimulation(seed: 1, text: text, targets: targets, drawsShards: false)
        try simulation.boot()
        for topic in inputs.keys.sorted() {
            for batch in inputs[topic] ?? [] { try simulation.append(batch, to: topic) }
        }
        try simulation.submit()
        return try simulation.settle()
    }

    private func submit() throws {
        try jobs?.submit(name: "job", text: text)
    }

    private func boot() throws {
        var options = EventLogOptions(folder: "log")
        options.tailBytes = random.chance(0.5) ? 0 : 4_000
        let log = try EventLog.openStepped(options, storage: storage, clock: wall)
        for topic in ["clicks", "orders"] { try log.createTopic(topic, schema: Self.schema) }
        let queries = QueryService(
            log: log, clock: wall, limits: QueryLimits(), tables: [:], http: nil, system: time, threads: 0)
        writer = Waiting()
        var settings = JobSettings()
        settings.restartBudget = 1_000
        settings.shards = 1 + (shards?.below(3) ?? 0)
        lines.append("\(settings.shards) shards")
        let jobs = try JobService(
            queries: queries, folder: "jobs", storage: storage, settings: settings, writer: writer)
        (self.log, self.queries, self.jobs) = (log, queries, jobs)
        _ = jobs.takeUp()
    }

    private func act() throws {
        switch random.below(20) {
        case 0..<4: try append(to: random.chance(0.6) ? "clicks" : "orders", rows: 1 + random.below(12))
        case 4: time.advance(microseconds: Int64(random.below(3_000_000)))
        case 5: jobs?.tick()
        case 6 where random.chance(0.3): note("a call fails") { storage.failCall(number: 1 + random.below(8)) }
        case 7 where random.chance(0.2):
            note("calls fail at random, or no more") { storage.setFailureProbability(random.chance(0.5) ? 0 : 0.02) }
        case 8 where random.chance(0.3): note("savepoint") { try? jobs?.savepoint("job", label: "s\(lines.count)") }
        case 9 where random.chance(0.2): note("stop") { try? jobs?.stop("job") }
        case 10 where random.chance(0.5): note("restart") { try? jobs?.restart("job") }
        case 11..<14: note("write") { _ = writer.turn() }
        case 14..<16: note("log") { _ = log?.turn() }
        default: note("job") { _ = queries?.pool.turn(isTick: random.chance(0.3)) }
        }
    }

    private func note(_ what: String, _ body: () -> Void) {
        body()
        lines.append(what)
    }

    private func append(to topic: String, rows: Int) throws {
        let batch = Rows.batch(
            Self.schema.fields.map { ($0.name, $0.type) },
            (0..<rows).map { _ in
                eventTime += Int64(random.below(900_000))
                return [Int(eventTime), random.below(4), random.below(6)]
            })
        try append(batch, to: topic)
    }

    private func append(_ batch: Batch, to topic: String) throws {
        let isThere = Mutex<Bool?>(nil)
        log?.append(batch, to: topic, durability: .commit) { result in
            isThere.withLock { $0 = (try? result.get()) != nil }
        }
        _ = log?.turn()
        if isThere.withLock({ $0 }) == true { inputs[topic, default: []].append(batch) }
    }

    /// Lets everything go on until the job has nothing left to do.
    private func settle() throws -> Outcome {
        for _ in 0..<10 where jobs?.info("job")?.phase == "stopping" { pump(40) }
        var quiet = 0
        for _ in 0..<200 where quiet < 3 {
            if let phase = jobs?.info("job")?.phase, phase == "stopped" || phase == "accepted" {
                try jobs?.restart("job")
            }
            time.advance(microseconds: 11_000_000)
            jobs?.tick()
            quiet = pump(40) ? 0 : quiet + 1
            if jobs?.info("job")?.phase != "started" { quiet = 0 }
        }
        var outcome = Outcome()
        for line in (try? jobs?.log("job")) ?? [] { lines.append("log of the job: \(line.message)") }
        if let info = jobs?.info("job") { lines.append("\(info.progress) \(info.checkpoints)") }
        outcome.phase = jobs?.info("job")?.phase ?? ""
        outcome.failure = outcome.phase == "started" ? nil : jobs?.info("job")?.failure
        for target in targets { outcome.rows[target] = try rows(of: target) }
        return outcome
    }

    /// - Returns: whether anything was written.
    @discardableResult
    private func pump(_ turns: Int) -> Bool {
        var hasWritten = false
        var idle = 0
        for _ in 0..<turns where idle < 4 {
            _ = queries?.pool.turn(isTick: true)
            let isWriting = writer.turn()
            let isAppending = log?.turn() ?? false
            idle = isWriting || isAppending ? 0 : idle + 1
            hasWritten = hasWritten || isWriting || isAppending
            if idle > 0 { time.advance(microseconds: 200_000) }
        }
        return hasWritten
    }

    private func rows(of topic: String) throws -> [String] {
        guard let log, log.topic(topic) != nil else { return [] }
        let reader = try log.read(topic: topic, from: .earliest)
        var rows: [String] = []
        var present: [String: String] = [:]
        while let found = try reader.next() {
            let kept = found.batch.schema.fields.indices.filter {
                !["job.epoch", "job.name", "@timestamp"].contains(found.batch.schema.fields[$0].name)
            }
            let text = Rows.text([found.batch.project(kept)])
            guard let count = Self.keyCounts[topic] else {
                rows += text
                continue
            }
            // How many changes of a key were written hangs on how its rows came together; what counts is the last.
            for row in text {
                let key = row.split(separator: "|").prefix(count).joined(separator: "|")
                present[key] = row.hasSuffix("|delete") ? nil : row
            }
        }
        return (rows + present.values).sorted()
    }
}
