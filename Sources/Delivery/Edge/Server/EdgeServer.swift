import Glibc
public import HTTPCache
public import Reactor
import Synchronization
public import Upstream

/// The edge: listeners, workers, and the way of the events to the log. Safe to use from any thread but the loops'.
public final class EdgeServer: Sendable {
    private struct State {
        var settings: EdgeSettings
        var addresses: [SocketAddress] = []
        var standings = OriginStandings()
        var isRunning = false
        /// In the order of the listeners; those of each are open as long as it is.
        var sockets: [[ListeningSocket]] = []
        /// Another process listens on the same sockets.
        var isHandedOver = false
    }

    let listeners: [EdgeListener]
    private let state: Mutex<State>
    let workers: [Worker]
    let challenges = ChallengeTable()
    private let pump: EventPump
    private let sweeper: CacheSweeper
    /// The cache all workers share, for its figures and for purging.
    public let cache: ResponseCache
    private let disk: DiskTier?

    /// - Parameters:
    ///   - eventSink: takes the batches of topic `requests` (`RequestEventSchema`).
    ///   - disk: the cache's tier on disk, which the server stops with itself.
    /// - Throws: `SystemError` when the system gives no epoll or eventfd.
    public init(
        settings: EdgeSettings, listeners: [EdgeListener], eventSink: EventSink, disk: DiskTier? = nil
    ) throws(SystemError) {
        self.listeners = listeners
        state = Mutex(State(settings: settings, standings: OriginStandings(settings, reusing: nil)))
        pump = EventPump(
            edgeName: settings.name, sink: eventSink, maximumBlocks: max(1, settings.maximumEventBlocks),
            waitMilliseconds: settings.eventWaitMilliseconds)
        cache = ResponseCache(settings: settings.cacheSettings, disk: disk)
        self.disk = disk
        sweeper = CacheSweeper(cache, limitBytes: settings.cacheSettings.memoryBytes)
        let resolver = Resolver(cacheMilliseconds: Int64(settings.nameCacheMilliseconds))
        let throttle = ThrottleTable(keys: settings.rules.throttleKeys)
        var workers: [Worker] = []
        let count = settings.workers > 0 ? settings.workers : max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        for number in 0..<count {
            workers.append(
                try Worker(
                    number: number, settings: settings, cache: cache, resolver: resolver, pump: pump,
                    challenges: challenges, throttle: throttle))
        }
        self.workers = workers
    }

    /// Binds every address, then starts the loops. Nothing runs when it throws.
    /// - Parameter held: what a process before this one listened on; of its sockets all are served.
    /// - Throws: `SystemError` naming the address that is taken or not allowed.
    public func start(adopting held: [HeldListener] = []) throws(SystemError) {
        var sockets: [[ListeningSocket]] = []
        var held = held
        do throws(SystemError) {
            for listener in listeners {
                sockets.append(try open(listener, &held))
            }
            for socket in held.flatMap(\.sockets) { socket.close() }
        } catch {
            for socket in sockets.joined() { socket.close() }
            throw error
        }
        let (settings, standings) = state.withLock { state in
            state.addresses = sockets.map { $0[0].address }
            state.sockets = sockets
            state.isRunning = true
            return (state.settings, state.standings)
        }
        let share = max(1, settings.maximumConnections / workers.count)
        for (number, worker) in workers.enumerated() {
            let own = zip(listeners, sockets).flatMap { listener, sockets in
                sockets.enumerated().filter { $0.offset % workers.count == number }.map { (listener, $0.element) }
            }
            worker.loop.start()
            worker.loop.execute {
                worker.begin(standings)
                for (listener, socket) in own {
                    worker.listen(socket, for: listener, maximumConnections: share)
                }
            }
        }
    }

    /// The listeners' sockets for another process. They stay open here, too.
    public var heldListeners: [HeldListener] {
        let sockets = state.withLock { $0.sockets }
        return zip(listeners, sockets).map { HeldListener(address: $0.address, sockets: $1) }
    }

    /// Says that another process listens on the same sockets from now on.
    public func noteHandedOver() { state.withLock { $0.isHandedOver = true } }

    /// The bound addresses in the order of the listeners, with real ports.
    public var addresses: [SocketAddress] { state.withLock { $0.addresses } }

    public var workerCount: Int { workers.count }

    public var settings: EdgeSettings { state.withLock { $0.settings } }

    /// Gives every worker the new settings, between two of its turns. Requests under way keep what they began with
    /// where that matters; none is dropped.
    public func reload(_ settings: EdgeSettings) {
        let standings = state.withLock { state in
            state.settings = settings
            state.standings = OriginStandings(settings, reusing: state.standings)
            return state.standings
        }
        cache.update(settings.cacheSettings)
        for worker in workers { worker.loop.execute { worker.apply(settings, standings) } }
    }

    /// The origins, parents and peers with their endpoints as they stand.
    public var origins: [OriginStanding] { state.withLock { $0.standings }.all }

