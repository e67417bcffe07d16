import Synchronization

/// What all loops together know of an origin's endpoints: what checks say, who is ejected, and figures. Loops report
/// to it and look at ``version``, an atomic load, to learn of changes.
public final class OriginStanding: Sendable {
    struct State {
        var detector: OutlierDetector
        var checks: [HealthCheckState]
    }

    public let name: String
    public let endpoints: [OriginSettings]
    public let policy: OriginPolicy
    let figures: [EndpointFigures]
    private let state: Mutex<State>
    /// Grows when an endpoint comes or goes.
    let version = Atomic<Int>(1)
    private let nextReturn = Atomic<Int64>(.max)
    private let hasTrials = Atomic(false)

    /// - Parameter old: of the same origin before a reload; what is known of endpoints that stay is kept.
    public init(name: String, endpoints: [OriginSettings], policy: OriginPolicy, reusing old: OriginStanding? = nil) {
        self.name = name
        self.endpoints = endpoints
        self.policy = policy
        var detector = OutlierDetector(count: endpoints.count, settings: policy.outliers)
        var checks = [HealthCheckState](repeating: HealthCheckState(), count: endpoints.count)
        var figures: [EndpointFigures] = []
        let known = old?.state.withLock { $0 }
        for (index, endpoint) in endpoints.enumerated() {
            let place = old?.endpoints.firstIndex { $0.endpoint == endpoint.endpoint }
            if let known, let place {
                detector.take(known.detector.hosts[place], at: index)
                if old?.policy.check == policy.check { checks[index] = known.checks[place] }
            }
            figures.append(place.flatMap { old?.figures[$0] } ?? EndpointFigures())
        }
        self.figures = figures
        state = Mutex(State(detector: detector, checks: checks))
        noteReturns(of: detector)
    }

    private func noteReturns(of detector: OutlierDetector) {
        nextReturn.store(detector.nextReturn, ordering: .relaxed)
        hasTrials.store(detector.hosts.contains { $0.isOnTrial }, ordering: .relaxed)
    }

    /// Notes that a request goes to an endpoint.
    func began(_ index: Int, now: Int64) {
        figures[index].began()
        if hasTrials.load(ordering: .relaxed) { update { $0.detector.begin(index, now: now) } }
    }

    /// Notes how a request ended.
    func record(_ index: Int, _ outcome: OutlierDetector.Outcome, now: Int64) {
        update { $0.detector.record(index, outcome, now: now) }
    }

    /// Notes what a check found; nil is well.
    func record(_ index: Int, checkFailure: String?) {
        guard let settings = policy.check else { return }
        update { $0.checks[index].record(failure: checkFailure, settings: settings) }
    }

    /// Ends ejections whose time is up.
    func advance(now: Int64) {
        guard now >= nextReturn.load(ordering: .relaxed) else { return }
        update { $0.detector.advance(now: now) }
    }

    private func update(_ change: (inout State) -> Bool) {
        state.withLock { state in
            guard change(&state) else { return }
            noteReturns(of: state.detector)
            version.wrappingAdd(1, ordering: .releasing)
        }
    }

    /// Whether each endpoint may be asked.
    var available: [Bool] {
        state.withLock { state in
            endpoints.indices.map { state.checks[$0].isWell && !state.detector.isEjected($0) }
        }
    }

    // MARK: For people

    /// An endpoint as it stands.
    public struct Report: Sendable {
        public enum State: String, Sendable { case available, ejected, unwell }

        public var endpoint: String
        public var placement: Placement
        public var state: State
        /// Why it is ejected, or what the last failed check met.
        public var reason: String?
        public var active: Int
        public var requests: Int
        /// Answers of 5xx.
        public var errors: Int
        /// No answers.
        public var failures: Int
        public var ejections: Int
        public var checks: Int
        public var checkFailures: Int
        /// Until the first byte, moving average.
        public var latencyNanoseconds: Int64
    }

    /// - Parameter now: monotonic nanoseconds; nobody else may have looked since an ejection ended.
    public func report(now: Int64) -> [Report] {
        advance(now: now)
        let state = state.withLock { $0 }
        return endpoints.indices.map { index in
            let host = state.detector.hosts[index]
            let check = state.checks[index]
            let figures = figures[index]
            let isEjected = state.detector.isEjected(index)
            return Report(
                endpoint: endpoints[index].endpoint, placement: endpoints[index].placement,
                state: !check.isWell ? .unwell : isEjected ? .ejected : .available,
                reason: !check.isWell ? check.latestFailure : isEjected ? host.reason?.rawValue : nil,
                active: figures.active.load(ordering: .relaxed), requests: figures.requests.load(ordering: .relaxed),
                errors: figures.errors.load(ordering: .relaxed), failures: figures.failures.load(ordering: .relaxed),
                ejections: host.ejections, checks: check.checks, checkFailures: check.failures,
                latencyNanoseconds: figures.latency.load(ordering: .relaxed))
        }
    }
}

/// Counts of one endpoint over all loops.
final class EndpointFigures: Sendable {
    let active = Atomic<Int>(0)
    let requests = Atomic<Int>(0)
    let errors = Atomic<Int>(0)
    let failures = Atomic<Int>(0)
    /// Nanoseconds until the first byte, a moving average over some sixteen requests.
    let latency = Atomic<Int64>(0)

    func began() {
        active.wrappingAdd(1, ordering: .relaxed)
        requests.wrappingAdd(1, ordering: .relaxed)
    }

    func ended(_ outcome: OutlierDetector.Outcome?, latency sample: Int64?) {
        active.wrappingSubtract(1, ordering: .relaxed)
        switch outcome {
        case .serverError: errors.wrappingAdd(1, ordering: .relaxed)
        case .failure: failures.wrappingAdd(1, ordering: .relaxed)
        case .success, nil: break
        }
        guard let sample else { return }
        // Two loops at a time may lose a sample, which an average bears.
        let old = latency.load(ordering: .relaxed)
        latency.store(old == 0 ? sample : old + (sample - old) / 16, ordering: .relaxed)
    }
}
