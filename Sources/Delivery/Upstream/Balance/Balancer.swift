import Runtime

/// Chooses an endpoint for each request: level, zone, then the policy. A value without I/O; one for each loop.
struct Balancer {
    /// What is known of a request.
    struct Ask {
        /// Of the key that the policy wants; nil where the request has none.
        var hash: UInt64?
        /// Endpoints that were tried for it.
        var tried = TriedHosts()
        /// The endpoint that its client is bound to.
        var bound: Int?
        /// Only endpoints with this value of the subset's label.
        var subset: String?
    }

    struct Host {
        let id: UInt64
        let weight: Double
        let level: Int
        let isLocal: Bool
        let subset: String?
        /// Requests under way on this loop.
        var active = 0
        var isAvailable = true
        /// When it last became available; the beginning of its slow start.
        var since = Int64.min
        var latency = PeakEWMA()
        /// Of smooth round robin.
        var credit = 0.0
    }

    /// Endpoints of one priority.
    struct Level {
        var hosts: [Int] = []
        var available: [Int] = []
        var localAvailable: [Int] = []
        /// Part of the load that stays in the zone, 0 to 1.
        var localShare = 0.0
        var ring: HashRing?
        var table: MaglevTable?
    }

    let settings: BalanceSettings
    var hosts: [Host]
    private(set) var levels: [Level]
    private(set) var load: PriorityLoad
    private(set) var active = 0

    /// - Precondition: at most 65,534 endpoints.
    init(_ endpoints: [OriginSettings], settings: BalanceSettings) {
        self.settings = settings
        let priorities = Set(endpoints.map(\.placement.priority)).sorted()
        hosts = endpoints.map { endpoint in
            let placement = endpoint.placement
            return Host(
                id: StableHash.hash(endpoint.endpoint), weight: Double(max(1, placement.weight)),
                level: priorities.firstIndex(of: placement.priority) ?? 0,
                isLocal: !settings.zone.isEmpty && placement.zone == settings.zone,
                subset: settings.subset.flatMap { placement.labels[$0.label] })
        }
        levels = priorities.map { _ in Level() }
        for index in hosts.indices { levels[hosts[index].level].hosts.append(index) }
        load = PriorityLoad([], overprovisioning: 1, panicPercent: 0)
        for level in levels.indices {
            let members = levels[level].hosts.map { (hosts[$0].id, hosts[$0].weight) }
            if settings.policy == .ringHash { levels[level].ring = HashRing(members) }
            if settings.policy == .maglev { levels[level].table = MaglevTable(members) }
        }
        regroup()
    }

    // MARK: What happens

    mutating func began(_ host: Int) {
        hosts[host].active += 1
        active += 1
    }

    /// - Parameter latency: until the first byte, nanoseconds; nil where none came.
    mutating func ended(_ host: Int, latency: Int64?, now: Int64) {
        hosts[host].active -= 1
        active -= 1
        if let latency {
            hosts[host].latency.record(latency, now: now, decay: Int64(settings.decayMilliseconds) * 1_000_000)
        }
    }

    /// - Parameter isAvailable: of every endpoint.
    mutating func update(available isAvailable: [Bool], now: Int64) {
        for index in hosts.indices where hosts[index].isAvailable != isAvailable[index] {
            hosts[index].isAvailable = isAvailable[index]
            if isAvailable[index] { hosts[index].since = now }
        }
        regroup()
    }

    /// Adds the endpoints' groups up anew after a change.
    private mutating func regroup() {
        for index in levels.indices {
            let members = levels[index].hosts
            levels[index].available = members.filter { hosts[$0].isAvailable }
            levels[index].localAvailable = members.filter { hosts[$0].isAvailable && hosts[$0].isLocal }
            let local = weight(members.filter { hosts[$0].isLocal })
            let well = weight(levels[index].localAvailable)
            levels[index].localShare = local > 0 ? min(1, settings.overprovisioning * well / local) : 0
        }
        load = PriorityLoad(
            levels.map { (weight($0.available), weight($0.hosts)) }, overprovisioning: settings.overprovisioning,
            panicPercent: settings.panicPercent)
    }

    private func weight(_ members: [Int]) -> Double { members.reduce(0) { $0 + hosts[$1].weight } }

    // MARK: Choosing

    /// The endpoint for a request; nil if none is left.
    mutating func pick(_ ask: Ask, now: Int64, random: inout Random) -> Int? {
        if let bound = ask.bound, hosts.indices.contains(bound), hosts[bound].isAvailable, !ask.tried.contains(bound) {
            return bound
        }
        if hosts.count == 1, hosts[0].isAvailable, ask.subset == nil { return ask.tried.isEmpty ? 0 : nil }
        // The low bits choose the level, so that the high ones still spread over its ring.
        let point = ask.hash.map { Int(StableHash.mix($0) % 100) } ?? random.below(100)
        let first = load.level(point)
        if let found = pick(in: first, ask, now: now, random: &random) { return found }
        for level in levels.indices where level != first {
            if let found = pick(in: level, ask, now: now, random: &random) { return found }
        }
        return nil
    }

    private mutating func pick(in level: Int, _ ask: Ask, now: Int64, random: inout Random) -> Int? {
        let group = levels[level]
        if load.isPanicking[level] {
            // The second time one that is well, if there is one.
            let well = ask.tried.isEmpty ? [] : allowed(group.available, ask)
            return choose(well.isEmpty ? allowed(group.hosts, ask) : well, level, ask, now, &random)
        }
        if !group.localAvailable.isEmpty, staysLocal(group.localShare, ask, &random) {
            let local = allowed(group.localAvailable, ask)
            if let found = choose(local, level, ask, now, &random) { return found }
        } else if !group.localAvailable.isEmpty {
            let others = allowed(group.available.filter { !hosts[$0].isLocal }, ask)
            if let found = choose(others, level, ask, now, &random) { return found }
        }
        return choose(allowed(group.available, ask), level, ask, now, &random)
    }

    private func staysLocal(_ share: Double, _ ask: Ask, _ random: inout Random) -> Bool {
        guard share < 1 else { return true }
        guard let hash = ask.hash else { return random.chance(share) }
        return Double(StableHash.mix(hash &+ 1) >> 11) * 0x1p-53 < share
    }

    private func allowed(_ members: [Int], _ ask: Ask) -> [Int] {
        guard !ask.tried.isEmpty || ask.subset != nil else { return members }
        return members.filter { !ask.tried.contains($0) && (ask.subset == nil || hosts[$0].subset == ask.subset) }
    }

    private mutating func choose(
        _ members: [Int], _ level: Int, _ ask: Ask, _ now: Int64, _ random: inout Random
    ) -> Int? {
        guard members.count > 1 else { return members.first }
        switch settings.policy {
        case .roundRobin: return inTurn(members, now)
        case .random: return drawn(members, now, &random)
        case .leastRequest: return best(members, now, &random) { Double($0.active) / $0.weight }
        case .peakEWMA:
            let decay = Int64(settings.decayMilliseconds) * 1_000_000
            return best(members, now, &random) { host in
                // One that was never measured is tried before it gets load.
                guard host.latency.isMeasured else { return host.active == 0 ? 0 : .infinity }
                return host.latency.value(now: now, decay: decay) * Double(host.active + 1) / host.weight
            }
        case .ringHash, .maglev:
            guard let hash = ask.hash else { return drawn(members, now, &random) }
            return owner(of: hash, among: members, level)
        }
    }
}
