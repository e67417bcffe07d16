import SQL
import Synchronization

/// What a shard does in the rounds of an input.
protocol ShardWork: AnyObject {
    associatedtype Round: Sendable

    /// Does what there is to do until `deadline` (system clock, nanoseconds).
    func work(on round: Round, until deadline: Int64, now: () -> Int64) -> ShardProgress
}

enum ShardProgress {
    /// Its share of the slice is over.
    case again
    /// Others have to go on first.
    case blocked
    /// Nothing is left for it.
    case done
}

/// Gives a shard its turns in the pool, beside the job's own.
final class ShardTask<Work: ShardWork>: SteppedTask, @unchecked Sendable {
    private struct State: Sendable {
        var round: Work.Round?
        var isCancelled = false
    }

    private static var sliceNanoseconds: Int64 { 10_000_000 }

    /// Touched by one thread at a time: this one's while a round is under way, the job's between rounds.
    private let work: Work
    private let service: QueryService
    private let state = Mutex(State())

    init(_ work: Work, service: QueryService) {
        self.work = work
        self.service = service
    }

    func begin(_ round: Work.Round) {
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
        switch work.work(on: round, until: deadline, now: { service.systemNanoseconds() }) {
        case .again: return .again
        case .blocked, .done: return .wait
        }
    }

    func abandon() {}
}
