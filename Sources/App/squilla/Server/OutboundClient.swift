import HTTPWire
import Reactor
import Streams
import Upstream

/// Sends the requests of jobs' sinks and lookups: an event loop of its own, with a pool of connections for each host.
final class OutboundClient: HTTPSender {
    /// Hosts that have a pool at a time; the pool that was used longest ago makes room for another.
    private static let maximumPools = 64

    /// Touched by the loop's thread alone.
    private final class Pools: @unchecked Sendable {
        var byAuthority: [String: (pool: OriginPool, used: Int64)] = [:]
    }

    private let loop: EventLoop
    private let resolver = Resolver()
    private let pools = Pools()

    /// - Throws: where the system gives no loop.
    init() throws(SystemError) {
        loop = try EventLoop(name: "outbound")
        loop.start()
    }

    /// Ends what is under way; nothing is answered any more.
    func stop() { loop.stop() }

    func send(
        _ request: OutboundRequest,
        completion: @escaping @Sendable (Result<OutboundResponse, OutboundFailure>) -> Void
    ) {
        guard !request.url.isSecure else {
            return completion(.failure(OutboundFailure("https can't be spoken; put a proxy that does in between")))
        }
        loop.execute { [self] in
            let exchange = OutboundExchange(loop: loop, request: request, completion: completion)
            exchange.start(in: pool(for: request.url))
        }
    }

    private func pool(for url: OutboundURL) -> OriginPool {
        let key = url.authority
        if let known = pools.byAuthority[key] {
            pools.byAuthority[key] = (known.pool, loop.now)
            return known.pool
        }
        if pools.byAuthority.count >= Self.maximumPools,
            let oldest = pools.byAuthority.min(by: { $0.value.used < $1.value.used })
        {
            pools.byAuthority[oldest.key] = nil
            oldest.value.pool.close()
        }
        var settings = OriginSettings(name: key, host: url.host, port: url.port)
        settings.maximumConnections = 64
        settings.maximumIdleConnections = 8
        // A refusal is told at once: who asks has pauses of its own.
        settings.failureThreshold = .max
        let pool = OriginPool(settings: settings, loop: loop, resolver: resolver)
        pools.byAuthority[key] = (pool, loop.now)
        return pool
    }
}

/// One request on its way, until it is answered, fails, or its time is up. Confined to the loop.
private final class OutboundExchange: OriginHandler {
    private let loop: EventLoop
    private let request: OutboundRequest
    private var completion: (@Sendable (Result<OutboundResponse, OutboundFailure>) -> Void)?
    private var exchange: OriginExchange?
    private var timer: LoopTimer?
    private var status = 0
    private var retryAfter: Int?
    private var body: [UInt8] = []

    init(
        loop: EventLoop, request: OutboundRequest,
        completion: @escaping @Sendable (Result<OutboundResponse, OutboundFailure>) -> Void
    ) {
        self.loop = loop
        self.request = request
        self.completion = completion
    }

    func start(in pool: OriginPool) {
        let method: Method =
            switch request.method {
            case "GET": .get
            case "PUT": .put
            default: .post
            }
        var head = "\(request.method) \(request.url.target) HTTP/1.1\r\nHost: \(request.url.authority)\r\n"
        for header in request.headers { head += "\(header.name): \(header.value)\r\n" }
        let hasBody = method != .get
        if hasBody { head += "Content-Length: \(request.body.count)\r\n" }
        let exchange = OriginExchange(
            pool: pool,
            request: OriginRequest(
                method: method, head: Array((head + "\r\n").utf8),
                framing: hasBody ? .length(UInt64(request.body.count)) : .none),
            handler: self)
        self.exchange = exchange
        let timer = LoopTimer(loop: loop) { [weak self] in self?.timeIsUp() }
        timer.setDeadline(loop.now + Int64(request.timeoutMilliseconds) * 1_000_000)
        self.timer = timer
        exchange.start()
    }

    private func timeIsUp() {
        exchange?.cancel()
        end(.failure(OutboundFailure("no answer within \(request.timeoutMilliseconds) ms")))
    }

    private func end(_ result: Result<OutboundResponse, OutboundFailure>) {
        timer?.cancel()
        timer = nil
        exchange = nil
        let completion = self.completion
        self.completion = nil
        completion?(result)
    }

    // MARK: OriginHandler

    func originReady() {
        guard let exchange else { return }
        let body = request.body
        exchange.sendBody(body.span)
        exchange.finishBody(trailers: HeaderBlock())
    }

    func originContinues() {}
    func originInterim(_ head: ResponseHead) {}
    func originCanTakeMore() {}

    func originResponded(_ head: ResponseHead) {
        status = head.status
        retryAfter = head.block.string(named: "Retry-After").flatMap { Int($0) }
    }

    func originBody(_ bytes: Span<UInt8>) {
        guard body.count + bytes.count <= request.maximumResponseBytes else {
            exchange?.cancel()
            return end(
                .failure(OutboundFailure("the answer is longer than \(request.maximumResponseBytes) bytes")))
        }
        for index in bytes.indices { body.append(bytes[index]) }
    }

    func originEnded(trailers: HeaderBlock) {
        end(.success(OutboundResponse(status: status, retryAfterSeconds: retryAfter, body: body)))
    }

    func originFailed(_ error: UpstreamError) { end(.failure(OutboundFailure(error.message))) }
}
