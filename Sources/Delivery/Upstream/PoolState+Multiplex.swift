/// Connections that carry many requests at a time (HTTP/2).
extension PoolState {
    /// A connect led to a connection of HTTP/2.
    /// - Parameter capacity: requests at a time, as far as is known.
    /// - Returns: whose requests to send on it.
    mutating func connected(_ id: ConnectionID, capacity: Int, now: Int64) -> [Ticket] {
        connectSucceeded(id, carries: max(1, capacity))
        multiplex.add(id, capacity: capacity, now: now)
        return admitted(to: id)
    }

    /// The server allows another number of requests at a time.
    mutating func capacityChanged(_ id: ConnectionID, _ capacity: Int) -> [Ticket] {
        multiplex.setCapacity(id, capacity)
        noteExpected(max(1, capacity))
        return admitted(to: id)
    }

    /// Those that have waited longest, as many as a connection has room for.
    private mutating func admitted(to id: ConnectionID) -> [Ticket] {
        var tickets: [Ticket] = []
        while hasWaiting, multiplex.take(on: id) { tickets.append(takeFirstWaiting()) }
        return tickets
    }

    /// A request is through with its stream.
    mutating func streamEnded(_ id: ConnectionID, now: Int64) -> Release {
        multiplex.release(id, now: now)
        if hasWaiting, multiplex.take(on: id) { return .assign(takeFirstWaiting()) }
        guard multiplex.isIdle(id) else { return .keep }
        guard !multiplex.isSpent(id), idleCount <= settings.maximumIdleConnections else {
            multiplex.remove(id)
            return .close
        }
        return .keep
    }

    /// The server takes no further requests on a connection.
    /// - Returns: whether it is to be closed, since nothing is under way on it.
    mutating func drain(_ id: ConnectionID) -> Bool {
        multiplex.drain(id)
        guard multiplex.isSpent(id) else { return false }
        multiplex.remove(id)
        return true
    }
}
