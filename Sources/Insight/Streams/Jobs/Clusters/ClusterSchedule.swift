/// Decides which jobs of a cluster begin and end: a state machine. Times are microseconds since 1970.
struct ClusterSchedule: Equatable {
    /// A job of the cluster.
    struct Instance: Equatable {
        let number: Int
        /// It runs, or is about to.
        let isActive: Bool
        /// Neither that, nor about to stop.
        let isEnded: Bool
        /// It ended because it failed.
        let hasFailed: Bool
    }

    enum Action: Equatable {
        case launch
        case stop(Int)
        /// It ended long ago: its files go.
        case forget(Int)
        /// The schedule came, and a job still ran.
        case skipped
    }

    /// Jobs that ended and are still known.
    static let keptEnded = 10
    /// Between two launches for `job.sla.min`, so that what fails at once does not spin.
    static let relaunchPause: Int64 = 10_000_000

    private(set) var nextFire: Int64?
    private var lastLaunch = Int64.min

    /// The next moment of the schedule from now on: what was missed is not made good.
    mutating func arm(_ header: JobHeader, now: Int64) {
        nextFire = header.cron?.next(after: now) { header.offset(at: $0) }
    }

    mutating func tick(_ header: JobHeader, isEnabled: Bool, _ instances: [Instance], now: Int64) -> [Action] {
        var actions: [Action] = []
        var active = instances.filter(\.isActive).map(\.number).sorted()
        if let fire = nextFire, fire <= now {
            arm(header, now: now)
            if isEnabled { actions += fireActions(header, &active) }
        }
        if isEnabled, header.minimum > active.count, lastLaunch == .min || now >= lastLaunch + Self.relaunchPause {
            let isSpinning = instances.contains(where: \.hasFailed)
            let missing = isSpinning ? 1 : header.minimum - active.count
            actions += Array(repeating: .launch, count: missing)
            lastLaunch = now
        }
        if let maximum = header.maximum, active.count > maximum {
            actions += active.prefix(active.count - maximum).map { .stop($0) }
        }
        let ended = instances.filter(\.isEnded).map(\.number).sorted()
        if ended.count > Self.keptEnded { actions += ended.prefix(ended.count - Self.keptEnded).map { .forget($0) } }
        return actions
    }

    private func fireActions(_ header: JobHeader, _ active: inout [Int]) -> [Action] {
        guard !active.isEmpty else { return [.launch] }
        switch header.cronPolicy {
        case .keepExisting: return [.skipped]
        case .keepNew:
            defer { active = [] }
            return active.map { .stop($0) } + [.launch]
        }
    }
}
