import Upstream

/// The standings of everything that is asked, one for the whole edge, whatever the number of loops.
struct OriginStandings: Sendable {
    private(set) var origins: [String: OriginStanding] = [:]
    private(set) var parents: [String: OriginStanding] = [:]
    private(set) var peers: OriginStanding?

    init() {}

    /// - Parameter old: before a reload; what is known of endpoints that stay is kept.
    init(_ settings: EdgeSettings, reusing old: OriginStandings?) {
        for origin in settings.origins {
            origins[origin.name] = OriginStanding(
                name: origin.name, endpoints: origin.endpoints, policy: origin.policy,
                reusing: old?.origins[origin.name])
            guard !origin.parents.isEmpty else { continue }
            parents[origin.name] = OriginStanding(
                name: "\(origin.name) parents", endpoints: origin.parents, policy: Self.policy(of: .parent),
                reusing: old?.parents[origin.name])
        }
        if let peers = settings.peers {
            self.peers = OriginStanding(
                name: "peers", endpoints: peers.edges, policy: Self.policy(of: .peer), reusing: old?.peers)
        }
    }

    /// Caches keep what they have: a key goes to the same one as long as it is there.
    private static func policy(of tier: OriginTier) -> OriginPolicy {
        var policy = OriginPolicy()
        policy.balance.policy = .ringHash
        // A cache that is out is better passed by than asked.
        policy.balance.panicPercent = 0
        policy.outliers.consecutiveErrors = 0
        policy.outliers.maximumEjectionPercent = 100
        policy.outliers.mayEjectOnlyOne = true
        policy.outliers.ejectionMilliseconds = 5_000
        policy.retry.maximum = 1
        return policy
    }

    var all: [OriginStanding] {
        origins.values.sorted { $0.name < $1.name } + parents.values.sorted { $0.name < $1.name }
            + (peers.map { [$0] } ?? [])
    }
}
