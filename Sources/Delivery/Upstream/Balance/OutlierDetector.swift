/// When an endpoint is taken out because of what its answers look like.
public struct OutlierSettings: Sendable, Equatable {
    /// Failures in a row, 5xx answers among them; 0 turns this one off.
    public var consecutiveErrors = 5
    /// Failed connects, resets and time-outs in a row; 0 turns this one off.
    public var consecutiveFailures = 3
    /// How often success rates are compared.
    public var intervalMilliseconds = 10_000
    /// The first ejection lasts so long, the second in a row twice, and so on.
    public var ejectionMilliseconds = 30_000
    public var maximumEjectionMilliseconds = 300_000
    /// Endpoints that may be out at a time; one always may, where there are several.
    public var maximumEjectionPercent = 50
    /// Others are asked where all are out: the only one may be, too.
    public var mayEjectOnlyOne = false
    /// Success rates are compared where at least so many endpoints…
    public var minimumEndpoints = 5
    /// …had at least so many requests in the interval; 0 turns this one off.
    public var minimumRequests = 100
    /// An endpoint is out when its rate is this many standard deviations below the mean, in thousandths.
    public var deviationThousandths = 1_900

    public init() {}
}

/// Takes endpoints out for a while that answer worse than the others (passive health). A value without I/O.
struct OutlierDetector {
    enum Outcome {
        case success
        /// The origin answered 5xx.
        case serverError
        /// No answer: connect failed, reset, timed out.
        case failure
    }

    enum Reason: String {
        case consecutiveErrors = "consecutive_errors"
        case consecutiveFailures = "consecutive_failures"
        case successRate = "success_rate"
    }

    struct Host {
        var errorsInARow = 0
        var failuresInARow = 0
        var successes = 0
        var requests = 0
        /// Ejections without a good interval between them; the next lasts longer.
        var ejectionsInARow = 0
        var ejections = 0
        /// Nanoseconds; nil while it is in.
        var ejectedUntil: Int64?
        var reason: Reason?
        /// It is back from an ejection, and whether it is well again nobody knows: one request at a time finds out.
        var isOnTrial = false
    }

    let settings: OutlierSettings
    private(set) var hosts: [Host]
    private var nextComparison: Int64 = .min
    /// When the first that is out comes back; `.max` while none is.
    private(set) var nextReturn = Int64.max

    init(count: Int, settings: OutlierSettings) {
        self.settings = settings
        hosts = [Host](repeating: Host(), count: count)
    }

    /// Carries over what is known of an endpoint that stays.
    mutating func take(_ host: Host, at index: Int) {
        hosts[index] = host
        updateNextReturn()
    }

    private mutating func updateNextReturn() { nextReturn = hosts.compactMap(\.ejectedUntil).min() ?? .max }

    func isEjected(_ index: Int) -> Bool { hosts[index].ejectedUntil != nil }

    var ejectedCount: Int { hosts.count { $0.ejectedUntil != nil } }

    /// Notes an answer. True if endpoints came or went.
    mutating func record(_ index: Int, _ outcome: Outcome, now: Int64) -> Bool {
        hosts[index].requests += 1
        if hosts[index].isOnTrial { return endTrial(index, outcome, now: now) }
        switch outcome {
        case .success:
            hosts[index].successes += 1
            hosts[index].errorsInARow = 0
            hosts[index].failuresInARow = 0
        case .serverError:
            hosts[index].errorsInARow += 1
            hosts[index].failuresInARow = 0
        case .failure:
            hosts[index].errorsInARow += 1
            hosts[index].failuresInARow += 1
        }
        var changed = advance(now: now)
        guard hosts[index].ejectedUntil == nil else { return changed }
        let errors = settings.consecutiveErrors
        let failures = settings.consecutiveFailures
        if failures > 0, hosts[index].failuresInARow >= failures {
            changed = eject(index, .consecutiveFailures, now: now) || changed
        } else if errors > 0, hosts[index].errorsInARow >= errors {
            changed = eject(index, .consecutiveErrors, now: now) || changed
        }
        return changed
    }