    /// Purges the cache of all workers; see ``ResponseCache/purge(_:isSoft:now:)``. Blocks by prefix for as long as a look at
    /// every stored response takes, otherwise for microseconds. The memory comes back soon after.
    /// - Returns: how many stored responses each target met.
    public func purge(_ targets: [PurgeTarget], isSoft: Bool) -> [Int] {
        let now = Int64(time(nil))
        let settings = self.settings
        let counts = targets.map { target -> Int in
            guard case .key(let url) = target else { return cache.purge(target, isSoft: isSoft, now: now) }
            return settings.keys(of: url).reduce(0) { $0 + cache.purge(.key($1), isSoft: isSoft, now: now) }
        }
        sweeper.wake()
        return counts
    }

    /// What would become of a request, with the cache as it is. For other threads than the loops'.
    /// - Throws: what is wrong with the question.
    public func explain(_ question: RequestQuestion) throws(RequestQuestion.Fault) -> RequestExplanation {
        var moment = timespec()
        clock_gettime(CLOCK_REALTIME, &moment)
        var explainer = RequestExplainer(
            question, settings: settings, cache: cache,
            now: Int64(moment.tv_sec) * 1_000_000 + Int64(moment.tv_nsec) / 1000)
        return try explainer.explain()
    }

    /// How often each rule fired, at most `eventHandOverMilliseconds` old.
    public var rules: [RuleReport] {
        guard let set = settings.rules.set else { return [] }
        var sum = RuleCounts(fired: Array(repeating: 0, count: set.names.count))
        for worker in workers { sum.add(worker.publishedRules.withLock { $0 }) }
        return set.names.indices.map {
            RuleReport(
                name: set.names[$0], phase: set.rulePhases[$0], fired: sum.fired[$0], failed: sum.failed[$0])
        }
    }

    /// Totals over all workers, at most `eventHandOverMilliseconds` old.
    public var counters: EdgeCounters {
        var sum = EdgeCounters()
        for worker in workers { sum.add(worker.published.withLock { $0 }) }
        sum.droppedEvents = Int64(pump.droppedRows)
        sum.recordedEvents = Int64(pump.handedRows)
        return sum
    }

    /// Stops accepting, lets requests under way finish, closes, and hands the last events on. Blocks.
    /// - Parameters:
    ///   - deadlineMilliseconds: when it is over, what is still open is cut.
    ///   - keepsIdle: connections between requests are left to their clients, up to the deadline: each ends with its next
    ///     response or its keep-alive time. Else they are closed, and a client that sends just then has to try again.
    /// - Returns: how many connections were cut.
    @discardableResult
    public func drain(deadlineMilliseconds: Int, keepsIdle: Bool = false) -> Int {
        guard state.withLock({ $0.isRunning }) else { return 0 }
        for worker in workers { worker.loop.execute { worker.beginDrain(keepsIdle: keepsIdle) } }
        if keepsIdle {
            for worker in workers { worker.loop.execute { worker.endStreams() } }
            if waitForConnections(milliseconds: deadlineMilliseconds) == 0 {
                stop()
                return 0
            }
        }
        let grace = min(250, keepsIdle ? 500 : deadlineMilliseconds / 2)
        // Clients that were about to send on a kept connection still get their answer, marked as the last.
        waitForConnections(milliseconds: grace)
        for worker in workers {
            worker.loop.execute {
                worker.endStreams()
                worker.closeIdle(olderThanNanoseconds: 0)
            }
        }
        let left = waitForConnections(milliseconds: keepsIdle ? 500 : deadlineMilliseconds - grace)
        stop()
        return left
    }

    @discardableResult
    private func waitForConnections(milliseconds: Int) -> Int {
        let open = Mutex(0)
        for step in 0... {
            open.withLock { $0 = 0 }
            let answers = Mutex(0)
            for worker in workers {
                worker.loop.execute {
                    open.withLock { $0 += worker.connections.count }
                    answers.withLock { $0 += 1 }
                }
            }
            while answers.withLock({ $0 }) < workers.count { usleep(200) }
            if open.withLock({ $0 }) == 0 || step * 5 >= milliseconds { break }
            usleep(5_000)
        }
        return open.withLock { $0 }
    }

    /// Closes everything at once and hands the last events on.
    public func stop() {
        let wasRunning = state.withLock { state in
            defer { state.isRunning = false }
            return state.isRunning
        }
        guard wasRunning else { return }
        for worker in workers { worker.loop.execute { worker.closeAll() } }
        for worker in workers { worker.loop.stop() }
        if !state.withLock({ $0.isHandedOver }) {
            for listener in listeners { ListeningSocket.removeFile(of: listener.address) }
        }
        pump.stop(timeoutMilliseconds: 10_000)
        sweeper.stop()
        cache.spill()
        disk?.stop()
    }

    /// Gives the cache's folder back, for another process to take; memory goes on without.
    public func releaseDisk() { disk?.stop() }
}

extension EdgeListener.Kind {
    var service: (any HTTPService)? {
        switch self {
        case .proxy: nil
        case .service(let service): service
        }
    }
}
