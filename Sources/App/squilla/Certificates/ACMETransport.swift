import Glibc
import HTTPWire
import Reactor
import Runtime
import Settings
import Upstream

/// Asks an authority's server, one request at a time, over connections like those to origins. Blocks; for a thread of
/// its own.
final class ACMETransport: Sendable {
    private let limits: ACMELimitsSection

    private struct State {
        var result: Result<ACMEReply, ACMEFailure>?
        var isStopped = false
    }

    private let loop: EventLoop
    private let resolver = Resolver()
    private let state = Monitor(State())
    private let authoritiesFile: String?

    /// - Parameter authoritiesFile: PEM file of who vouches for the server; nil for the system's.
    init(authoritiesFile: String?, limits: ACMELimitsSection) throws(SystemError) {
        self.authoritiesFile = authoritiesFile
        self.limits = limits
        loop = try EventLoop(name: "acme")
        loop.start()
    }

    /// Whoever waits for an answer waits no longer.
    func interrupt() { state.update { $0.isStopped = true } }

    func stop() { loop.stop() }

    func send(_ method: Method, _ name: String, _ url: String, body: [UInt8]) throws(ACMEFailure) -> ACMEReply {
        let place = try ACMETransport.split(url)
        var settings = OriginSettings(name: "acme", host: place.host, port: place.port)
        settings.maximumConnections = 1
        settings.maximumIdleConnections = 0
        do throws(TLSError) {
            if place.isSecure {
                var tls = TLSClientSettings(serverName: place.host)
                tls.authoritiesFile = authoritiesFile
                settings.tls = try TLSClient(tls)
            }
        } catch {
            throw ACMEFailure(problem: "connection", detail: "\(error)")
        }
        var head = "\(name) \(place.target) HTTP/1.1\r\nHost: \(settings.authority)\r\nUser-Agent: squilla\r\n"
        if method == .post { head += "Content-Type: application/jose+json\r\nContent-Length: \(body.count)\r\n" }
        let request = OriginRequest(
            method: method, head: Array((head + "Connection: close\r\n\r\n").utf8),
            framing: method == .post ? .length(UInt64(body.count)) : .none)
        return try perform(request, body, settings)
    }

    private func perform(
        _ request: OriginRequest, _ body: [UInt8], _ settings: OriginSettings
    ) throws(ACMEFailure) -> ACMEReply {
        state.update { $0.result = nil }
        loop.execute { [loop, resolver, state, limits] in
            let pool = OriginPool(settings: settings, loop: loop, resolver: resolver)
            let exchange = ACMEExchange(body: body, limits: limits) { result in
                pool.close()
                state.update { $0.result = result }
            }
            exchange.start(
                OriginExchange(pool: pool, request: request, handler: exchange),
                LoopTimer(loop: loop) { [weak exchange] in exchange?.giveUp() })
        }
        let result = state.wait { state in
            state.isStopped ? .failure(ACMEFailure(problem: "stopped", detail: "")) : state.result
        }
        guard let result else { throw ACMEFailure(problem: "stopped", detail: "") }
        return try result.get()
    }

    /// `https://HOST[:PORT]/PATH`; `http` for a server of this machine alone.
    static func split(
        _ url: String
    ) throws(ACMEFailure) -> (isSecure: Bool, host: String, port: UInt16, target: String) {
        let isSecure = url.hasPrefix("https://")
        let rest = url.dropFirst(isSecure ? 8 : 7)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let authority = String(rest[..<slash])
        let colon = authority.hasSuffix("]") ? nil : authority.lastIndex(of: ":")
        let host = colon.map { String(authority[..<$0]) } ?? authority
        let port = colon.map { UInt16(authority[authority.index(after: $0)...]) } ?? (isSecure ? 443 : 80)
        let isLocal = host == "127.0.0.1" || host == "localhost" || host == "[::1]"
        let target = slash == rest.endIndex ? "/" : String(rest[slash...])
        // The host stands in a field of the request as it is here.
        guard isSecure || url.hasPrefix("http://") && isLocal, let port, !host.isEmpty,
            host.utf8.allSatisfy(isHostByte), target.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw ACMEFailure(problem: "malformed", detail: "not a URL of an ACME server: \(url)") }
        return (isSecure, host, port, target)
    }

    /// Of a name, or of an address, in brackets or not.
    private static func isHostByte(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || "-._:[]".utf8.contains(byte)
    }
}

/// One request and the parts of its answer that matter. Confined to the loop.
private final class ACMEExchange: OriginHandler {
    private let body: [UInt8]
    private let limits: ACMELimitsSection
    private var completion: ((Result<ACMEReply, ACMEFailure>) -> Void)?
    private var exchange: OriginExchange?
    private var timer: LoopTimer?
    private var reply = ACMEReply(status: 0, body: [])

    init(body: [UInt8], limits: ACMELimitsSection, completion: @escaping (Result<ACMEReply, ACMEFailure>) -> Void) {
        self.body = body
        self.limits = limits
        self.completion = completion
    }

    /// - Parameter timer: calls ``giveUp()``.
    func start(_ exchange: OriginExchange, _ timer: LoopTimer) {
        self.exchange = exchange
        self.timer = timer
        timer.setDeadline(afterMilliseconds: limits.answerMilliseconds)
        exchange.start()
    }

    /// A whole answer takes too long, however steadily it comes.
    func giveUp() {
        exchange?.cancel()
        end(.failure(ACMEFailure(problem: "connection", detail: "no whole answer in time")))
    }

    private func end(_ result: Result<ACMEReply, ACMEFailure>) {
        exchange = nil
        timer?.cancel()
        timer = nil
        let completion = self.completion
        self.completion = nil
        completion?(result)
    }

    func originReady() {
        let body = self.body
        exchange?.sendBody(body.span)
        exchange?.finishBody(trailers: HeaderBlock())
    }

    func originContinues() {}
    func originInterim(_ head: ResponseHead) {}
    func originCanTakeMore() {}

    func originResponded(_ head: ResponseHead) {
        reply.status = head.status
        reply.nonce = head.block.string(named: "Replay-Nonce")
        reply.location = head.block.string(named: "Location")
        reply.retryAfterSeconds = head.block.string(named: "Retry-After").flatMap(ACMEExchange.seconds)
    }

    /// A number of seconds, or a date (RFC 9110, 10.2.3).
    private static func seconds(_ text: String) -> Int? {
        if let seconds = Int(text) { return seconds }
        let bytes = Array(text.utf8)
        let now = SystemClock().now() / 1_000_000
        return HTTPDate.parse(bytes.span, now: now).map { Int(clamping: $0 - now) }
    }

    func originBody(_ bytes: Span<UInt8>) {
        guard reply.body.count + bytes.count <= limits.answerBytes else {
            exchange?.cancel()
            let words = "an answer over \(limits.answerBytes) bytes"
            return end(.failure(ACMEFailure(problem: "malformed", detail: words)))
        }
        for index in bytes.indices { reply.body.append(bytes[index]) }
    }

    func originEnded(trailers: HeaderBlock) { end(.success(reply)) }

    func originFailed(_ error: UpstreamError) {
        end(.failure(ACMEFailure(problem: "connection", detail: error.message)))
    }
}
