import Runtime
import Synchronization

/// Tells the operator that events of requests are dropped, and why: at the first, and then once a minute at most.
final class LossNotices: Sendable {
    private struct State {
        var told: Int64?
        /// Since the operator was told last.
        var rows = 0
    }

    private static let restNanoseconds: Int64 = 60_000_000_000

    private let state = Mutex(State())
    private let clock: any Clock
    private let write: @Sendable (String) -> Void

    init(
        clock: any Clock = SystemClock(),
        write: @escaping @Sendable (String) -> Void = { StandardError.write(line: $0) }
    ) {
        self.clock = clock
        self.write = write
    }

    func note(_ rows: Int, _ reason: String) {
        let now = clock.monotonicNanoseconds()
        let due = state.withLock { state -> Int? in
            state.rows += rows
            if let told = state.told, now - told < Self.restNanoseconds { return nil }
            state.told = now
            defer { state.rows = 0 }
            return state.rows
        }
        guard let due else { return }
        write(
            "squilla: \(due) events were dropped, and more may follow for a minute without a word: \(reason) "
                + "(squilla_events_dropped_total counts them)")
    }
}
