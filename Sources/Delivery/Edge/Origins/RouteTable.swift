import Bytes
import HTTPWire
import Reactor
import Upstream

/// Which origin serves which host, with its groups of endpoints, for one loop.
struct RouteTable {
    final class Route {
        let origin: EdgeOrigin
        let group: OriginGroup
        let parents: OriginGroup?
        let peers: OriginGroup?

        init(origin: EdgeOrigin, group: OriginGroup, parents: OriginGroup?, peers: OriginGroup?) {
            self.origin = origin
            self.group = group
            self.parents = parents
            self.peers = peers
        }

        /// Sent as `Host`; nil passes the client's on.
        var hostHeader: String? { origin.endpoints[0].hostHeader }
    }

    /// In the order of the settings; nil for one without endpoints.
    private var routes: [Route?] = []
    private var hosts = HostTable([])
    private var probers: [HealthProber] = []

    /// Whether some origin binds clients to its endpoints.
    private(set) var hasAffinity = false

    init() {}

    /// - Parameters:
    ///   - old: pools to the same endpoints are kept with their connections; the others are closed.
    ///   - probes: whether this loop is the one that checks the endpoints' health.
    init(
        _ settings: EdgeSettings, _ standings: OriginStandings, loop: EventLoop, resolver: Resolver,
        reusing old: RouteTable?, probes: Bool
    ) {
        var shelf = PoolShelf(old?.pools ?? [], loop: loop, resolver: resolver)
        for prober in old?.probers ?? [] { prober.stop() }
        let peers = standings.peers.map { standing in
            OriginGroup(
                standing: standing, pools: shelf.take(standing.endpoints), loop: loop, tier: .peer,
                own: settings.peers?.own)
        }
        hosts = HostTable(settings.origins)
        hasAffinity = settings.origins.contains { $0.affinity != nil }
        for origin in settings.origins {
            guard !origin.endpoints.isEmpty, let standing = standings.origins[origin.name] else {
                routes.append(nil)
                continue
            }
            let group = OriginGroup(standing: standing, pools: shelf.take(standing.endpoints), loop: loop)
            let parents = standings.parents[origin.name].map {
                OriginGroup(standing: $0, pools: shelf.take($0.endpoints), loop: loop, tier: .parent)
            }
            routes.append(Route(origin: origin, group: group, parents: parents, peers: peers))
        }
        if probes {
            probers = standings.all.compactMap { HealthProber(standing: $0, loop: loop, resolver: resolver) }
        }
        shelf.closeRest()
    }

    func route(named name: String) -> Route? { routes.first { $0?.origin.name == name } ?? nil }

    func route(host: Span<UInt8>) -> Route? { hosts.route(host: host).flatMap { routes[$0] } }

    private var pools: [OriginPool] {
        let routes = routes.compactMap { $0 }
        let peers = routes.first?.peers?.pools ?? []
        return routes.flatMap { $0.group.pools + ($0.parents?.pools ?? []) } + peers
    }

    func close() {
        for prober in probers { prober.stop() }
        for pool in pools { pool.close() }
    }
}

/// Which of the origins serves a host.
struct HostTable {
    private var named: [(host: [UInt8], origin: Int)] = []
    private var fallback: Int?

    init(_ origins: [EdgeOrigin]) {
        for (index, origin) in origins.enumerated() where !origin.endpoints.isEmpty {
            for host in origin.hosts { named.append((Array(host.lowercased().utf8), index)) }
            if origin.hosts.isEmpty, fallback == nil { fallback = index }
        }
    }

    /// - Parameter host: also with the dot that a name may end with (RFC 1034, 3.1).
    func route(host: Span<UInt8>) -> Int? {
        let end = host.count > 1 && host[host.count - 1] == 0x2E ? host.count - 1 : host.count
        let host = host.extracting(..<end)
        for entry in named where host.equalsIgnoringCase(entry.host.span) { return entry.origin }
        return fallback
    }
}

/// Pools of before a reload, for those after it.
private struct PoolShelf {
    private var pools: [OriginPool]
    private let loop: EventLoop
    private let resolver: Resolver

    init(_ pools: [OriginPool], loop: EventLoop, resolver: Resolver) {
        self.pools = pools
        self.loop = loop
        self.resolver = resolver
    }

    mutating func take(_ endpoints: [OriginSettings]) -> [OriginPool] {
        endpoints.map { wanted in
            if let index = pools.firstIndex(where: { $0.settings.isSameConnection(as: wanted) }) {
                return pools.remove(at: index)
            }
            return OriginPool(settings: wanted, loop: loop, resolver: resolver)
        }
    }

    mutating func closeRest() {
        for pool in pools { pool.close() }
        pools = []
    }
}

extension OriginSettings {
    /// Whether connections by these settings may serve those: how much load an endpoint gets is another matter.
    fileprivate func isSameConnection(as other: OriginSettings) -> Bool {
        var copy = self
        copy.placement = other.placement
        return copy == other
    }
}
