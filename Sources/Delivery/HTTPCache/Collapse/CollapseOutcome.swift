/// What a request that waited for another one's fetch does next.
public enum CollapseOutcome: Sendable, Equatable {
    /// Look up again.
    case retry
    /// The fetch failed. Asking the origin again for every waiter would hit it while it is down: take
    /// ``ResponseCache/standIn(key:request:now:)`` or answer with this status.
    case failed(status: Int)
}

/// Called once, on the thread of the fetch; it should hop to the waiter's loop.
public typealias CollapseWakeup = @Sendable (CollapseOutcome) -> Void
