public import Edge
import Runtime

/// Console, REST and metrics on the edge's own HTTP stack.
public final class ManagementService: HTTPService {
    let context: ManagementContext
    /// For work that must stay off event loops: parsing what clients append, reading files.
    let workers: [WorkerThread]

    let subscriptions: SubscriptionHub

    public init(_ context: ManagementContext) {
        self.context = context
        subscriptions = SubscriptionHub(context.queries, limits: context.subscriptions)
        workers = (0..<2).map { WorkerThread(name: "api-\($0)", mailboxLimit: 256) }
    }

    public func handle(_ request: HTTPRequest, _ responder: Responder) {
        do throws(APIError) {
            try route(request, responder)
        } catch {
            respond(responder, error)
        }
    }

    /// Ends the streams that have no end of their own, before the server drains.
    public func endSubscriptions() { subscriptions.stop() }

    /// Who may not ask must not fill memory either.
    public func wantsBody(of request: HTTPRequest) -> Bool { (try? authorize(request)) != nil }

    private func route(_ request: HTTPRequest, _ responder: Responder) throws(APIError) {
        if request.path == "/healthz" {
            try only("GET", request)
            return responder.respond(status: 200, headers: Self.text, body: Array("ok\n".utf8))
        }
        // The page itself holds no data; it asks for the token and sends it with each call.
        if request.method == "GET" || request.method == "HEAD", serveConsole(request, responder) { return }
        try authorize(request)
        guard !request.path.contains("//") else { throw APIError(404, "not_found", "nothing is at \(request.path)") }
        let parts = request.path.split(separator: "/").map(String.init)
        switch (parts.first, parts.count) {
        case ("metrics", 1):
            try only("GET", request)
            serveMetrics(responder)
        case ("api", 3...) where parts[1] == "v1": try routeAPI(Array(parts[2...]), request, responder)
        default: throw APIError(404, "not_found", "nothing is at \(request.path)")
        }
    }

    /// - Parameter parts: of the path behind `/api/v1`; at least one.
    private func routeAPI(
        _ parts: [String], _ request: HTTPRequest, _ responder: Responder
    ) throws(APIError) {
        switch (parts[0], parts.count) {
        case ("status", 1):
            try only("GET", request)
            serveStatus(responder)
        case ("query", 1): try serveQuery(request, responder)
        case ("subscribe", 1): try serveSubscription(request, responder)
        case ("origins", 1):
            try only("GET", request)
            serveOrigins(responder)
        case ("rules", 1):
            try only("GET", request)
            serveRules(responder)
        case ("purge", 1): try servePurge(request, responder)
        case ("explain", 1): try serveExplanation(request, responder)
        case ("reload", 1):
            try only("POST", request)
            serveReload(responder)
        case ("topics", 1):
            try only("GET", request)
            serveTopics(responder)
        case ("topics", 2): try serveTopic(parts[1], request, responder)
        case ("topics", 3) where parts[2] == "events": try serveEvents(parts[1], request, responder)
        case ("topics", 4) where parts[2] == "consumers":
            try serveConsumer(topic: parts[1], consumer: parts[3], request, responder)
        case ("clusters", 1): try serveClusters(request, responder)
        case ("clusters", 2): try serveCluster(parts[1], request, responder)
        case ("clusters", 3): try serveCluster(parts[1], action: parts[2], request, responder)
        case ("views", 1): try serveViews(request, responder)
        case ("views", 2): try serveView(parts[1], request, responder)
        case ("jobs", 1): try serveJobs(request, responder)
        case ("jobs", 2): try serveJob(parts[1], request, responder)
        case ("jobs", 3): try serveJob(parts[1], action: parts[2], request, responder)
        default: throw APIError(404, "not_found", "nothing is at \(request.path)")
        }
    }

    /// - Throws: 401 without the token, where one is set; 403 for what a foreign page has a browser send, where none is.
    private func authorize(_ request: HTTPRequest) throws(APIError) {
        guard let token = context.token() else { return try BrowserGuard.check(request) }
        // The scheme is in any case (RFC 9110, 11.1).
        let given = (request.header("Authorization") ?? "").split(separator: " ", maxSplits: 1)
        guard given.count == 2, given[0].lowercased() == "bearer", Self.equalInConstantTime(String(given[1]), token)
        else {
            throw APIError(401, "unauthorized", "send the management token as Authorization: Bearer TOKEN")
        }
    }

    private static func equalInConstantTime(_ left: String, _ right: String) -> Bool {
        let left = Array(left.utf8)
        let right = Array(right.utf8)
        var difference = left.count ^ right.count
        for index in right.indices { difference |= Int(right[index] ^ (index < left.count ? left[index] : 0)) }
        return difference == 0
    }

    /// - Throws: 405 for another method.
    func only(_ methods: String..., in request: HTTPRequest) throws(APIError) {
        guard methods.contains(request.method) || methods.contains("GET") && request.method == "HEAD" else {
            throw APIError(405, "method_not_allowed", "\(request.path) takes \(methods.joined(separator: " or "))")
        }
    }

    private func only(_ method: String, _ request: HTTPRequest) throws(APIError) { try only(method, in: request) }

    func respond(_ responder: Responder, _ error: APIError) {
        var headers = Self.json
        if error.status == 401 { headers.append(("WWW-Authenticate", "Bearer")) }
        if error.status == 503 || error.status == 429 { headers.append(("Retry-After", "1")) }
        responder.respond(status: error.status, headers: headers, body: error.body)
    }

    /// Work with one key is done by one thread, in order.
    func worker(_ key: String) -> WorkerThread {
        workers[Int(key.utf8.reduce(0) { ($0 &* 31 &+ UInt32($1)) } % UInt32(workers.count))]
    }

    /// Runs blocking work off the loop; refused with 503 when too much waits.
    func onWorker(_ key: String, _ responder: Responder, _ body: @escaping @Sendable () throws(APIError) -> Void) {
        let accepted = worker(key).post { [self] in
            do throws(APIError) {
                try body()
            } catch {
                respond(responder, error)
            }
        }
        if !accepted { respond(responder, APIError(503, "overloaded", "too many requests wait; try again")) }
    }

    static let text = [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")]
    static let json = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
}
