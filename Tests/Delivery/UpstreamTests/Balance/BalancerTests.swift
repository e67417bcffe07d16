import Runtime
import Testing

@testable import Upstream

/// Choosing endpoints, without a socket.
@Suite struct BalancerTests {
    typealias Policy = BalanceSettings.Policy

    static func endpoints(_ count: Int, _ change: (Int, inout Placement) -> Void = { _, _ in }) -> [OriginSettings] {
        (0..<count).map { index in
            var settings = OriginSettings(name: "o", host: "10.0.0.\(index + 1)", port: 80)
            change(index, &settings.placement)
            return settings
        }
    }

    static func balancer(
        _ endpoints: [OriginSettings], _ policy: Policy, _ change: (inout BalanceSettings) -> Void = { _ in }
    ) -> Balancer {
        var settings = BalanceSettings()
        settings.policy = policy
        change(&settings)
        return Balancer(endpoints, settings: settings)
    }

    /// How often each is chosen when requests end at once.
    private func shares(
        _ balancer: inout Balancer, count: Int = 20_000, now: Int64 = 0, hash: (Int) -> UInt64? = { _ in nil }
    ) -> [Double] {
        var random = Random(seed: 5)
        var counts = [Int](repeating: 0, count: balancer.hosts.count)
        for number in 0..<count {
            var ask = Balancer.Ask()
            ask.hash = hash(number)
            if let index = balancer.pick(ask, now: now, random: &random) { counts[index] += 1 }
        }
        return counts.map { Double($0) / Double(count) }
    }

    private func isNear(_ left: [Double], _ right: [Double], within: Double = 0.02) -> Bool {
        zip(left, right).allSatisfy { abs($0 - $1) <= within }
    }

    @Test func roundRobinIsSmooth() {
        var balancer = Self.balancer(Self.endpoints(3) { $1.weight = [5, 1, 1][$0] }, .roundRobin)
        var random = Random(seed: 1)
        let order = (0..<7).map { _ in balancer.pick(Balancer.Ask(), now: 0, random: &random) ?? -1 }
        // The order of nginx's announcement of the algorithm.
        #expect(order == [0, 0, 1, 0, 2, 0, 0])
    }

    @Test(arguments: [Policy.roundRobin, .random, .leastRequest, .peakEWMA])
    func weightsHoldWithoutLoad(policy: Policy) {
        var balancer = Self.balancer(Self.endpoints(3) { $1.weight = [1, 2, 5][$0] }, policy)
        for index in 0..<3 {
            balancer.began(index)
            balancer.ended(index, latency: 0, now: 0)
        }
        #expect(isNear(shares(&balancer), [0.125, 0.25, 0.625]))
    }

    @Test(arguments: [Policy.ringHash, .maglev])
    func hashesFollowWeights(policy: Policy) {
        var balancer = Self.balancer(Self.endpoints(4) { $1.weight = [1, 1, 2, 4][$0] }, policy)
        let found = shares(&balancer) { StableHash.hash("key\($0)") }
        #expect(isNear(found, [0.125, 0.125, 0.25, 0.5], within: policy == .maglev ? 0.02 : 0.05))
    }

    @Test(arguments: [Policy.ringHash, .maglev])
    func keysOfOthersStayWhenOneGoes(policy: Policy) {
        var balancer = Self.balancer(Self.endpoints(10), policy)
        var random = Random(seed: 1)
        let before = (0..<5000).map { key in
            balancer.pick(Balancer.Ask(hash: StableHash.hash("\(key)")), now: 0, random: &random)
        }
        var available = [Bool](repeating: true, count: 10)
        available[3] = false
        balancer.update(available: available, now: 0)
        var moved = 0
        var taken = [Int](repeating: 0, count: 10)
        for key in 0..<5000 {
            let after = balancer.pick(Balancer.Ask(hash: StableHash.hash("\(key)")), now: 0, random: &random)
            if before[key] == 3 { taken[after ?? 0] += 1 } else if after != before[key] { moved += 1 }
        }
        #expect(moved == 0)
        #expect(taken[3] == 0)
        // What it had is spread over all others.
        #expect(taken.filter { $0 > 0 }.count == 9)
    }

