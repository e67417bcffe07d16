/// A job's life as a state machine: what happens to it comes in, what is to be done comes out. Times are monotonic,
/// microseconds.
struct JobLifeCycle: Equatable {
    enum Phase: String, Sendable {
        /// Known, and not tried yet.
        case accepted
        /// Its plan is made and its state loaded.
        case launched
        /// It reads its inputs.
        case started
        /// It failed and is tried again after a pause.
        case restarting
        /// It failed too often, or for a reason that another try doesn't change.
        case failed
        /// Its inputs ended and everything was written.
        case completed
        case stopping
        case stopped
    }

    enum Event {
        case launch
        case started
        case failed(isPermanent: Bool)
        case completed
        case stop
        /// A stop has been carried out.
        case ended
        /// Time has passed.
        case tick
    }

    enum Action: Equatable {
        case run
        case stop
        /// Ask again at this time.
        case wait(until: Int64)
    }

    struct Limits: Equatable {
        var firstPauseMicroseconds: Int64 = 500_000
        var longestPauseMicroseconds: Int64 = 30_000_000
        /// Failures within the period after which the job stays failed.
        var restartBudget = 20
        var periodMicroseconds: Int64 = 600_000_000
    }

    private(set) var phase = Phase.accepted
    private(set) var restarts = 0
    private let limits: Limits
    private var failures: [Int64] = []
    private var resumeAt: Int64 = 0

    init(limits: Limits = Limits()) { self.limits = limits }

    var isRunning: Bool { phase == .launched || phase == .started || phase == .stopping }

    mutating func on(_ event: Event, now: Int64) -> Action? {
        switch (event, phase) {
        case (.launch, .accepted), (.launch, .stopped), (.launch, .failed), (.launch, .completed):
            if phase != .accepted { failures = [] }
            phase = .launched
            return .run
        case (.started, .launched):
            phase = .started
            return nil
        case (.failed(let isPermanent), .launched), (.failed(let isPermanent), .started):
            return fail(isPermanent: isPermanent, now: now)
        case (.failed, .stopping), (.ended, .stopping):
            phase = .stopped
            return nil
        case (.completed, .started), (.completed, .launched), (.completed, .stopping):
            phase = .completed
            return nil
        case (.stop, .launched), (.stop, .started):
            phase = .stopping
            return .stop
        case (.stop, .accepted), (.stop, .restarting), (.stop, .failed):
            phase = .stopped
            return nil
        case (.tick, .restarting):
            guard now >= resumeAt else { return .wait(until: resumeAt) }
            phase = .launched
            restarts += 1
            return .run
        default: return nil
        }
    }

    private mutating func fail(isPermanent: Bool, now: Int64) -> Action? {
        failures.removeAll { now - $0 > limits.periodMicroseconds }
        failures.append(now)
        guard !isPermanent, failures.count <= limits.restartBudget else {
            phase = .failed
            return nil
        }
        phase = .restarting
        let doublings = min(failures.count - 1, 20)
        resumeAt = now + min(limits.firstPauseMicroseconds << Int64(doublings), limits.longestPauseMicroseconds)
        return .wait(until: resumeAt)
    }
}
