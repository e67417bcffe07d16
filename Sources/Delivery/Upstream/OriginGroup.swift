public import Reactor
import Runtime
import Synchronization

/// The endpoints of one origin as one loop uses them. Confined to its loop.
public final class OriginGroup {
    public let standing: OriginStanding
    public let pools: [OriginPool]
    public let tier: OriginTier
    let endpoints: [OriginEndpoint]
    /// The endpoint that is this edge itself: a key that belongs to it goes on to the next tier.
    let own: Int?
    /// An endpoint wants a PROXY header.
    let wantsClient: Bool
    let loop: EventLoop
    @exclusivity(unchecked) var balancer: Balancer
    @exclusivity(unchecked) var budget: RetryBudget
    @exclusivity(unchecked) private var random = Random()
    @exclusivity(unchecked) private var seenVersion = 0

    /// - Parameters:
    ///   - pools: of the standing's endpoints, in their order.
    ///   - own: which of them is this edge itself.
    public init(
        standing: OriginStanding, pools: [OriginPool], loop: EventLoop, tier: OriginTier = .origin, own: Int? = nil
    ) {
        self.standing = standing
        self.tier = tier
        self.own = own
        self.pools = pools
        endpoints = standing.endpoints.map { OriginEndpoint(name: $0.endpoint, tier: tier) }
        wantsClient = pools.contains { $0.settings.proxyHeader != nil }
        self.loop = loop
        balancer = Balancer(standing.endpoints, settings: standing.policy.balance)
        budget = RetryBudget(standing.policy.retry, standing.policy.breakers)
    }

    public var name: String { standing.name }

    /// The stable identity of an endpoint, for a client to be bound to.
    public func id(of index: Int) -> UInt64 { balancer.hosts[index].id }

    func index(of id: UInt64) -> Int? { balancer.hosts.firstIndex { $0.id == id } }

    func pick(_ ask: Balancer.Ask) -> Int? {
        standing.advance(now: loop.now)
        let version = standing.version.load(ordering: .acquiring)
        if version != seenVersion {
            let isFirst = seenVersion == 0
            seenVersion = version
            // Nobody starts slowly when the whole edge starts.
            balancer.update(available: standing.available, now: isFirst ? .min : loop.now)
        }
        return balancer.pick(ask, now: loop.now, random: &random)
    }

    func began(_ index: Int) {
        balancer.began(index)
        standing.began(index, now: loop.now)
    }

    /// - Parameters:
    ///   - outcome: nil where nobody waited for it.
    ///   - latency: until the first byte; nil where none came.
    func ended(_ index: Int, _ outcome: OutlierDetector.Outcome?, latency: Int64?) {
        balancer.ended(index, latency: latency, now: loop.now)
        standing.figures[index].ended(outcome, latency: latency)
        if let outcome { standing.record(index, outcome, now: loop.now) }
    }
}
