import CPlatform
import Glibc
import Synchronization

/// Resolves host names on threads of its own, because the system resolver blocks, and remembers the answers. A name that
/// has to be asked for again is served with what was known of it meanwhile, and as long as nobody answers (RFC 8767).
public final class Resolver: Sendable {
    /// How long an answer is reused before the name is asked for again, in milliseconds; a failure is for a second.
    public let cacheMilliseconds: Int64
    /// Lookups that may wait for a thread; beyond it a lookup fails at once.
    public static let maximumPending = 1024
    /// Names that are asked for at a time: one whose servers don't answer holds up none of the others.
    static let maximumThreads = 16
    /// How long what was known of a name serves where nobody answers.
    private static let maximumStaleMilliseconds: Int64 = 86_400_000
    private static let maximumCached = 4096

    private struct Answer {
        var addresses: [SocketAddress]
        /// It is asked for again from then on.
        var expires: Int64
        /// It does not serve any more from then on.
        var ends: Int64
    }

    private struct State {
        var answers: [String: Answer] = [:]
        /// By name that is asked for: who waits.
        var waiting: [String: [@Sendable ([SocketAddress]) -> Void]] = [:]
        var queue: [String] = []
        var threads = 0
    }

    private enum Request {
        /// It is asked for, by a thread that has to be started or by others.
        case queued(startsThread: Bool)
        case full
    }

    private let state = Mutex(State())
    private let lookup: @Sendable (String) -> [SocketAddress]?

    /// - Parameter lookup: asked on threads of the resolver's, may block; the system's resolver by default. Nothing where
    ///   there is no such name, nil where nobody answers. Ports don't matter.
    public init(
        cacheMilliseconds: Int64 = 30_000, lookup: @escaping @Sendable (String) -> [SocketAddress]? = Resolver.askSystem
    ) {
        self.cacheMilliseconds = cacheMilliseconds
        self.lookup = lookup
    }

    /// The addresses of `host` with `port` set, from memory; `nil` when it has to be asked for. Literals always answer.
    public func cached(_ host: String, port: UInt16) -> [SocketAddress]? {
        if let literal = SocketAddress(literal: host, port: port) { return [literal] }
        let now = monotonicMilliseconds()
        let (found, request) = state.withLock { state -> ([SocketAddress]?, Request?) in
            guard let answer = state.answers[host] else { return (nil, nil) }
            if answer.expires > now { return (answer.addresses, nil) }
            guard !answer.addresses.isEmpty, answer.ends > now else { return (nil, nil) }
            return (answer.addresses, Resolver.ask(host, nil, &state))
        }
        if case .queued(true)? = request { startThread() }
        return found?.map { with(port, $0) }
    }

    /// Calls `completion` on the loop with the addresses; none means the name does not resolve.
    public func resolve(
        _ host: String, port: UInt16, on loop: EventLoop, completion: @escaping @Sendable ([SocketAddress]) -> Void
    ) {
        if let known = cached(host, port: port) {
            loop.execute { completion(known) }
            return
        }
        let waiter: @Sendable ([SocketAddress]) -> Void = { addresses in
            loop.execute { completion(addresses.map { with(port, $0) }) }
        }
        switch state.withLock({ Resolver.ask(host, waiter, &$0) }) {
        case .queued(let startsThread): if startsThread { self.startThread() }
        case .full: waiter([])
        }
    }

    private static func ask(
        _ host: String, _ waiter: (@Sendable ([SocketAddress]) -> Void)?, _ state: inout State
    ) -> Request {
        let waiters = waiter.map { [$0] } ?? []
        if state.waiting[host] != nil {
            state.waiting[host]?.append(contentsOf: waiters)
            return .queued(startsThread: false)
        }
        guard state.queue.count < maximumPending else { return .full }
        state.waiting[host] = waiters
        state.queue.append(host)
        guard state.threads < maximumThreads else { return .queued(startsThread: false) }
        state.threads += 1
        return .queued(startsThread: true)
    }

    private func startThread() {
        var id = pthread_t()
        let code = pthread_create(
            &id, nil,
            { argument in
                guard let argument else { return nil }
                squilla_name_thread("resolver")
                Unmanaged<Resolver>.fromOpaque(argument).takeRetainedValue().work()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        if code == 0 {
            pthread_detach(id)
        } else {
            work()
        }
    }

    /// Answers until the queue is empty, then the thread ends.
    private func work() {
        while let host = nextHost() {
            let found = lookup(host)
            let (waiters, addresses) = state.withLock { state in
                let answer = Resolver.answer(found, after: state.answers[host], reusedFor: cacheMilliseconds)
                if state.answers.count >= Resolver.maximumCached { state.answers.removeAll() }
                state.answers[host] = answer
                return (state.waiting.removeValue(forKey: host) ?? [], answer.addresses)
            }
            for waiter in waiters { waiter(addresses) }
        }
    }

    private static func answer(
        _ found: [SocketAddress]?, after old: Answer?, reusedFor milliseconds: Int64
    ) -> Answer {
        let now = monotonicMilliseconds()
        if let found, !found.isEmpty {
            return Answer(addresses: found, expires: now + milliseconds, ends: now + maximumStaleMilliseconds)
        }
        guard found == nil, let old, !old.addresses.isEmpty, old.ends > now else {
            return Answer(addresses: [], expires: now + 1_000, ends: now)
        }
        return Answer(addresses: old.addresses, expires: now + 1_000, ends: old.ends)
    }

    private func nextHost() -> String? {
        state.withLock { state in
            if state.queue.isEmpty {
                state.threads -= 1
                return nil
            }
            return state.queue.removeFirst()
        }
    }

    /// Up to sixteen addresses of a host by the system's resolver, which blocks; none where there is no such name, nil where
    /// nobody answers.
    public static func askSystem(_ host: String) -> [SocketAddress]? {
        var found = [squilla_address](repeating: squilla_address(), count: 16)
        let count = squilla_resolve(host, &found, 16)
        if count > 0 { return found.prefix(Int(count)).map { SocketAddress($0) } }
        return squilla_is_no_such_name(Int32(count)) != 0 ? [] : nil
    }
}

private func with(_ port: UInt16, _ address: SocketAddress) -> SocketAddress {
    var result = address
    result.port = port
    return result
}

private func monotonicMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}
