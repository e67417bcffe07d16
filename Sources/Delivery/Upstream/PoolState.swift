/// The decisions of a connection pool, without connections: who gets which, when to connect, when to give up.
///
/// Idle connections are reused last in, first out, so that the surplus ages and is closed. A connect is started for a
/// request that finds none idle, but what it yields goes to the request that waits longest.
struct PoolState {
    typealias ConnectionID = UInt64
    typealias Ticket = UInt64

    enum Answer: Equatable {
        /// Send on this idle connection.
        case use(ConnectionID)
        /// Start a connect under this identity; the ticket waits.
        case connect(ConnectionID)
        /// The ticket waits for a connection to come free.
        case wait
        /// Too many wait.
        case refuseFull
        /// The origin is taken for down.
        case refuseDown
    }

    enum Release: Equatable {
        case assign(Ticket)
        case keep
        case close
    }

    private struct Idle {
        var id: ConnectionID
        var since: Int64
    }

    private struct Waiting {
        var ticket: Ticket
        var since: Int64
    }

    let settings: OriginSettings
    private var idle: [Idle] = []
    private var waiting: [Waiting] = []
    private var connecting: Set<ConnectionID> = []
    private var inUse: Set<ConnectionID> = []
    private var nextID: ConnectionID = 1
    private(set) var failuresInARow = 0
    private var downUntil: Int64 = .min

    init(settings: OriginSettings) {
        self.settings = settings
    }

    var idleCount: Int { idle.count }
    var waitingCount: Int { waiting.count }
    var connectingCount: Int { connecting.count }
    var inUseCount: Int { inUse.count }
    var connectionCount: Int { idle.count + connecting.count + inUse.count }

    func isIdle(_ id: ConnectionID) -> Bool { idle.contains { $0.id == id } }

    func isDown(at now: Int64) -> Bool { now < downUntil }

    /// A request asks for a connection. `fresh` demands one that was never used.
    mutating func request(_ ticket: Ticket, fresh: Bool, now: Int64) -> Answer {
        if !fresh, let last = idle.popLast() {
            inUse.insert(last.id)
            return .use(last.id)
        }
        if isDown(at: now) { return .refuseDown }
        guard waiting.count < settings.maximumPending else { return .refuseFull }
        waiting.append(Waiting(ticket: ticket, since: now))
        if failuresInARow >= settings.failureThreshold, !connecting.isEmpty { return .wait }
        if connecting.count >= waiting.count || connectionCount >= settings.maximumConnections { return .wait }
        return .connect(startConnect())
    }

    private mutating func startConnect() -> ConnectionID {
        defer { nextID += 1 }
        connecting.insert(nextID)
        return nextID
    }

    /// A connect succeeded; says whose request to send on it.
    mutating func connected(_ id: ConnectionID, now: Int64) -> Release {
        connecting.remove(id)
        failuresInARow = 0
        downUntil = .min
        return place(id, now: now)
    }

    /// A connect failed. The ticket that waited longest fails with it, and possibly all others once the origin is down.
    mutating func connectFailed(_ id: ConnectionID, now: Int64) -> [Ticket] {
        connecting.remove(id)
        failuresInARow += 1
        guard !waiting.isEmpty else { return [] }
        if failuresInARow >= settings.failureThreshold {
            downUntil = now + Int64(settings.failurePauseMilliseconds) * 1_000_000
            if connecting.isEmpty, inUse.isEmpty {
                defer { waiting = [] }
                return waiting.map(\.ticket)
            }
        }
        return [waiting.removeFirst().ticket]
    }

    /// A request is through with its connection.
    mutating func released(_ id: ConnectionID, reusable: Bool, now: Int64) -> Release {
        inUse.remove(id)
        return reusable ? place(id, now: now) : .close
    }

    private mutating func place(_ id: ConnectionID, now: Int64) -> Release {
        if !waiting.isEmpty {
            inUse.insert(id)
            return .assign(waiting.removeFirst().ticket)
        }
        guard idle.count < settings.maximumIdleConnections else { return .close }
        idle.append(Idle(id: id, since: now))
        return .keep
    }

    /// A connection went away, whatever it was doing.
    mutating func closed(_ id: ConnectionID) {
        inUse.remove(id)
        connecting.remove(id)
        idle.removeAll { $0.id == id }
    }

    /// A waiting request gave up.
    mutating func cancel(_ ticket: Ticket) {
        waiting.removeAll { $0.ticket == ticket }
    }

    /// After a connection went away: a connect to start because requests still wait.
    mutating func replacement(now: Int64) -> ConnectionID? {
        guard waiting.count > connecting.count, connectionCount < settings.maximumConnections, !isDown(at: now) else {
            return nil
        }
        return startConnect()
    }

    /// What has been idle or waiting for too long.
    mutating func expire(now: Int64) -> (connections: [ConnectionID], tickets: [Ticket]) {
        let idleLimit = now - Int64(settings.keepAliveMilliseconds) * 1_000_000
        let old = idle.prefix { $0.since <= idleLimit }.map(\.id)
        idle.removeFirst(old.count)
        let waitLimit = now - Int64(settings.pendingTimeoutMilliseconds) * 1_000_000
        let late = waiting.prefix { $0.since <= waitLimit }.map(\.ticket)
        waiting.removeFirst(late.count)
        return (old, late)
    }

    /// When `expire` next has work; `nil` for nothing to wait for.
    var nextExpiry: Int64? {
        var next: Int64?
        // LIFO reuse keeps the oldest first in both.
        if let first = idle.first { next = first.since + Int64(settings.keepAliveMilliseconds) * 1_000_000 }
        if let first = waiting.first {
            let late = first.since + Int64(settings.pendingTimeoutMilliseconds) * 1_000_000
            next = min(next ?? .max, late)
        }
        return next
    }
}
