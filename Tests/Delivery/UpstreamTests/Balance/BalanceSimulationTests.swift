import Glibc
import Runtime
import Testing

@testable import Upstream

/// Requests with arrival and service times on a clock of numbers: what the policies do under load.
@Suite struct BalanceSimulationTests {
    /// A run: when each request ended and where it went.
    struct Outcome {
        var latencies: [Double] = []
        var counts: [Int]
        var highest = 0

        func percentile(_ part: Double) -> Double {
            latencies.sorted()[min(latencies.count - 1, Int(Double(latencies.count) * part))]
        }
    }

    /// Endpoints serve one request after the other; `speed` is their mean service time in milliseconds.
    static func run(
        _ policy: BalanceSettings.Policy, speed: [Double], load: Double, count: Int, seed: UInt64
    ) -> Outcome {
        var random = Random(seed: seed)
        var balancer = BalancerTests.balancer(BalancerTests.endpoints(speed.count), policy)
        var outcome = Outcome(counts: [Int](repeating: 0, count: speed.count))
        var free = [Double](repeating: 0, count: speed.count)
        // (end, endpoint, began)
        var underWay: [(end: Double, host: Int, began: Double)] = []
        let capacity = speed.reduce(0) { $0 + 1 / $1 }
        var now = 0.0
        for _ in 0..<count {
            now += -log(1 - Double(random.next() >> 11) * 0x1p-53) / (capacity * load)
            underWay.sort { $0.end > $1.end }
            while let last = underWay.last, last.end <= now {
                underWay.removeLast()
                let latency = Int64((last.end - last.began) * 1e6)
                balancer.ended(last.host, latency: latency, now: Int64(last.end * 1e6))
            }
            guard let host = balancer.pick(Balancer.Ask(), now: Int64(now * 1e6), random: &random) else { continue }
            balancer.began(host)
            outcome.highest = max(outcome.highest, balancer.hosts[host].active)
            let service = -log(1 - Double(random.next() >> 11) * 0x1p-53) * speed[host]
            let end = max(now, free[host]) + service
            free[host] = end
            underWay.append((end, host, now))
            outcome.counts[host] += 1
            outcome.latencies.append(end - now)
        }
        return outcome
    }

    /// Two choices keep queues short where one choice does not (Mitzenmacher 2001).
    @Test(arguments: [1, 2, 3]) func twoChoicesBeatOne(seed: UInt64) {
        let speed = [Double](repeating: 1, count: 20)
        let one = Self.run(.random, speed: speed, load: 0.9, count: 20_000, seed: seed)
        let two = Self.run(.leastRequest, speed: speed, load: 0.9, count: 20_000, seed: seed)
        #expect(two.percentile(0.99) < one.percentile(0.99) * 0.5)
        #expect(two.highest < one.highest)
    }

    /// One endpoint is ten times slower: who counts what is under way gives it less, who measures latency still less.
    @Test(arguments: [1, 2, 3]) func aSlowEndpointGetsLess(seed: UInt64) {
        var speed = [Double](repeating: 1, count: 10)
        speed[0] = 10
        let turns = Self.run(.roundRobin, speed: speed, load: 0.6, count: 20_000, seed: seed)
        let least = Self.run(.leastRequest, speed: speed, load: 0.6, count: 20_000, seed: seed)
        let latency = Self.run(.peakEWMA, speed: speed, load: 0.6, count: 20_000, seed: seed)
        #expect(least.percentile(0.99) < turns.percentile(0.99) / 4)
        #expect(latency.percentile(0.99) < turns.percentile(0.99) / 4)
        #expect(latency.counts[0] < least.counts[0])
    }

    /// Endpoints fail at random and are ejected; the answers that clients get stay good, and no ejection passes the cap.
    @Test(arguments: [1, 2, 3, 4, 5]) func badEndpointsAreLeftAlone(seed: UInt64) {
        var random = Random(seed: seed)
        let count = 10
        var balancer = BalancerTests.balancer(BalancerTests.endpoints(count), .roundRobin)
        var detector = OutlierDetector(count: count, settings: OutlierSettings())
        var isBad = [Bool](repeating: false, count: count)
        var now: Int64 = 0
        var failures = 0
        var requests = 0
        for step in 0..<50_000 {
            now += 2_000_000
            if step % 5_000 == 0 {
                isBad = [Bool](repeating: false, count: count)
                for _ in 0..<random.below(4) { isBad[random.below(count)] = true }
            }
            guard let host = balancer.pick(Balancer.Ask(), now: now, random: &random) else { continue }
            requests += 1
            if isBad[host] { failures += 1 }
            let changed = detector.record(host, isBad[host] ? .serverError : .success, now: now)
            #expect(detector.ejectedCount <= 5)
            if changed { balancer.update(available: (0..<count).map { !detector.isEjected($0) }, now: now) }
        }
        // Without ejection some 15 % would fail.
        #expect(Double(failures) / Double(requests) < 0.03)
    }
}
