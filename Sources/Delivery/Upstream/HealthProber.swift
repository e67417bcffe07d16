import HTTPWire
public import Reactor

/// Checks an origin's endpoints from one loop, each in turn within the interval, and notes what it finds. Confined to
/// its loop.
public final class HealthProber {
    private let standing: OriginStanding
    private let settings: HealthCheckSettings
    private let loop: EventLoop
    private let resolver: Resolver
    private var pools: [OriginPool] = []
    private var probes: [Int: OriginExchange] = [:]
    private var busy: Set<Int> = []
    private var timer: LoopTimer?
    private var next = 0

    /// Starts at once. Nil where the origin has no checks.
    public init?(standing: OriginStanding, loop: EventLoop, resolver: Resolver) {
        guard let settings = standing.policy.check, !standing.endpoints.isEmpty else { return nil }
        self.standing = standing
        self.settings = settings
        self.loop = loop
        self.resolver = resolver
        pools = standing.endpoints.map {
            OriginPool(settings: Self.probing($0, settings), loop: loop, resolver: resolver)
        }
        timer = LoopTimer(loop: loop) { [weak self] in self?.turn() }
        timer?.setDeadline(afterMilliseconds: 1)
    }

    public func stop() {
        timer?.cancel()
        timer = nil
        for probe in probes.values { probe.cancel() }
        probes = [:]
        for pool in pools { pool.close() }
    }

    /// The endpoint's own settings, so that TLS and all else is as for requests.
    private static func probing(_ endpoint: OriginSettings, _ settings: HealthCheckSettings) -> OriginSettings {
        var copy = endpoint
        copy.connectTimeoutMilliseconds = settings.timeoutMilliseconds
        copy.firstByteTimeoutMilliseconds = settings.timeoutMilliseconds
        copy.idleTimeoutMilliseconds = settings.timeoutMilliseconds
        copy.keepAliveMilliseconds = 1
        copy.maximumConnections = 2
        copy.maximumIdleConnections = 0
        copy.maximumRetries = 0
        copy.failureThreshold = .max
        return copy
    }

    /// One endpoint; the interval is shared out among all.
    private func turn() {
        let index = next
        next = (next + 1) % pools.count
        timer?.setDeadline(afterMilliseconds: max(1, settings.intervalMilliseconds / pools.count))
        // A check that takes longer than the interval is not doubled.
        guard busy.insert(index).inserted else { return }
        switch settings.kind {
        case .http: ask(index)
        case .tcp: connect(index)
        }
    }

    private func ask(_ index: Int) {
        var writer = HeadWriter(capacity: 256)
        let method = Array("GET".utf8)
        let path = Array(settings.path.utf8)
        writer.requestLine(method: method.span, target: path.span)
        writer.field("Host", text: settings.host ?? pools[index].settings.authority)
        writer.field("User-Agent", text: "squilla-check")
        writer.field("Connection", text: "close")
        writer.endHead()
        let probe = HTTPProbe(self, index, settings.statuses)
        let exchange = OriginExchange(
            pool: pools[index], request: OriginRequest(method: .get, head: writer.bytes, framing: .none), handler: probe
        )
        probe.exchange = exchange
        probes[index] = exchange
        exchange.start()
    }

    private func connect(_ index: Int) {
        let settings = pools[index].settings
        let box = Confined((prober: self, index: index))
        resolver.resolve(settings.host, port: settings.port, on: loop) { addresses in
            let (prober, index) = box.value
            prober.connect(index, addresses.first)
        }
    }

    private func connect(_ index: Int, _ address: SocketAddress?) {
        guard timer != nil else { return }
        guard let address else { return ended(index, "the name does not resolve") }
        let probe = TCPProbe(self, index)
        do throws(SystemError) {
            let tcp = try TCPConnection.connect(to: address, on: loop, handler: probe)
            probe.tcp = tcp
            tcp.setDeadline(afterMilliseconds: settings.timeoutMilliseconds)
        } catch {
            ended(index, "\(error)")
        }
    }

    fileprivate func ended(_ index: Int, _ failure: String?) {
        probes[index] = nil
        busy.remove(index)
        guard timer != nil else { return }
        standing.record(index, checkFailure: failure)
    }
}

/// Waits for one answer's status; the rest of it is nobody's.
private final class HTTPProbe: OriginHandler {
    private let prober: HealthProber
    private let index: Int
    private let statuses: ClosedRange<Int>
    weak var exchange: OriginExchange?

    init(_ prober: HealthProber, _ index: Int, _ statuses: ClosedRange<Int>) {
        self.prober = prober
        self.index = index
        self.statuses = statuses
    }

    func originReady() {}
    func originContinues() {}
    func originInterim(_ head: ResponseHead) {}
    func originBody(_ bytes: Span<UInt8>) {}
    func originEnded(trailers: HeaderBlock) {}
    func originCanTakeMore() {}

    func originResponded(_ head: ResponseHead) {
        let isGood = statuses.contains(head.status)
        prober.ended(index, isGood ? nil : "status \(head.status)")
        exchange?.cancel()
    }

    func originFailed(_ error: UpstreamError) { prober.ended(index, error.message) }
}

/// Waits for a connect.
private final class TCPProbe: TCPHandler {
    private let prober: HealthProber
    private let index: Int
    private var isOver = false
    var tcp: TCPConnection?

    init(_ prober: HealthProber, _ index: Int) {
        self.prober = prober
        self.index = index
    }

    private func end(_ failure: String?) {
        guard !isOver else { return }
        isOver = true
        prober.ended(index, failure)
        tcp?.close()
        tcp = nil
    }

    func connected() { end(nil) }
    func received(_ bytes: Span<UInt8>) {}
    func receivedEnd() {}
    func canSendMore() {}
    func drained() {}
    func deadlinePassed() { end("connect timed out") }
    func closed(_ reason: CloseReason) { end("cannot connect: \(reason)") }
}
