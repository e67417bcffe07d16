import Bytes
import HTTPWire

/// The decisions of a connection pool, without connections: who gets which, when to connect, when to give up.
///
/// Idle connections are reused last in, first out, so that the surplus ages and is closed. A connect is started for a
/// request that finds none idle, but what it yields goes to the request that waits longest. Where connections begin with
/// a PROXY header each is of the request that it was made for. Connections of HTTP/2 are shared, see `Multiplex`.
struct PoolState {
    typealias ConnectionID = PrehashedKey
    typealias Ticket = PrehashedKey

    enum Answer: Equatable {
        /// Send on this idle connection.
        case use(ConnectionID)
        /// Start a connect under this identity; the ticket waits.
        case connect(ConnectionID)
        /// Close an idle connection and start a connect in its place; the ticket waits.
        case replace(ConnectionID, with: ConnectionID)
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
    var multiplex = Multiplex()
    /// Requests that a connect is expected to carry. As long as nobody knows, one connect has to tell.
    private var expected: Int
    /// Of connections that can't serve another.
    private var owners: [ConnectionID: Ticket] = [:]
    private var nextNumber: UInt64 = 1
    private(set) var failuresInARow = 0
    private var downUntil: Int64 = .min

    init(settings: OriginSettings) {
        self.settings = settings
        expected = settings.mayMultiplex ? settings.http2.maximumStreams : 1
    }

    var idleCount: Int { idle.count + multiplex.idleCount }
    var waitingCount: Int { waiting.count }
    var connectingCount: Int { connecting.count }
    var inUseCount: Int { inUse.count + multiplex.count - multiplex.idleCount }
    var connectionCount: Int { idle.count + connecting.count + inUse.count + multiplex.count }
    var hasWaiting: Bool { !waiting.isEmpty }

    func isIdle(_ id: ConnectionID) -> Bool { idle.contains { $0.id == id } || multiplex.isIdle(id) }

    /// - Precondition: somebody waits.
    mutating func takeFirstWaiting() -> Ticket { waiting.removeFirst().ticket }

    /// Whether connects under way will do for all that wait.
    private var isProvidedFor: Bool { connecting.count * expected >= waiting.count }

    private var isPrivate: Bool { settings.proxyHeader != nil }

    /// The request that a connection is made for, where it is for one alone.
    func owner(of id: ConnectionID) -> Ticket? { owners[id] }

    func isDown(at now: Int64) -> Bool { now < downUntil }

    /// A request asks for a connection. `fresh` demands one that was never used.
    mutating func request(_ ticket: Ticket, fresh: Bool, now: Int64) -> Answer {
        if !fresh, let last = idle.popLast() {
            inUse.insert(last.id)
            return .use(last.id)
        }
        // Where there is no room for a new one, one that was used has to do.
        if multiplex.count > 0, !fresh || connectionCount >= settings.maximumConnections, let id = multiplex.take() {
            return .use(id)
        }
        if isDown(at: now) { return .refuseDown }
        guard waiting.count < settings.maximumPending else { return .refuseFull }
        waiting.append(Waiting(ticket: ticket, since: now))
        if failuresInARow >= settings.failureThreshold, !connecting.isEmpty { return .wait }
        if isProvidedFor, !isPrivate { return .wait }
        guard connectionCount >= settings.maximumConnections else { return .connect(startConnect(for: ticket)) }
        // Nobody would give a connection back to whoever wants none of those that lie idle.
        guard !idle.isEmpty else { return .wait }
        return .replace(idle.removeFirst().id, with: startConnect(for: ticket))
    }

    private mutating func startConnect(for ticket: Ticket) -> ConnectionID {
        let id = ConnectionID(nextNumber)
        nextNumber += 1
        if isPrivate { owners[id] = ticket }
        connecting.insert(id)
        return id
    }

