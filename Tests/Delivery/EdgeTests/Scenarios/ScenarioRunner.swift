import Edge
import Glibc
import HTTPCache
import Runtime
import Synchronization
import Upstream

/// Plays a scenario: each actor on a thread of its own, then the events are compared.
struct ScenarioRunner {
    private struct Board: Sendable {
        var signals: Set<String> = []
        var running = 0
        var failures: [String] = []
    }

    let scenario: Scenario
    private let board = Monitor(Board())

    init(_ scenario: Scenario) { self.scenario = scenario }

    /// What did not go as written; empty when all did.
    func run() throws -> [String] {
        let (listener, port) = WireSocket.listen()
        defer { listener.close() }
        let edge = try TestEdge(origin: port) { settings in
            settings.name = "squilla"
            settings.workers = 1
            for step in scenario.settings { ScenarioSettings.apply(step, to: &settings) }
        }
        let actors = scenario.actors
        board.update { $0.running = actors.count }
        for actor in actors {
            let board = board
            let file = scenario.file
            Thread.start(name: "actor") {
                var player = ScenarioPlayer(
                    actor: actor, edgePort: edge.port, listener: listener,
                    signal: { name in board.update { _ = $0.signals.insert(name) } },
                    purge: { text in ScenarioPurge(text)?.run(on: edge.server) },
                    await: { name in
                        board.wait(timeoutNanoseconds: 15_000_000_000) { $0.signals.contains(name) ? true : nil }
                            ?? false
                    })
                let failure = player.play()
                board.update { state in
                    state.running -= 1
                    if let failure { state.failures.append("\(file):\(failure)") }
                }
            }
        }
        // Origins that nobody asks are released once every client has ended.
        let clients = actors.filter { $0.kind == "client" }.count
        let origins = actors.count - clients
        let isOver = board.wait(timeoutNanoseconds: 30_000_000_000) { $0.running <= 0 ? true : nil } ?? false
        var failures = board.withLock { $0.failures }
        if !isOver { failures.append("\(scenario.file): \(origins) origins, \(clients) clients: some never ended") }
        if failures.isEmpty { failures += compareEvents(edge) }
        return failures
    }

    private func compareEvents(_ edge: TestEdge) -> [String] {
        guard !scenario.events.isEmpty else { return [] }
        let events = edge.events(scenario.events.count)
        var failures: [String] = []
        if events.count != scenario.events.count {
            failures.append("\(scenario.file): \(events.count) events, not \(scenario.events.count)")
        }
        for (expected, event) in zip(scenario.events, events) {
            for step in expected {
                let found = event[step.verb] ?? "null"
                if !ScenarioPlayer.matches(found, step.text) {
                    failures.append("\(scenario.file):\(step.line): \(step.verb) is \(found), not \(step.text)")
                }
            }
        }
        return failures
    }
}

/// `[soft] url|prefix|tag|all [TARGET]`
struct ScenarioPurge {
    private let target: PurgeTarget
    private let isSoft: Bool

    init?(_ text: String) {
        var words = text.split(separator: " ").map(String.init)
        isSoft = words.first == "soft"
        if isSoft { words.removeFirst() }
        switch (words.first, words.count) {
        case ("url", 2): target = CacheKey(url: words[1]).map { .key($0) } ?? .everything
        case ("prefix", 2): target = CacheKey(url: words[1]).map { .prefix($0) } ?? .everything
        case ("tag", 2): target = .tag(Array(words[1].utf8))
        case ("all", 1): target = .everything
        default: return nil
        }
    }

    func run(on server: EdgeServer) -> Int { server.purge([target], isSoft: isSoft).reduce(0, +) }
}

enum ScenarioSettings {
    static func apply(_ step: Scenario.Step, to settings: inout EdgeSettings) {
        let words = step.text.split(separator: " ").map(String.init)
        guard words.count == 2 else { return }
        let number = Int(words[1]) ?? 0
        switch words[0] {
        case "header_timeout_ms": settings.headerTimeoutMilliseconds = number
        case "body_timeout_ms": settings.bodyTimeoutMilliseconds = number
        case "keep_alive_timeout_ms": settings.keepAliveTimeoutMilliseconds = number
        case "write_timeout_ms": settings.writeTimeoutMilliseconds = number
        case "max_body_bytes": settings.maximumBodyBytes = UInt64(number)
        case "max_requests_per_connection": settings.maximumRequestsPerConnection = number
        case "cache.enabled": settings.cache.isEnabled = words[1] == "true"
        case "cache.max_object_bytes": settings.cache.maximumObjectBytes = number
        case "cache.max_tags": settings.cache.maximumTags = number
        case "cache.send_tags": settings.cache.sendsTags = words[1] == "true"
        case "cache.collapse_timeout_ms": settings.cache.collapseTimeoutMilliseconds = number
        case "origin.first_byte_timeout_ms": settings.origins[0].endpoints[0].firstByteTimeoutMilliseconds = number
        case "origin.between_bytes_timeout_ms": settings.origins[0].endpoints[0].idleTimeoutMilliseconds = number
        case "origin.retries": settings.origins[0].endpoints[0].maximumRetries = number
        case "origin.host_header": settings.origins[0].endpoints[0].hostHeader = words[1]
        default: fatalSetting(words[0], step.line)
        }
    }

    private static func fatalSetting(_ name: String, _ line: Int) {
        preconditionFailure("line \(line): no setting \(name)")
    }
}
