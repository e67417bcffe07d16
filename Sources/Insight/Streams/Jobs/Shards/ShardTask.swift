import SQL
import Synchronization

/// Gives a shard its turns in the pool, beside the job's own.
final class ShardTask: SteppedTask, @unchecked Sendable {
    private struct State: Sendable {
        var round: ShardRound?
        var isCancelled = false
    }

    private static let sliceNanoseconds: Int64 = 10_000_000

    /// Touched by one thread at a time: this one's while a round is under way, the job's between rounds.
    private let lane: ShardLane
    private let service: QueryService
    private let state = Mutex(State())

    init(_ lane: ShardLane, service: QueryService) {
        self.lane = lane
        self.service = service
    }

    func begin(_ round: ShardRound) {
        state.withLock { $0.round = round }
        service.pool.wake(self)
    }

    func cancel() {
        state.withLock { $0.isCancelled = true }
        service.pool.wake(self)
    }

    func wake() { service.pool.wake(self) }

    func step() -> StepResult {
        let (round, isCancelled) = state.withLock { ($0.round, $0.isCancelled) }
        if isCancelled { return .done }
        guard let round else { return .wait }
        let deadline = service.systemNanoseconds() + Self.sliceNanoseconds
        switch lane.work(on: round, until: deadline, now: { service.systemNanoseconds() }) {
        case .again: return .again
        case .blocked, .done: return .wait
        }
    }

    func abandon() {}
}
