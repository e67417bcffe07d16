/// Keeps work that nobody waits for to a share of a core: it works for a while, then sleeps for some times as long.
/// Long turns with long rests disturb others less than short ones, for each turn may take somebody's core.
public struct WorkPace {
    private let clock: any Clock
    private let turnNanoseconds: Int64
    private let restsPerTurn: Int64
    private var started: Int64

    /// - Parameters:
    ///   - turnMicroseconds: how long it works before it rests.
    ///   - restsPerTurn: how many times longer the rest is than the turn.
    public init(turnMicroseconds: Int64 = 500, restsPerTurn: Int64 = 9, clock: any Clock = SystemClock()) {
        self.clock = clock
        turnNanoseconds = turnMicroseconds * 1000
        self.restsPerTurn = restsPerTurn
        started = clock.monotonicNanoseconds()
    }

    /// Called between steps of some microseconds, where no lock is held: sleeps when a turn is over.
    /// - Parameter sleep: of microseconds.
    public mutating func rest(sleep: (Int64) -> Void = { Thread.sleep(microseconds: $0) }) {
        let worked = clock.monotonicNanoseconds() - started
        guard worked >= turnNanoseconds else { return }
        // A turn in which the system gave the core to others was no longer than it should be.
        sleep(min(worked, 4 * turnNanoseconds) * restsPerTurn / 1000)
        started = clock.monotonicNanoseconds()
    }
}
