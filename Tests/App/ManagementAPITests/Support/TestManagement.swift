import Edge
import EventLog
import ManagementAPI
import Reactor
import Runtime
import Streams
import Testing
import Upstream

/// A management API on an ephemeral port, with a log in memory and an edge that has no origin.
final class TestManagement: Sendable {
    struct Answer {
        var status: Int
        var head: String
        var body: String
    }

    let log: EventLog
    let edge: EdgeServer
    let management: ManagementService
    private let queries: QueryService
    private let jobs: JobService

    init(
        token: String? = nil, subscriptions: SubscriptionLimits = SubscriptionLimits(), origins: [String] = []
    ) throws {
        let storage = SimulatedStorage(seed: 1)
        log = try EventLog.open(EventLogOptions(folder: "/log"), storage: storage)
        queries = QueryService(log: log)
        jobs = try JobService(queries: queries, folder: "/jobs", storage: storage)
        let stage = Monitor<EdgeServer?>(nil)
        var context = ManagementContext(
            version: "test", log: log, queries: queries, token: { token },
            edge: {
                EdgeStatus(
                    name: "test", addresses: [], workers: 1, origins: [],
                    counters: stage.withLock { $0?.counters } ?? EdgeCounters(),
                    cache: CacheFacts(objects: 1, bytes: 2, limitBytes: 3, evictions: 4, purged: 5, tags: 6))
            },
            reload: { .success(ReloadReport(needRestart: [])) })
        context.jobs = jobs
        context.origins = { stage.withLock { $0 }?.origins ?? [] }
        context.purge = { targets, isSoft in stage.withLock { $0 }?.purge(targets, isSoft: isSoft) ?? [] }
        context.subscriptions = subscriptions
        management = ManagementService(context)
        var settings = EdgeSettings()
        settings.workers = 1
        if !origins.isEmpty {
            settings.origins = [
                EdgeOrigin(
                    name: "main", endpoints: origins.map { OriginSettings(name: "main", host: $0, port: 9) })
            ]
        }
        edge = try EdgeServer(
            settings: settings,
            listeners: [
                EdgeListener(address: .loopback(port: 0), kind: .proxy),
                EdgeListener(address: .loopback(port: 0), kind: .service(management)),
            ],
            eventSink: .none)
        try edge.start()
        stage.update { $0 = edge }
    }

    /// Frees the port and the threads.
    func stop() {
        edge.stop()
        jobs.stop()
        queries.stop()
        log.close()
    }

    /// One request on a connection of its own. HTTP/1.0, so that the body ends with the connection.
    func ask(
        _ method: String, _ target: String, _ body: String = "", fields: String = "", host: String = "127.0.0.1"
    ) throws -> Answer {
        try send(edge.addresses[1].port, method, target, Array(body.utf8), fields, host)
    }

    func ask(_ method: String, _ target: String, bytes: [UInt8]) throws -> Answer {
        try send(edge.addresses[1].port, method, target, bytes, "", "127.0.0.1")
    }

    /// The head of a request whose body never comes.
    func announce(_ target: String, bytes: Int, fields: String = "") throws -> Answer {
        try send(edge.addresses[1].port, "POST", target, [], fields, "127.0.0.1", announcing: bytes)
    }

    /// A request whose answer has no end.
    func open(_ target: String, fields: String = "") throws -> OpenAnswer {
        let socket = try #require(LoopbackSocket(port: edge.addresses[1].port))
        socket.send(Array("GET \(target) HTTP/1.0\r\nHost: 127.0.0.1\r\n\(fields)\r\n".utf8))
        return OpenAnswer(socket)
    }

    func askProxy(_ target: String) throws -> Answer {
        try send(edge.addresses[0].port, "GET", target, [], "", "site")
    }

    private func send(
        _ port: UInt16, _ method: String, _ target: String, _ body: [UInt8], _ fields: String, _ host: String,
        announcing length: Int? = nil
    ) throws -> Answer {
        let socket = try #require(LoopbackSocket(port: port))
        let head =
            "\(method) \(target) HTTP/1.0\r\nHost: \(host)\r\nContent-Length: \(length ?? body.count)\r\n\(fields)\r\n"
        socket.send(Array(head.utf8) + body)
        let text = String(decoding: socket.readToEnd(), as: UTF8.self)
        let end = try #require(text.firstRange(of: "\r\n\r\n"), "no answer")
        return Answer(
            status: Int(text.dropFirst(9).prefix(3)) ?? 0, head: String(text[..<end.lowerBound]),
            body: String(text[end.upperBound...]))
    }
}
