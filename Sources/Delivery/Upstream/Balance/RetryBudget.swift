/// When a request may be sent again, and to whom it is worth it.
public struct RetrySettings: Sendable, Equatable {
    /// Further attempts at other endpoints.
    public var maximum = 1
    /// Statuses that are taken for a failed attempt, of requests that may be repeated.
    public var statuses: [Int] = []
    /// Whether a request that may be repeated is, when its connection broke before an answer.
    public var onReset = true
    /// Whether it is, when no answer came in time.
    public var onTimeout = false
    /// Retries and hedges at a time, as a part of the requests under way, in percent…
    public var budgetPercent = 20
    /// …but so many always.
    public var budgetMinimum = 3
    /// An idempotent request without a body that got no byte in this time is asked of a second endpoint as well, and
    /// the first answer wins (Dean and Barroso 2013). 0 turns it off.
    public var hedgeMilliseconds = 0

    public init() {}
}

/// Limits on what an origin gets from one loop.
public struct BreakerSettings: Sendable, Equatable {
    /// Requests under way, of all endpoints; further ones get 503. 0 is no limit.
    public var maximumRequests = 0
    /// Retries and hedges at a time whatever the budget says.
    public var maximumRetries = 64

    public init() {}
}

/// Keeps retries from multiplying the load of an origin that is in trouble. A value without I/O.
struct RetryBudget {
    /// What a further attempt costs the origin.
    enum Charge {
        /// An endpoint has the request already: one more is load.
        case load
        /// No endpoint has it, since none took the connection: what is asked is asked once.
        case none
    }

    let retry: RetrySettings
    let breakers: BreakerSettings
    private(set) var requests = 0
    private(set) var retries = 0
    /// Further attempts without a charge.
    private(set) var moves = 0

    init(_ retry: RetrySettings, _ breakers: BreakerSettings) {
        self.retry = retry
        self.breakers = breakers
    }

    /// False if too many requests are under way.
    mutating func begin() -> Bool {
        guard breakers.maximumRequests == 0 || requests < breakers.maximumRequests else { return false }
        requests += 1
        return true
    }

    mutating func end() { requests -= 1 }

    /// False if too many retries are under way.
    mutating func beginRetry(_ charge: Charge) -> Bool {
        guard retries + moves < breakers.maximumRetries else { return false }
        switch charge {
        case .load:
            guard retries < max(retry.budgetMinimum, requests * retry.budgetPercent / 100) else { return false }
            retries += 1
        case .none: moves += 1
        }
        return true
    }

    mutating func endRetry(_ charge: Charge) {
        switch charge {
        case .load: retries -= 1
        case .none: moves -= 1
        }
    }
}