    @Test(arguments: [Policy.ringHash, .maglev])
    func fewKeysMoveWhenOneComes(policy: Policy) {
        var old = Self.balancer(Self.endpoints(10), policy)
        var new = Self.balancer(Self.endpoints(11), policy)
        var random = Random(seed: 1)
        var moved = 0
        for key in 0..<10_000 {
            let ask = Balancer.Ask(hash: StableHash.hash("\(key)"))
            let before = old.pick(ask, now: 0, random: &random)
            let after = new.pick(ask, now: 0, random: &random)
            if before != after { moved += 1 }
        }
        // A new one of eleven takes its share; Maglev moves a few keys more (figure 12 of the paper).
        #expect(moved > 500 && moved < (policy == .maglev ? 1800 : 1300))
    }

    @Test func maglevIsEven() {
        let table = MaglevTable((0..<100).map { (StableHash.hash("host\($0)"), 1.0) })
        for index in 0..<100 { #expect(abs(table.share(index) - 0.01) < 0.0002) }
    }

    @Test func allEdgesAgree() {
        var left = Self.balancer(Self.endpoints(8), .ringHash)
        var right = Self.balancer(Self.endpoints(8).reversed(), .ringHash)
        var random = Random(seed: 1)
        for key in 0..<1000 {
            let ask = Balancer.Ask(hash: StableHash.hash("\(key)"))
            let one = left.pick(ask, now: 0, random: &random).map { left.hosts[$0].id }
            let two = right.pick(ask, now: 0, random: &random).map { right.hosts[$0].id }
            #expect(one == two)
        }
    }

    @Test(arguments: [Policy.ringHash, .maglev])
    func oneHotKeyStaysWithinTheBound(policy: Policy) {
        var balancer = Self.balancer(Self.endpoints(10), policy) { $0.boundedLoad = 1.25 }
        var random = Random(seed: 1)
        for _ in 0..<1000 {
            guard let index = balancer.pick(Balancer.Ask(hash: 42), now: 0, random: &random) else { continue }
            balancer.began(index)
        }
        #expect(balancer.hosts.allSatisfy { Double($0.active) <= (1.25 * 1000 / 10).rounded(.up) })
        #expect(balancer.active == 1000)
    }

    @Test func triedOnesAreNotAskedAgain() {
        for policy in [Policy.roundRobin, .random, .leastRequest, .peakEWMA, .ringHash, .maglev] {
            var balancer = Self.balancer(Self.endpoints(4), policy)
            var random = Random(seed: 3)
            var ask = Balancer.Ask(hash: 7)
            var asked: [Int] = []
            for _ in 0..<4 {
                guard let index = balancer.pick(ask, now: 0, random: &random) else { break }
                #expect(!ask.tried.contains(index))
                ask.tried.insert(index)
                asked.append(index)
            }
            #expect(asked.sorted() == [0, 1, 2, 3])
            #expect(balancer.pick(ask, now: 0, random: &random) == nil)
        }
    }

    @Test func aBoundClientComesBackWhileItsEndpointIsThere() {
        var balancer = Self.balancer(Self.endpoints(4), .random)
        var random = Random(seed: 3)
        let ask = Balancer.Ask(bound: 2)
        for _ in 0..<100 { #expect(balancer.pick(ask, now: 0, random: &random) == 2) }
        balancer.update(available: [true, true, false, true], now: 0)
        for _ in 0..<100 { #expect(balancer.pick(ask, now: 0, random: &random) != 2) }
    }

    @Test func aSubsetIsKeptTo() {
        var balancer = Self.balancer(Self.endpoints(4) { $1.labels = ["v": $0 < 1 ? "new" : "old"] }, .roundRobin) {
            $0.subset = BalanceSettings.Subset(header: "x", label: "v")
        }
        var random = Random(seed: 3)
        for _ in 0..<20 { #expect(balancer.pick(Balancer.Ask(subset: "new"), now: 0, random: &random) == 0) }
        #expect(balancer.pick(Balancer.Ask(subset: "none"), now: 0, random: &random) == nil)
    }

    // MARK: Levels, zones, panic, slow start

    @Test func prioritiesSpillOver() {
        var balancer = Self.balancer(Self.endpoints(8) { $1.priority = $0 < 4 ? 0 : 1 }, .roundRobin)
        let first = { (shares: [Double]) in shares[..<4].reduce(0, +) }
        #expect(first(shares(&balancer)) == 1)
        // Three of four with 1.4 of overprovisioning still take everything, two 70 %.
        balancer.update(available: [true, true, true, false, true, true, true, true], now: 0)
        #expect(first(shares(&balancer)) == 1)
        balancer.update(available: [true, true, false, false, true, true, true, true], now: 0)
        #expect(abs(first(shares(&balancer)) - 0.7) < 0.02)
        balancer.update(available: [false, false, false, false, true, true, true, true], now: 0)
        #expect(first(shares(&balancer)) == 0)
    }

    @Test func inPanicAllAreUsed() {
        var balancer = Self.balancer(Self.endpoints(10), .roundRobin)
        var available = [Bool](repeating: false, count: 10)
        for index in 0..<6 { available[index] = true }
        balancer.update(available: available, now: 0)
        #expect(shares(&balancer)[6...].allSatisfy { $0 == 0 })
        available[5] = false
        available[4] = false
        balancer.update(available: available, now: 0)
        #expect(isNear(shares(&balancer), [Double](repeating: 0.1, count: 10)))
        balancer.update(available: [Bool](repeating: false, count: 10), now: 0)
        #expect(isNear(shares(&balancer), [Double](repeating: 0.1, count: 10)))
    }

    @Test func withoutPanicNobodyIsLeft() {
        var balancer = Self.balancer(Self.endpoints(2), .roundRobin) { $0.panicPercent = 0 }
        balancer.update(available: [false, false], now: 0)
        var random = Random(seed: 1)
        #expect(balancer.pick(Balancer.Ask(), now: 0, random: &random) == nil)
    }

    @Test func theOwnZoneIsPreferred() {
        var balancer = Self.balancer(Self.endpoints(8) { $1.zone = $0 < 4 ? "a" : "b" }, .roundRobin) { $0.zone = "a" }
        let local = { (shares: [Double]) in shares[..<4].reduce(0, +) }
        #expect(local(shares(&balancer)) == 1)
        balancer.update(available: [true, false, false, false, true, true, true, true], now: 0)
        // A quarter with 1.4 of overprovisioning keeps 35 %, and gets its part of the rest.
        #expect(abs(local(shares(&balancer)) - 0.35) < 0.03)
        balancer.update(available: [false, false, false, false, true, true, true, true], now: 0)
        #expect(local(shares(&balancer)) == 0)
    }

    @Test func aNewcomerStartsSlowly() {
        var balancer = Self.balancer(Self.endpoints(2), .roundRobin) { $0.slowStartMilliseconds = 1000 }
        balancer.update(available: [true, false], now: 0)
        balancer.update(available: [true, true], now: 1_000_000_000)
        let part = { (weight: Double) in weight / (1 + weight) }
        #expect(abs(shares(&balancer, now: 1_000_000_000)[1] - part(0.1)) < 0.01)
        #expect(abs(shares(&balancer, now: 1_500_000_000)[1] - part(0.5)) < 0.01)
        #expect(abs(shares(&balancer, now: 2_500_000_000)[1] - 0.5) < 0.01)
    }

    @Test(arguments: [
        ([(4.0, 4.0)], [100], [false]), ([(0.0, 4.0)], [100], [true]),
        ([(2.0, 4.0), (4.0, 4.0)], [70, 30], [false, false]),
        ([(1.0, 4.0), (1.0, 4.0)], [50, 50], [true, true]), ([(0.0, 4.0), (4.0, 4.0)], [0, 100], [false, false]),
        ([(1.0, 10.0), (7.0, 10.0), (10.0, 10.0)], [14, 86, 0], [false, false, false]),
    ])
    func loadOfLevels(levels: [(Double, Double)], shares: [Int], panics: [Bool]) {
        let load = PriorityLoad(
            levels.map { (available: $0.0, total: $0.1) }, overprovisioning: 1.4, panicPercent: 50)
        #expect(load.shares == shares)
        #expect(load.isPanicking == panics)
    }
}
