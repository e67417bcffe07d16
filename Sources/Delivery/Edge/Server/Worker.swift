import Bytes
import HTTPCache
import HTTPWire
import Reactor
import Synchronization
import Upstream

/// All that one event loop owns: connections, origin pools, exchanges for reuse, the block of events being filled.
/// Confined to the loop; `published` is the only thing others read.
final class Worker: @unchecked Sendable {
    let loop: EventLoop
    let number: Int
    @exclusivity(unchecked) var settings: EdgeSettings
    @exclusivity(unchecked) var isDraining = false
    @exclusivity(unchecked) var counters = EdgeCounters()
    let published = Mutex(EdgeCounters())
    private(set) var connections: [any ClientConnection] = []
    /// The shared cache; `nil` where it is turned off.
    @exclusivity(unchecked) private(set) var cache: ResponseCache?
    @exclusivity(unchecked) private(set) var cacheBox: CacheSettingsBox
    private let sharedCache: ResponseCache
    private var listeners: [Listener] = []

    private let pump: EventPump
    /// Shared by all workers.
    let challenges: ChallengeTable
    @exclusivity(unchecked) private var events: EventBlock?
    @exclusivity(unchecked) private var hasArmedHandOver = false
    private var handOver: LoopTimer?

    private let resolver: Resolver
    @exclusivity(unchecked) var encodeJobs = 0
    @exclusivity(unchecked) var liveEncoders = 0
    /// What `CDN-Loop` calls this edge.
    @exclusivity(unchecked) private(set) var loopID: [UInt8] = []
    /// The lines by which a request that comes from no cache names this edge to an origin.
    @exclusivity(unchecked) private(set) var hopLines: [UInt8] = []
    /// The one by which an answer of HTTP/1.1 does.
    @exclusivity(unchecked) private(set) var viaLine: [UInt8] = []
    @exclusivity(unchecked) private var routes: RouteTable
    @exclusivity(unchecked) private var exchanges: [Exchange] = []
    private static let maximumSpareExchanges = 256

    @exclusivity(unchecked) private var dateSecond: Int64 = -1
    @exclusivity(unchecked) private var dateText: [UInt8] = []

    init(
        number: Int, settings: EdgeSettings, cache: ResponseCache, resolver: Resolver, pump: EventPump,
        challenges: ChallengeTable, throttle: ThrottleTable
    ) throws(SystemError) {
        self.number = number
        self.settings = settings
        self.resolver = resolver
        self.pump = pump
        self.challenges = challenges
        loop = try EventLoop(name: "edge-\(number)")
        sharedCache = cache
        self.cache = settings.cache.isEnabled ? cache : nil
        cacheBox = cache.box
        routes = RouteTable()
        self.throttle = throttle
        nameHop()
        rules = makeRules()
    }

    /// On the loop, first of all.
    func begin(_ standings: OriginStandings) {
        routes = RouteTable(
            settings, standings, loop: loop, resolver: resolver, reusing: nil, probes: number == 0)
        // Not weak, here and below: whatever is held weakly is slow to retain, and each request retains its worker. What
        // holds it is cancelled and closed with it.
        handOver = LoopTimer(loop: loop) { [self] in
            hasArmedHandOver = false
            handOverEvents()
        }
    }

    private func nameHop() {
        loopID = settings.loopID
        viaLine = Array("Via: 1.1 \(settings.name)\r\n".utf8)
        hopLines = Array("CDN-Loop: ".utf8) + loopID + Array("\r\n".utf8) + viaLine
    }

    private func makeRules() -> RuleRunner? {
        settings.rules.set.map {
            RuleRunner($0, settings: settings.rules, throttle: throttle, geography: settings.esi.geography)
        }
    }

    func listen(_ socket: ListeningSocket, for edge: EdgeListener, maximumConnections: Int) {
        let service = edge.kind.service
        let tls = edge.tls
        let expectsProxyHeader = edge.expectsProxyHeader
        let listener = Listener.attach(socket, to: loop, maximumConnections: maximumConnections) { [self] tcp in
            if expectsProxyHeader {
                guard trustsProxyHeader(of: tcp) else { return tcp.abort() }
                tcp.expectProxyHeader()
            }
            accept(tcp, service: service, edge)
            if let tls { tcp.startTLS(tls) }
        }
        listeners.append(listener)
    }

    // MARK: Connections

    private func accept(_ tcp: TCPConnection, service: (any HTTPService)?, _ edge: EdgeListener) {
        counters.acceptedConnections += 1
        counters.openConnections += 1
        let connection = ServerConnection(tcp: tcp, worker: self, service: service)
        connection.mayBecomeHTTP2 = edge.allowsHTTP2
        connection.mustBecomeHTTP2 = !edge.allowsHTTP1
        connection.index = connections.count
        connections.append(connection)
        tcp.setHandler(connection)
        armHandOver()
    }

    private func trustsProxyHeader(of tcp: TCPConnection) -> Bool {
        settings.trustedProxies.isEmpty || settings.trustedProxies.contains { $0.contains(tcp.peer) }
    }

    /// The client turns out to speak HTTP/2: another takes the place of a connection that has had no request.
    func replaceByHTTP2(_ old: ServerConnection) -> HTTP2Connection {
        let connection = HTTP2Connection(tcp: old.tcp, worker: self, service: old.service)
        connection.index = old.index
        connections[old.index] = connection
        old.tcp.setHandler(connection)
        connection.start()
        return connection
    }

