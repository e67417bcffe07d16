import Synchronization

/// The time, injected, so that everything above can be tested and simulated with time that stands still or jumps.
public protocol Clock: Sendable {
    /// Microseconds since 1970-01-01T00:00:00Z. May step when the machine's clock is set.
    func now() -> Int64
    /// Nanoseconds from an arbitrary start. Never goes back.
    func monotonicNanoseconds() -> Int64
}

/// A clock that moves only when told to.
public final class ManualClock: Clock {
    private let microseconds: Atomic<Int64>

    /// - Parameter start: Microseconds since 1970.
    public init(start: Int64 = 1_700_000_000_000_000) {
        self.microseconds = Atomic(start)
    }

    public func now() -> Int64 { microseconds.load(ordering: .relaxed) }

    public func monotonicNanoseconds() -> Int64 { microseconds.load(ordering: .relaxed) &* 1000 }

    public func advance(microseconds step: Int64) {
        precondition(step >= 0, "time does not go back")
        microseconds.add(step, ordering: .relaxed)
    }
}