    /// A request goes to an endpoint. One on trial is out again until it is known how that ends, or for as long as a first
    /// ejection lasts. True if it was.
    mutating func begin(_ index: Int, now: Int64) -> Bool {
        guard hosts[index].isOnTrial, hosts[index].ejectedUntil == nil else { return false }
        hosts[index].ejectedUntil = now + Int64(settings.ejectionMilliseconds) * 1_000_000
        updateNextReturn()
        return true
    }

    private mutating func endTrial(_ index: Int, _ outcome: Outcome, now: Int64) -> Bool {
        hosts[index].isOnTrial = false
        hosts[index].ejectedUntil = nil
        updateNextReturn()
        if outcome == .success {
            hosts[index].successes += 1
        } else {
            _ = eject(index, hosts[index].reason ?? .consecutiveFailures, now: now)
        }
        _ = advance(now: now)
        return true
    }

    /// Lets time pass: ends ejections, compares success rates. True if endpoints came or went.
    mutating func advance(now: Int64) -> Bool {
        let came = now >= nextReturn
        if came { readmit(now: now) }
        if nextComparison == .min { nextComparison = now + interval }
        guard now >= nextComparison else { return came }
        nextComparison = now + interval
        let went = compareSuccessRates(now: now)
        for index in hosts.indices {
            let isFlawless = hosts[index].requests > 0 && hosts[index].successes == hosts[index].requests
            if hosts[index].ejectedUntil == nil, isFlawless {
                hosts[index].ejectionsInARow = max(0, hosts[index].ejectionsInARow - 1)
            }
            hosts[index].successes = 0
            hosts[index].requests = 0
        }
        return came || went
    }

    private mutating func readmit(now: Int64) {
        for index in hosts.indices {
            guard let until = hosts[index].ejectedUntil, until <= now else { continue }
            hosts[index].ejectedUntil = nil
            hosts[index].errorsInARow = 0
            hosts[index].failuresInARow = 0
            hosts[index].isOnTrial = hosts[index].reason != .successRate
        }
        updateNextReturn()
    }

    private var interval: Int64 { Int64(settings.intervalMilliseconds) * 1_000_000 }

    private mutating func compareSuccessRates(now: Int64) -> Bool {
        guard settings.minimumRequests > 0 else { return false }
        let judged = hosts.indices.filter {
            hosts[$0].ejectedUntil == nil && hosts[$0].requests >= settings.minimumRequests
        }
        guard judged.count >= max(2, settings.minimumEndpoints) else { return false }
        let rates = judged.map { Double(hosts[$0].successes) / Double(hosts[$0].requests) }
        let mean = rates.reduce(0, +) / Double(rates.count)
        let variance = rates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rates.count)
        let limit = mean - variance.squareRoot() * Double(settings.deviationThousandths) / 1000
        var changed = false
        for (index, rate) in zip(judged, rates) where rate < limit {
            changed = eject(index, .successRate, now: now) || changed
        }
        return changed
    }

    /// False where too many are out already.
    private mutating func eject(_ index: Int, _ reason: Reason, now: Int64) -> Bool {
        guard hosts.count > 1 || settings.mayEjectOnlyOne else { return false }
        let allowed = max(1, hosts.count * settings.maximumEjectionPercent / 100)
        guard ejectedCount < allowed else { return false }
        hosts[index].ejectionsInARow += 1
        hosts[index].ejections += 1
        let length = min(
            settings.maximumEjectionMilliseconds, settings.ejectionMilliseconds * hosts[index].ejectionsInARow)
        hosts[index].ejectedUntil = now + Int64(length) * 1_000_000
        hosts[index].reason = reason
        updateNextReturn()
        return true
    }
}
