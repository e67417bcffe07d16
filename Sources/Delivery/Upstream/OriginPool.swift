import Bytes
public import Reactor

/// The connections of one loop to one origin: performs what `PoolState` decides. Confined to its loop.
public final class OriginPool {
    public let settings: OriginSettings
    let loop: EventLoop
    let resolver: Resolver
    @exclusivity(unchecked) var state: PoolState
    @exclusivity(unchecked) var connections: [PoolState.ConnectionID: OriginConnection] = [:]
    /// Those of HTTP/2, see OriginPool+HTTP2.
    @exclusivity(unchecked) var shared: [PoolState.ConnectionID: OriginHTTP2Connection] = [:]
    @exclusivity(unchecked) var upgrades: OriginPool?
    @exclusivity(unchecked) var waiting: [PoolState.Ticket: OriginExchange] = [:]
    @exclusivity(unchecked) private var nextTicket: UInt64 = 1
    @exclusivity(unchecked) private var nextAddress = 0
    /// Whose address may change.
    private let isNamed: Bool
    @exclusivity(unchecked) private var timer: LoopTimer?
    /// Connects that wait for the addresses of the name, each with the end of its patience.
    @exclusivity(unchecked) private var resolving: [PoolState.ConnectionID: LoopTimer] = [:]
    @exclusivity(unchecked) private(set) var isClosed = false

    /// - Parameter resolver: shared by all loops.
    public init(settings: OriginSettings, loop: EventLoop, resolver: Resolver) {
        self.settings = settings
        self.loop = loop
        self.resolver = resolver
        state = PoolState(settings: settings)
        isNamed = SocketAddress(literal: settings.host, port: settings.port) == nil
        // Not weak: what is held weakly is slow to retain. `close` cancels it.
        timer = LoopTimer(loop: loop) { [self] in expire() }
    }

    /// Counts for the metrics page.
    public var idleCount: Int { state.idleCount }
    public var waitingCount: Int { state.waitingCount }

    /// Closes what is idle and starts no connection any more; what is under way ends by itself.
    public func close() {
        isClosed = true
        timer?.cancel()
        timer = nil
        for connection in connections.values where state.isIdle(connection.id) { connection.closeIdle() }
        for connection in shared.values where state.drain(connection.id) { connection.closeIdle() }
        upgrades?.close()
    }

    // MARK: Exchanges

    func submit(_ exchange: OriginExchange, fresh: Bool) {
        exchange.ticket = PoolState.Ticket(nextTicket)
        nextTicket += 1
        switch state.request(exchange.ticket, fresh: fresh, now: loop.now) {
        case .use(let id):
            guard let connection = connections[id] else {
                if let connection = shared[id] { return connection.begin(exchange) }
                return refuse(exchange, UpstreamError(.reset, "the connection is gone", mayRetry: false))
            }
            assign(exchange, connection)
        case .connect(let id):
            waiting[exchange.ticket] = exchange
            connect(id)
        case .replace(let old, let id):
            waiting[exchange.ticket] = exchange
            connections[old]?.closeIdle()
            connect(id)
        case .wait:
            waiting[exchange.ticket] = exchange
            armTimer()
        case .refuseFull:
            refuse(exchange, UpstreamError(.poolFull, "too many requests wait for the origin", mayRetry: false))
        case .refuseDown:
            refuse(exchange, UpstreamError(.markedDown, "the origin failed repeatedly", mayRetry: false))
        }
    }

    /// Reports later: a caller of `start` must not be called back before it returns.
    private func refuse(_ exchange: OriginExchange, _ error: UpstreamError) {
        let box = Confined(exchange)
        loop.execute { box.value.attemptFailed(error) }
    }

    func cancel(_ exchange: OriginExchange) {
        waiting[exchange.ticket] = nil
        state.cancel(exchange.ticket)
    }

    // MARK: Connections

    private func connect(_ id: PoolState.ConnectionID) {
        if let known = resolver.cached(settings.host, port: settings.port) { return connect(id, known) }
        let limit = settings.connectTimeoutMilliseconds
        let timer = LoopTimer(loop: loop) { [self] in
            guard hasResolved(id) else { return }
            let message = "\(settings.host) was not resolved within \(limit) ms"
            connectFailed(id, UpstreamError(.connectTimeout, message, mayRetry: false))
        }
        timer.setDeadline(afterMilliseconds: limit)
        resolving[id] = timer
        let box = Confined(self)
        resolver.resolve(settings.host, port: settings.port, on: loop) { addresses in
            guard box.value.hasResolved(id) else { return }
            box.value.connect(id, addresses)
        }
    }

