import Runtime

extension Balancer {
    /// Weight now: less in a slow start.
    func effectiveWeight(_ index: Int, _ now: Int64) -> Double {
        let host = hosts[index]
        guard settings.slowStartMilliseconds > 0, host.since != .min else { return host.weight }
        let elapsed = Double(max(0, now - host.since)) / (Double(settings.slowStartMilliseconds) * 1e6)
        return host.weight * max(0.1, min(1, elapsed))
    }

    /// Smooth weighted round robin: each gains its weight, the richest pays for all.
    mutating func inTurn(_ members: [Int], _ now: Int64) -> Int? {
        var total = 0.0
        var richest: Int?
        for index in members {
            let weight = effectiveWeight(index, now)
            total += weight
            hosts[index].credit += weight
            if richest.map({ hosts[index].credit > hosts[$0].credit }) ?? true { richest = index }
        }
        if let richest { hosts[richest].credit -= total }
        return richest
    }

    /// One at random, in proportion to the weights.
    func drawn(_ members: [Int], _ now: Int64, _ random: inout Random, except: Int? = nil) -> Int? {
        var total = 0.0
        for index in members where index != except { total += effectiveWeight(index, now) }
        var point = Double(random.next() >> 11) * 0x1p-53 * total
        var last: Int?
        for index in members where index != except {
            last = index
            point -= effectiveWeight(index, now)
            if point < 0 { break }
        }
        return last
    }

    /// The lowest of a few that are drawn. Drawing follows the weights, so that they hold without load as well.
    func best(_ members: [Int], _ now: Int64, _ random: inout Random, _ score: (Host) -> Double) -> Int? {
        var best = drawn(members, now, &random)
        for _ in 1..<max(2, settings.choices) {
            guard let first = best, let other = drawn(members, now, &random, except: first) else { return best }
            if score(hosts[other]) < score(hosts[first]) { best = other }
        }
        return best
    }

    /// By consistent hash, within the bound on load.
    func owner(of hash: UInt64, among members: [Int], _ level: Int) -> Int? {
        let positions = levels[level].hosts
        var isMember = [Bool](repeating: false, count: positions.count)
        var start = 0
        for member in members {
            // Both are in ascending order.
            while positions[start] != member { start += 1 }
            isMember[start] = true
        }
        let weights = members.reduce(0) { $0 + hosts[$1].weight }
        let accepts = { (position: Int) -> Bool in
            guard isMember[position] else { return false }
            guard settings.boundedLoad >= 1 else { return true }
            let host = hosts[positions[position]]
            let limit = settings.boundedLoad * Double(active + 1) * host.weight / weights
            return Double(host.active) < limit.rounded(.up)
        }
        let found =
            levels[level].ring?.first(hash, where: accepts) ?? levels[level].table?.first(hash, where: accepts)
        return found.map { positions[$0] } ?? members.first
    }
}
