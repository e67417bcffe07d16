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
        let (second, secondPort) = WireSocket.listen()
        let (third, thirdPort) = WireSocket.listen()
        let (dead, deadPort) = WireSocket.listen(isDead: true)
        defer { for socket in [listener, second, third, dead] { socket.close() } }
        let ports = ["origin": port, "origin2": secondPort, "origin3": thirdPort, "dead": deadPort]
        let edge = try TestEdge(origin: port) { settings in
            settings.name = "squilla"
            settings.workers = 1
            for step in scenario.settings { ScenarioSettings.apply(step, ports, to: &settings) }
            ScenarioRules.apply(scenario.settings, ports, to: &settings)
        }
        let actors = scenario.actors
        board.update { $0.running = actors.count }
        for actor in actors {
            let board = board
            let file = scenario.file
            Thread.start(name: "actor") {
                var player = ScenarioPlayer(
                    actor: actor, edgePort: edge.port,
                    listener: actor.kind == "origin2" ? second : actor.kind == "origin3" ? third : listener,
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
    static func apply(_ step: Scenario.Step, _ ports: [String: UInt16], to settings: inout EdgeSettings) {
        let words = step.text.split(separator: " ").map(String.init)
        guard words.count == 2, words[0] != "rule" else { return }
        let number = Int(words[1]) ?? 0
        switch words[0] {
        case "header_timeout_ms": settings.headerTimeoutMilliseconds = number
        case "body_timeout_ms": settings.bodyTimeoutMilliseconds = number
        case "keep_alive_timeout_ms": settings.keepAliveTimeoutMilliseconds = number
        case "write_timeout_ms": settings.writeTimeoutMilliseconds = number
        case "max_body_bytes": settings.maximumBodyBytes = UInt64(number)
        case "max_requests_per_connection": settings.maximumRequestsPerConnection = number
        case "esi.enabled": settings.esi.isEnabled = words[1] == "true"
        case "cache.enabled": settings.cache.isEnabled = words[1] == "true"
        case "cache.max_object_bytes": settings.cache.maximumObjectBytes = number
        case "cache.segment_bytes": settings.cache.segmentBytes = number
        case "cache.segmented_above_bytes": settings.cache.segmentedAboveBytes = UInt64(number)
        case "cache.partial_bytes": settings.cache.partialBytes = number
        case "cache.vary.accept_encoding":
            settings.cache.vary.encoding = ["original": .original, "as_sent": .asSent][words[1]] ?? .codings
        case "cache.vary.languages": settings.cache.vary.languages = words[1].split(separator: ",").map(String.init)
        case "cache.vary.content_language": settings.cache.vary.usesContentLanguage = words[1] == "true"
        case "cache.max_tags": settings.cache.maximumTags = number
        case "cache.send_tags": settings.cache.sendsTags = words[1] == "true"
        case "cache.collapse_timeout_ms": settings.cache.collapseTimeoutMilliseconds = number
        case "edge.cdn_id": settings.cdnID = words[1]
        case "rule": break
        case "edge.max_hops": settings.maximumHops = number
        case "origin.host_header": settings.origins[0].endpoints[0].hostHeader = words[1]
        default:
            guard words[0].hasPrefix("origin.") else { return fatalSetting(words[0], step.line) }
            let name = String(words[0].dropFirst(7))
            if !applyOrigin(name, words[1], ports, to: &settings) { fatalSetting(words[0], step.line) }
        }
    }

    private static func applyOrigin(
        _ name: String, _ value: String, _ ports: [String: UInt16], to settings: inout EdgeSettings
    ) -> Bool {
        let number = Int(value) ?? 0
        func each(_ change: (inout OriginSettings) -> Void) {
            for index in settings.origins[0].endpoints.indices { change(&settings.origins[0].endpoints[index]) }
        }
        switch name {
        case "first_byte_timeout_ms": each { $0.firstByteTimeoutMilliseconds = number }
        case "between_bytes_timeout_ms": each { $0.idleTimeoutMilliseconds = number }
        case "retries":
            each { $0.maximumRetries = number }
            settings.origins[0].policy.retry.maximum = number
        case "endpoints": settings.origins[0].endpoints = endpoints(value, ports)
        case "parents": settings.origins[0].parents = endpoints(value, ports)
        case "parents.first_byte_timeout_ms":
            for index in settings.origins[0].parents.indices {
                settings.origins[0].parents[index].firstByteTimeoutMilliseconds = number
            }
        case "peers": settings.peers = PeerSettings(edges: endpoints(value, ports), own: -1)
        case "priorities":
            for (index, text) in value.split(separator: ",").enumerated() {
                settings.origins[0].endpoints[index].placement.priority = Int(text) ?? 0
            }
        case "versions":
            for (index, text) in value.split(separator: ",").enumerated() {
                settings.origins[0].endpoints[index].placement.labels["version"] = String(text)
            }
            settings.origins[0].policy.balance.subset = .init(header: "X-Version", label: "version", fallsBack: false)
        case "retry_statuses":
            settings.origins[0].policy.retry.statuses = value.split(separator: ",").compactMap { Int($0) }
        case "retry_timeout": settings.origins[0].policy.retry.onTimeout = value == "true"
        case "hedge_ms": settings.origins[0].policy.retry.hedgeMilliseconds = number
        case "consecutive_errors": settings.origins[0].policy.outliers.consecutiveErrors = number
        case "max_requests": settings.origins[0].policy.breakers.maximumRequests = number
        case "affinity": settings.origins[0].affinity = AffinitySettings(secret: value)
        case "check_path":
            settings.origins[0].policy.check = HealthCheckSettings()
            settings.origins[0].policy.check?.path = value
            settings.origins[0].policy.check?.intervalMilliseconds = 40
            settings.origins[0].policy.check?.fall = 1
        default: return false
        }
        return true
    }

    /// `origin`, `origin2`, `origin3` are the listeners of the actors of these kinds, `dead` is nobody's.
    private static func endpoints(_ names: String, _ ports: [String: UInt16]) -> [OriginSettings] {
        names.split(separator: ",").map {
            OriginSettings(name: "main", host: "127.0.0.1", port: ports[String($0)] ?? 1)
        }
    }

    private static func fatalSetting(_ name: String, _ line: Int) {
        preconditionFailure("line \(line): no setting \(name)")
    }
}