    /// - Returns: whether the connect still waited for that.
    private func hasResolved(_ id: PoolState.ConnectionID) -> Bool {
        guard let timer = resolving.removeValue(forKey: id) else { return false }
        timer.cancel()
        return true
    }

    private func connect(_ id: PoolState.ConnectionID, _ addresses: [SocketAddress]) {
        guard !addresses.isEmpty, !isClosed else {
            return connectFailedLater(
                id, UpstreamError(.unresolved, "\(settings.host) does not resolve", mayRetry: false))
        }
        let connection = OriginConnection(id: id, pool: self)
        connection.hasAlternatives = addresses.count > 1
        do throws(SystemError) {
            connections[id] = connection
            // In turn, so that all addresses of a name are used.
            let client = state.owner(of: id).flatMap { waiting[$0]?.client }
            try connection.connect(to: addresses[nextAddress % addresses.count], for: client)
            nextAddress &+= 1
        } catch {
            connections[id] = nil
            connectFailedLater(id, UpstreamError(.connectRefused, "\(error)", mayRetry: addresses.count > 1))
        }
    }

    private func connectFailedLater(_ id: PoolState.ConnectionID, _ error: UpstreamError) {
        let box = Confined(self)
        loop.execute { box.value.connectFailed(id, error) }
    }

    func connected(_ connection: OriginConnection) {
        place(connection, state.connected(connection.id, now: loop.now))
    }

    func connectFailed(_ id: PoolState.ConnectionID, _ error: UpstreamError) {
        connections[id] = nil
        let failed = state.connectFailed(id, now: loop.now)
        let exchanges = failed.compactMap { waiting.removeValue(forKey: $0) }
        for exchange in exchanges { exchange.attemptFailed(error) }
        replaceConnection()
    }

    func released(_ connection: OriginConnection, reusable: Bool) {
        let mayStay = reusable && !isClosed && isStillNamed(connection.tcp?.peer)
        place(connection, state.released(connection.id, reusable: mayStay, now: loop.now))
    }

    /// Whether the name still points where a connection goes; otherwise busy connections would never follow it.
    func isStillNamed(_ peer: @autoclosure () -> SocketAddress?) -> Bool {
        guard isNamed, let peer = peer(), let known = resolver.cached(settings.host, port: settings.port) else {
            return true
        }
        return known.isEmpty || known.contains { $0.high == peer.high && $0.low == peer.low }
    }

    private func place(_ connection: OriginConnection, _ release: PoolState.Release) {
        switch release {
        case .assign(let ticket):
            guard let exchange = waiting.removeValue(forKey: ticket) else { return connection.closeIdle() }
            assign(exchange, connection)
        case .keep:
            connection.tcpIdle()
            armTimer()
        case .close: connection.closeIdle()
        }
    }

    /// What could not be sent again had better not meet a connection that was closed meanwhile, and nothing one that an
    /// origin has spoken on unasked.
    private func assign(_ exchange: OriginExchange, _ connection: OriginConnection) {
        guard connection.isSpent(looksAtSocket: !exchange.request.mayBeRepeated) else {
            return exchange.assigned(connection)
        }
        connection.closeIdle()
        submit(exchange, fresh: false)
    }

    func closed(_ connection: OriginConnection) {
        state.closed(connection.id)
        connections[connection.id] = nil
        replaceConnection()
    }

    func replaceConnection() {
        if let id = state.replacement(now: loop.now) { connect(id) }
    }

    // MARK: Time

    func armTimer() {
        if let next = state.nextExpiry { timer?.setDeadline(next) }
    }

    private func expire() {
        let due = state.expire(now: loop.now)
        for id in due.connections {
            connections[id]?.closeIdle()
            shared[id]?.closeIdle()
        }
        for ticket in due.tickets {
            waiting.removeValue(forKey: ticket)?
                .attemptFailed(UpstreamError(.poolTimeout, "no connection to the origin came free", mayRetry: false))
        }
        armTimer()
    }
}