    func connectionClosed(_ connection: any ClientConnection) {
        counters.openConnections -= 1
        let last = connections.removeLast()
        if last !== connection {
            connections[connection.index] = last
            last.index = connection.index
        }
        armHandOver()
    }

    /// Seconds since 1970.
    var nowSeconds: Int64 { loop.wallMicroseconds / 1_000_000 }

    var refusedConnections: Int { listeners.reduce(0) { $0 + $1.refusedCount } }

    // MARK: Exchanges

    func takeExchange() -> Exchange { exchanges.popLast() ?? Exchange(worker: self) }

    func recycle(_ exchange: Exchange) {
        // One that never came to an end (a connection that only sent empty lines) has nothing to tell.
        exchange.reset()
        if exchanges.count < Worker.maximumSpareExchanges { exchanges.append(exchange) }
    }

    /// Compiled pages and fragments of the cache.
    @exclusivity(unchecked) var compiledPages = CompiledPages()

    func route(host: Span<UInt8>) -> RouteTable.Route? { routes.route(host: host) }
    var hasAffinity: Bool { routes.hasAffinity }
    func route(named name: String) -> RouteTable.Route? { routes.route(named: name) }

    /// The rules of this loop; nil where there are none.
    @exclusivity(unchecked) private(set) var rules: RuleRunner?
    private let throttle: ThrottleTable
    /// How often each rule fired and failed, as `published`.
    let publishedRules = Mutex(RuleCounts())

    /// The last one's, without the number of the worker.
    private var lastRequestName: UInt64 = 0

    /// A name for error pages and events of pages: the time, and more where requests have the same one, for they are read
    /// many at a time.
    func requestName(_ exchange: Exchange) -> String {
        lastRequestName = max(lastRequestName + 1, UInt64(clamping: exchange.row.timestamp))
        return String(lastRequestName << 8 | UInt64(number & 0xff), radix: 36)
    }

    // MARK: Heads

    func writeDate(_ writer: inout HeadWriter) {
        let second = loop.wallMicroseconds / 1_000_000
        if second != dateSecond {
            dateSecond = second
            dateText.removeAll(keepingCapacity: true)
            HTTPDate.append(second, to: &dateText)
        }
        writer.startField("Date")
        writer.bytes.append(contentsOf: dateText)
        writer.endLine()
    }

    // MARK: Events

    func block() -> EventBlock {
        if let events { return events }
        let block = pump.takeBlock()
        block.worker = number
        events = block
        return block
    }

    func record(_ exchange: Exchange) {
        exchange.row.requestBytes += Int64(exchange.row.requestHeaderBytes)
        // A fragment is no request of a client.
        if exchange.parentName == nil { counters.note(exchange.row) }
        guard settings.recordsEvents else { return armHandOver() }
        let block = block()
        exchange.describe(into: block)
        block.rows.append(exchange.row)
        if block.rowCount >= EventPump.blockRows { handOverEvents() } else { armHandOver() }
    }

    /// Requests to services are not events; only their counts show.
    func countService() { armHandOver() }

    private func armHandOver() {
        guard !hasArmedHandOver else { return }
        hasArmedHandOver = true
        handOver?.setDeadline(afterMilliseconds: settings.eventHandOverMilliseconds)
    }

    func handOverEvents() {
        counters.refusedConnections = Int64(refusedConnections)
        let snapshot = counters
        published.withLock { $0 = snapshot }
        if let rules { publishedRules.withLock { $0 = rules.counts } }
        guard let block = events, !block.rows.isEmpty else { return }
        // Origins noted for requests under way would point into the block that goes; they note again when they end.
        events = nil
        pump.hand(block)
    }

    // MARK: Changes

    func apply(_ settings: EdgeSettings, _ standings: OriginStandings) {
        let old = routes
        self.settings = settings
        cache = settings.cache.isEnabled ? sharedCache : nil
        cacheBox = sharedCache.box
        nameHop()
        rules = makeRules()
        // Made by the settings that are gone.
        compiledPages.removeAll()
        routes = RouteTable(
            settings, standings, loop: loop, resolver: resolver, reusing: old, probes: number == 0)
    }

    /// Leaves new connections to another process.
    func suspendAccepting() {
        for listener in listeners { listener.suspend() }
    }

    func resumeAccepting() {
        for listener in listeners { listener.unsuspend() }
    }

    /// Stops accepting; responses from now on are the last of their connections.
    /// - Parameter keepsIdle: leaves those between requests alone.
    func beginDrain(keepsIdle: Bool) {
        guard !isDraining else { return }
        isDraining = true
        for listener in listeners { listener.close() }
        listeners = []
        for connection in connections { connection.beginDrain() }
        if !keepsIdle { closeIdle(olderThanNanoseconds: 1_000_000_000) }
    }

    /// Closes connections between requests.
    func closeIdle(olderThanNanoseconds age: Int64) {
        for connection in connections where connection.isIdle && loop.now - connection.idleSince >= age {
            connection.closeWhenIdle()
        }
    }

    /// Ends server-sent event streams, which would never end by themselves.
    func endStreams() {
        for connection in connections { connection.endStreams() }
    }

    func closeAll() {
        for connection in connections { connection.tcp.close() }
        routes.close()
        handOverEvents()
        handOver?.cancel()
    }
}

extension EdgeSettings {
    private static let processNumber = String(UInt32.random(in: .min ... .max), radix: 16)

    fileprivate var loopID: [UInt8] {
        Array((cdnID.isEmpty ? "\(name)-\(EdgeSettings.processNumber)" : cdnID).utf8)
    }
}
