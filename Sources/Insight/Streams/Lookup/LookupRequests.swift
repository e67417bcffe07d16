import Columns

/// What is known of a key: shared by the cache and the batches that wait for it, so that a cache that is full takes
/// nothing away from them.
final class LookupAnswer {
    enum State {
        case waiting
        /// `nil` where there is no row of the key.
        case rows(Batch?)
    }

    /// One row: the values that stand in the address.
    let key: [Column]
    var state = State.waiting

    init(key: [Column]) { self.key = key }

    var isReady: Bool { if case .waiting = state { false } else { true } }
    var rows: Batch? { if case .rows(let rows) = state { rows } else { nil } }
}

/// Which keys are asked for when: a cache with limits, requests under way, and those that are tried again. It does no
/// I/O. Times are monotonic, microseconds.
struct LookupRequests {
    private struct Cached {
        let answer: LookupAnswer
        let expiry: Int64
        var access: Int64
        let rows: Int
    }

    private struct Pending {
        let answer: LookupAnswer
        var pause: RetryPause
        /// While it waits for another try.
        var retryAt: Int64?
    }

    private let options: LookupOptions
    private let maximumInFlight: Int
    private var cache: [String: Cached] = [:]
    private var cachedRows = 0
    private var pending: [String: Pending] = [:]
    /// Addresses to ask, in order, from `next` on.
    private var queue: [String] = []
    private var head = 0
    private var inFlight = 0
    private(set) var hits = 0
    private(set) var misses = 0

    init(_ options: LookupOptions, maximumInFlight: Int) {
        self.options = options
        self.maximumInFlight = maximumInFlight
    }

    var cachedKeys: Int { cache.count }
    var isIdle: Bool { pending.isEmpty }

    /// What is known of a key, or will be.
    mutating func want(_ address: String, key: () -> [Column], now: Int64) -> LookupAnswer {
        if let known = cache[address] {
            let isFresh = known.expiry > now && options.expireAfterAccess.map { known.access + $0 > now } ?? true
            if isFresh {
                cache[address]?.access = now
                hits += 1
                return known.answer
            }
            forget(address)
        }
        if let known = pending[address] { return known.answer }
        misses += 1
        let answer = LookupAnswer(key: key())
        pending[address] = Pending(answer: answer, pause: RetryPause(first: 100_000, longest: 10_000_000), retryAt: nil)
        queue.append(address)
        return answer
    }

    /// The next address to ask now; `nil` while enough are under way.
    mutating func next(now: Int64) -> String? {
        guard inFlight < maximumInFlight else { return nil }
        if head < queue.count {
            let address = queue[head]
            head += 1
            if head > 1_024, head * 2 > queue.count {
                queue.removeFirst(head)
                head = 0
            }
            inFlight += 1
            return address
        }
        guard pending.count > inFlight, let due = pending.first(where: { $0.value.retryAt.map { $0 <= now } ?? false })
        else { return nil }
        pending[due.key]?.retryAt = nil
        inFlight += 1
        return due.key
    }

    /// The answer that waits for an address.
    func answer(_ address: String) -> LookupAnswer? { pending[address]?.answer }

    /// - Parameter rows: `nil` where there is no row of the key.
    mutating func answered(_ address: String, _ rows: Batch?, now: Int64) {
        inFlight -= 1
        guard let entry = pending.removeValue(forKey: address) else { return }
        entry.answer.state = .rows(rows)
        guard options.cache == .partial, rows != nil || options.cachesMissing else { return }
        let expiry = options.expireAfterWrite.map { now + $0 } ?? .max
        let weight = max(1, rows?.rowCount ?? 0)
        guard weight <= options.maximumRows else { return }
        cache[address] = Cached(answer: entry.answer, expiry: expiry, access: now, rows: weight)
        cachedRows += weight
        if cachedRows > options.maximumRows { evict() }
    }

    /// - Parameter wished: the pause that the other side asks for.
    /// - Returns: whether it is tried again.
    mutating func failed(_ address: String, wished: Int64?, now: Int64) -> Bool {
        inFlight -= 1
        guard var entry = pending[address], entry.pause.attempts < options.maximumRetries else { return false }
        entry.retryAt = now + entry.pause.next(wished: wished)
        pending[address] = entry
        return true
    }

    private mutating func forget(_ address: String) {
        guard let gone = cache.removeValue(forKey: address) else { return }
        cachedRows -= gone.rows
    }

    /// Down to seven eighths, those that were wanted longest ago first: so that not each new key needs a look at all.
    private mutating func evict() {
        let oldest = cache.sorted { $0.value.access < $1.value.access }
        for (address, _) in oldest {
            if cachedRows <= options.maximumRows - options.maximumRows / 8 { return }
            forget(address)
        }
    }
}
