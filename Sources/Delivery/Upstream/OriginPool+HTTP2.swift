import Reactor

/// Connections that carry many requests at a time.
extension OriginPool {
    /// For requests that may lead to another protocol, which HTTP/1.1 alone does.
    var forUpgrades: OriginPool {
        guard settings.wireProtocol != .http1 else { return self }
        if let upgrades { return upgrades }
        var http1 = settings
        http1.wireProtocol = .http1
        let pool = OriginPool(settings: http1, loop: loop, resolver: resolver)
        upgrades = pool
        return pool
    }

    func connected(_ connection: OriginHTTP2Connection) {
        connections[connection.id] = nil
        shared[connection.id] = connection
        connection.start()
        // The session may have ended the connection at once.
        guard connection.tcp?.isOpen == true else { return }
        let tickets = state.connected(connection.id, capacity: connection.capacity, now: loop.now)
        admit(tickets, to: connection)
        if isClosed || tickets.isEmpty { settle(connection) }
    }

    func capacityChanged(_ connection: OriginHTTP2Connection) {
        guard shared[connection.id] != nil else { return }
        admit(state.capacityChanged(connection.id, connection.capacity), to: connection)
    }

    private func admit(_ tickets: [PoolState.Ticket], to connection: OriginHTTP2Connection) {
        for ticket in tickets {
            guard let exchange = waiting.removeValue(forKey: ticket) else {
                streamEnded(connection)
                continue
            }
            connection.begin(exchange)
        }
    }

    /// A request is through with its stream.
    func streamEnded(_ connection: OriginHTTP2Connection) {
        guard shared[connection.id] != nil else { return }
        if isClosed || !isStillNamed(connection.tcp?.peer) { _ = state.drain(connection.id) }
        switch state.streamEnded(connection.id, now: loop.now) {
        case .assign(let ticket): admit([ticket], to: connection)
        case .keep: armTimer()
        case .close: connection.closeIdle()
        }
    }

    /// One that nobody asks anything.
    private func settle(_ connection: OriginHTTP2Connection) {
        guard isClosed else { return armTimer() }
        if state.drain(connection.id) { connection.closeIdle() }
    }

    /// The connection takes no further requests.
    func drained(_ connection: OriginHTTP2Connection) {
        guard shared[connection.id] != nil else { return }
        if state.drain(connection.id) { connection.closeIdle() }
        replaceConnection()
    }

    func closed(_ connection: OriginHTTP2Connection) {
        shared[connection.id] = nil
        state.closed(connection.id)
        replaceConnection()
    }
}
