import CPlatform
import Glibc
import Synchronization

/// Resolves host names on a thread of its own, because the system resolver blocks, and remembers the answers.
public final class Resolver: Sendable {
    /// How long an answer is reused, in milliseconds; a failure is reused for a second.
    public let cacheMilliseconds: Int64
    /// Lookups that may wait for the thread; beyond it a lookup fails at once.
    public static let maximumPending = 1024
    private static let maximumCached = 4096

    private struct Answer {
        var addresses: [SocketAddress]
        var expires: Int64
    }

    private struct State {
        var answers: [String: Answer] = [:]
        var waiting: [String: [@Sendable ([SocketAddress]) -> Void]] = [:]
        var queue: [String] = []
        var isWorking = false
    }

    private let state = Mutex(State())
    private let lookup: @Sendable (String) -> [SocketAddress]

    /// - Parameter lookup: asked on the resolver's thread, may block; the system's resolver by default. Ports don't matter.
    public init(
        cacheMilliseconds: Int64 = 30_000, lookup: @escaping @Sendable (String) -> [SocketAddress] = Resolver.askSystem
    ) {
        self.cacheMilliseconds = cacheMilliseconds
        self.lookup = lookup
    }

    /// The addresses of `host` with `port` set, from memory; `nil` when it has to be asked for. Literals always answer.
    public func cached(_ host: String, port: UInt16) -> [SocketAddress]? {
        if let literal = SocketAddress(literal: host, port: port) { return [literal] }
        let now = monotonicMilliseconds()
        let found = state.withLock { $0.answers[host] }
        guard let found, found.expires > now else { return nil }
        return found.addresses.map { with(port, $0) }
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
        let outcome: (accepted: Bool, startsThread: Bool) = state.withLock { state in
            if state.waiting[host] != nil {
                state.waiting[host, default: []].append(waiter)
                return (true, false)
            }
            guard state.queue.count < Resolver.maximumPending else { return (false, false) }
            state.waiting[host] = [waiter]
            state.queue.append(host)
            let starts = !state.isWorking
            state.isWorking = true
            return (true, starts)
        }
        if !outcome.accepted { waiter([]) }
        if outcome.startsThread { startThread() }
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
            let addresses = lookup(host)
            let expires = monotonicMilliseconds() + (addresses.isEmpty ? 1_000 : cacheMilliseconds)
            let waiters = state.withLock { state in
                if state.answers.count >= Resolver.maximumCached { state.answers.removeAll() }
                state.answers[host] = Answer(addresses: addresses, expires: expires)
                return state.waiting.removeValue(forKey: host) ?? []
            }
            for waiter in waiters { waiter(addresses) }
        }
    }

    private func nextHost() -> String? {
        state.withLock { state in
            if state.queue.isEmpty {
                state.isWorking = false
                return nil
            }
            return state.queue.removeFirst()
        }
    }

    /// Up to sixteen addresses of a host by the system's resolver, which blocks.
    public static func askSystem(_ host: String) -> [SocketAddress] {
        var found = [squilla_address](repeating: squilla_address(), count: 16)
        let count = squilla_resolve(host, &found, 16)
        return count > 0 ? found.prefix(Int(count)).map { SocketAddress($0) } : []
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
