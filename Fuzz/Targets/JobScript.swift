// modules: Streams
import Columns
import EventLog
import Runtime
import SQL

@testable import Streams

/// A job's text: what it says of itself, its parameters filled in, its statements and how they are planned; or an error with
/// words. A value of a parameter stays what it is, within quotes and outside of them, and a schedule's next moment is later.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    checkParameters(text)
    do throws(SQLError) {
        let header = try JobHeader(of: text)
        if let next = header.cron?.next(after: World.now, offset: { header.offset(at: $0) }) {
            precondition(next > World.now && next % 60_000_000 == 0, "a schedule goes back")
        }
        let filled = try JobParameters.filled(text, [:])
        let script = try JobScript(filled, name: "job", limits: .standard)
        _ = script.hosts
        // Others would read what the machine has.
        guard !script.namesFiles else { return 0 }
        for plan in try script.plans(World.service) { try check(plan, of: script) }
    } catch {
        precondition(!error.message.isEmpty && !error.rendered(text).isEmpty)
    }
    return 0
}

/// Whatever stands for a name, it can't become more than a text within quotes, or a word outside of them.
private func checkParameters(_ text: String) {
    let tokens = SQLTokens(text)
    precondition(tokens.all.reduce(0) { $0 + $1.bytes.count } == text.utf8.count, "a text is not all of its tokens")
    guard !tokens.names.isEmpty else { return }
    for value in ["'; DROP TABLE t; --", "`\"'/* ", "a b", "-7", "t.`x`", "${n}", "\\", ""] {
        var given: [String: String] = [:]
        for name in tokens.names { given[name] = value }
        guard let filled = try? JobParameters.filled(text, given) else { continue }
        let kinds = SQLTokens(filled).all.map(\.kind)
        precondition(kinds == tokens.all.map(\.kind), "the value \(value) changes what is around it")
    }
}

private func check(_ plan: JobScript.Plan, of script: JobScript) throws(SQLError) {
    precondition(!"\(plan.plan)".isEmpty)
    var planner = PhysicalPlanner(
        isLive: plan.isLive, context: EvaluationContext(now: World.now), account: MemoryAccount(limitBytes: 1 << 24))
    planner.take(script.settings, standard: 3_600_000)
    planner.emission = plan.emission
    planner.target = plan.target
    planner.isBounded = { !plan.readsTopics($0) }
    planner.lookups = LookupEnvironment(catalog: plan.catalog, service: World.service, wake: {})
    let query = try planner.plan(plan.plan)
    for scan in query.scans { _ = try plan.reading(scan, now: World.now) }
}

private enum World {
    static let now: Int64 = 1_700_000_000_000_000
    /// Topics with a column of each type, without a thread.
    static let service: QueryService = {
        let storage = SimulatedStorage(seed: 1)
        let requests = Schema([
            Field("@timestamp", .timestamp), Field("url.path", .string), Field("client.ip", .ip),
            Field("http.response.status_code", .int64), Field("event.duration", .int64), Field("n", .float64),
            Field("flag", .bool), Field("labels", .json),
        ])
        guard let log = try? EventLog.open(EventLogOptions(folder: "log"), storage: storage),
            (try? log.createTopic("requests", schema: requests)) != nil,
            (try? log.createTopic("t", schema: Schema([Field("@timestamp", .timestamp), Field("a", .int64)]))) != nil
        else { fatalError("the log cannot be made") }
        return QueryService(
            log: log, clock: ManualClock(start: now), limits: QueryLimits(), tables: [:], http: nil,
            system: ManualClock(start: now), threads: 0, spillStorage: storage)
    }()
}