    /// A connect succeeded; says whose request to send on it.
    mutating func connected(_ id: ConnectionID, now: Int64) -> Release {
        connectSucceeded(id, carries: 1)
        guard let owner = owners.removeValue(forKey: id) else { return place(id, now: now) }
        guard let index = waiting.firstIndex(where: { $0.ticket == owner }) else { return .close }
        waiting.remove(at: index)
        inUse.insert(id)
        return .assign(owner)
    }

    mutating func connectSucceeded(_ id: ConnectionID, carries requests: Int) {
        connecting.remove(id)
        failuresInARow = 0
        downUntil = .min
        noteExpected(requests)
    }

    mutating func noteExpected(_ requests: Int) { expected = requests }

    /// A connect failed. The ticket that it was for or that waited longest fails with it, and possibly all others once the origin is down.
    mutating func connectFailed(_ id: ConnectionID, now: Int64) -> [Ticket] {
        connecting.remove(id)
        failuresInARow += 1
        let owner = owners.removeValue(forKey: id)
        guard !waiting.isEmpty else { return [] }
        if failuresInARow >= settings.failureThreshold {
            downUntil = now + pauseNanoseconds
            if connecting.isEmpty, inUse.isEmpty {
                defer { waiting = [] }
                return waiting.map(\.ticket)
            }
        }
        guard let owner else {
            let left = max(1, waiting.count - connecting.count * expected)
            return (0..<min(left, expected)).map { _ in takeFirstWaiting() }
        }
        guard let index = waiting.firstIndex(where: { $0.ticket == owner }) else { return [] }
        return [waiting.remove(at: index).ticket]
    }

    /// Short at first, for an origin that has merely been started again, then twice as long each time.
    private var pauseNanoseconds: Int64 {
        let halvings = max(0, 4 - (failuresInARow - settings.failureThreshold))
        return (Int64(settings.failurePauseMilliseconds) * 1_000_000) >> Int64(halvings)
    }

    /// A request is through with its connection.
    mutating func released(_ id: ConnectionID, reusable: Bool, now: Int64) -> Release {
        inUse.remove(id)
        return reusable && !isPrivate ? place(id, now: now) : .close
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
        owners[id] = nil
        idle.removeAll { $0.id == id }
        multiplex.remove(id)
    }

    /// A waiting request gave up.
    mutating func cancel(_ ticket: Ticket) {
        waiting.removeAll { $0.ticket == ticket }
    }

    /// After a connection went away: a connect to start because requests still wait.
    mutating func replacement(now: Int64) -> ConnectionID? {
        guard !isProvidedFor || isPrivate, connectionCount < settings.maximumConnections,
            !isDown(at: now),
            let next = waiting.first(where: { waiter in !owners.values.contains { $0 == waiter.ticket } })
        else { return nil }
        return startConnect(for: next.ticket)
    }

    /// What has been idle or waiting for too long.
    mutating func expire(now: Int64) -> (connections: [ConnectionID], tickets: [Ticket]) {
        let idleLimit = now - Int64(settings.keepAliveMilliseconds) * 1_000_000
        let old = idle.prefix { $0.since <= idleLimit }.map(\.id)
        idle.removeFirst(old.count)
        let shared = multiplex.expire(before: idleLimit)
        let waitLimit = now - Int64(settings.pendingTimeoutMilliseconds) * 1_000_000
        let late = waiting.prefix { $0.since <= waitLimit }.map(\.ticket)
        waiting.removeFirst(late.count)
        return (old + shared, late)
    }

    /// When `expire` next has work; `nil` for nothing to wait for.
    var nextExpiry: Int64? {
        var next: Int64?
        // LIFO reuse keeps the oldest first in both.
        if let first = idle.first { next = first.since + Int64(settings.keepAliveMilliseconds) * 1_000_000 }
        if let oldest = multiplex.oldestIdle {
            next = min(next ?? .max, oldest + Int64(settings.keepAliveMilliseconds) * 1_000_000)
        }
        if let first = waiting.first {
            let late = first.since + Int64(settings.pendingTimeoutMilliseconds) * 1_000_000
            next = min(next ?? .max, late)
        }
        return next
    }
}
