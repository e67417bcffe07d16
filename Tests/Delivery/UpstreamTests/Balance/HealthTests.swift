import Testing

@testable import Upstream

@Suite struct HealthTests {
    private let second: Int64 = 1_000_000_000

    private func detector(_ count: Int = 4, _ change: (inout OutlierSettings) -> Void = { _ in }) -> OutlierDetector {
        var settings = OutlierSettings()
        change(&settings)
        return OutlierDetector(count: count, settings: settings)
    }

    @Test func errorsInARowEject() {
        var detector = detector()
        for _ in 0..<4 { #expect(detector.record(1, .serverError, now: 0) == false) }
        #expect(detector.record(1, .success, now: 0) == false)
        for _ in 0..<4 { #expect(detector.record(1, .serverError, now: 0) == false) }
        #expect(detector.record(1, .serverError, now: 0) == true)
        #expect(detector.isEjected(1))
        #expect(detector.hosts[1].reason == .consecutiveErrors)
        #expect(detector.advance(now: 29 * second) == false)
        #expect(detector.advance(now: 30 * second) == true)
        #expect(!detector.isEjected(1))
    }

    @Test func failuresEjectSooner() {
        var detector = detector()
        for _ in 0..<2 { #expect(detector.record(0, .failure, now: 0) == false) }
        #expect(detector.record(0, .failure, now: 0) == true)
        #expect(detector.hosts[0].reason == .consecutiveFailures)
    }

    @Test func theSecondEjectionLastsLonger() {
        var detector = detector { $0.maximumEjectionMilliseconds = 70_000 }
        var now: Int64 = 0
        for length: Int64 in [30, 60, 70, 70] {
            for _ in 0..<3 { _ = detector.record(0, .failure, now: now) }
            #expect(detector.nextReturn == now + length * second)
            now = detector.nextReturn
            #expect(detector.advance(now: now) == true)
        }
        // Good intervals make up for it.
        for _ in 0..<8 {
            _ = detector.record(0, .success, now: now)
            now += 10 * second
            _ = detector.advance(now: now)
        }
        for _ in 0..<3 { _ = detector.record(0, .failure, now: now) }
        #expect(detector.nextReturn == now + 30 * second)
    }

    @Test func whatComesBackIsOnTrial() {
        var detector = detector(2)
        for _ in 0..<3 { _ = detector.record(0, .failure, now: 0) }
        #expect(detector.begin(0, now: second) == false)
        #expect(detector.advance(now: 30 * second) == true)
        #expect(!detector.isEjected(0))
        // The request that finds out is alone there.
        #expect(detector.begin(0, now: 30 * second) == true)
        #expect(detector.isEjected(0) && detector.begin(0, now: 30 * second) == false)
        #expect(detector.record(0, .failure, now: 31 * second) == true)
        #expect(detector.nextReturn == 91 * second)
        // Another is let in where one takes too long.
        #expect(detector.advance(now: 91 * second) == true)
        #expect(detector.begin(0, now: 91 * second) == true)
        #expect(detector.advance(now: 121 * second) == true)
        #expect(detector.begin(0, now: 121 * second) == true)
        #expect(detector.record(0, .success, now: 122 * second) == true)
        #expect(!detector.isEjected(0) && detector.begin(0, now: 122 * second) == false)
        for _ in 0..<2 { #expect(detector.record(0, .failure, now: 123 * second) == false) }
        #expect(detector.record(0, .failure, now: 123 * second) == true)
    }

    @Test func theCapHoldsButOneMayAlwaysGo() {
        var detector = detector(4)
        for host in 0..<4 { for _ in 0..<3 { _ = detector.record(host, .failure, now: 0) } }
        #expect(detector.ejectedCount == 2)
        var two = self.detector(2) { $0.maximumEjectionPercent = 10 }
        for host in 0..<2 { for _ in 0..<3 { _ = two.record(host, .failure, now: 0) } }
        #expect(two.ejectedCount == 1)
    }

    @Test func theOnlyOneStays() {
        var detector = detector(1)
        for _ in 0..<50 { #expect(detector.record(0, .failure, now: 0) == false) }
    }

    /// Behind it is another tier.
    @Test func theOnlyCacheInFrontMayGo() {
        var detector = detector(1) { $0.mayEjectOnlyOne = true }
        for _ in 0..<2 { #expect(detector.record(0, .failure, now: 0) == false) }
        #expect(detector.record(0, .failure, now: 0) == true)
        #expect(detector.isEjected(0))
    }

    @Test func lowSuccessRatesEject() {
        var detector = detector(6) { $0.consecutiveErrors = 0 }
        _ = detector.advance(now: 0)
        for _ in 0..<200 {
            for host in 0..<6 { _ = detector.record(host, .success, now: second) }
            _ = detector.record(4, .serverError, now: second)
        }
        #expect(detector.advance(now: 10 * second) == true)
        #expect(detector.isEjected(4))
        #expect(detector.hosts[4].reason == .successRate)
        #expect(detector.ejectedCount == 1)
    }

    @Test func fewRequestsProveNothing() {
        var detector = detector(6) { $0.consecutiveErrors = 0 }
        _ = detector.advance(now: 0)
        for _ in 0..<90 { for host in 0..<6 { _ = detector.record(host, host == 4 ? .serverError : .success, now: 1) } }
        #expect(detector.advance(now: 10 * second) == false)
    }

    @Test func checksRiseAndFall() {
        var settings = HealthCheckSettings()
        settings.rise = 2
        settings.fall = 3
        var check = HealthCheckState()
        #expect(check.isWell)
        for outcome in ["a", "b", nil, "c", "d"] {
            #expect(check.record(failure: outcome, settings: settings) == false)
        }
        #expect(check.record(failure: "e", settings: settings) == true)
        #expect(!check.isWell)
        #expect(check.latestFailure == "e")
        #expect(check.record(failure: nil, settings: settings) == false)
        #expect(check.record(failure: "f", settings: settings) == false)
        #expect(check.record(failure: nil, settings: settings) == false)
        #expect(check.record(failure: nil, settings: settings) == true)
        #expect(check.isWell)
        #expect(check.checks == 10)
        #expect(check.failures == 6)
    }

    @Test func retriesFollowTheLoad() {
        var budget = RetryBudget(RetrySettings(), BreakerSettings())
        for _ in 0..<3 { #expect(budget.beginRetry(.load) == true) }
        #expect(budget.beginRetry(.load) == false)
        for _ in 0..<100 { #expect(budget.begin() == true) }
        for _ in 0..<17 { #expect(budget.beginRetry(.load) == true) }
        #expect(budget.beginRetry(.load) == false)
        budget.endRetry(.load)
        #expect(budget.beginRetry(.load) == true)
        var breakers = BreakerSettings()
        breakers.maximumRequests = 1
        breakers.maximumRetries = 1
        var small = RetryBudget(RetrySettings(), breakers)
        #expect(small.begin() == true)
        #expect(small.begin() == false)
        #expect(small.beginRetry(.load) == true)
        #expect(small.beginRetry(.load) == false)
        small.end()
        #expect(small.begin() == true)
    }

    /// Of many requests that find an endpoint gone, each asks another: no origin gets more by it.
    @Test func whatNoEndpointTookIsNoLoad() {
        var breakers = BreakerSettings()
        breakers.maximumRetries = 5
        var budget = RetryBudget(RetrySettings(), breakers)
        for _ in 0..<4 { #expect(budget.beginRetry(.none) == true) }
        #expect(budget.beginRetry(.load) == true)
        #expect(budget.beginRetry(.none) == false)
        #expect(budget.beginRetry(.load) == false)
        budget.endRetry(.none)
        #expect(budget.beginRetry(.load) == true)
    }

    @Test func aReloadKeepsWhatIsKnown() {
        let endpoints = BalancerTests.endpoints(3)
        let old = OriginStanding(name: "o", endpoints: endpoints, policy: OriginPolicy())
        for _ in 0..<3 { old.record(1, .failure, now: 0) }
        #expect(old.available == [true, false, true])
        let new = OriginStanding(
            name: "o", endpoints: [endpoints[2], endpoints[1]], policy: OriginPolicy(), reusing: old)
        #expect(new.available == [true, false])
        #expect(new.report(now: 0)[1].reason == "consecutive_failures")
        // Though no request has come since that would have looked.
        #expect(new.report(now: 30 * second).map(\.state) == [.available, .available])
        #expect(new.available == [true, true])
    }
}
