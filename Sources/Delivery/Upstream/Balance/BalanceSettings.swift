/// How the requests of an origin are spread over its endpoints.
public struct BalanceSettings: Sendable, Equatable {
    public enum Policy: Sendable, Equatable {
        /// In turn, as often as the weights say, evenly mixed (smooth weighted round robin of nginx).
        case roundRobin
        case random
        /// The less loaded of ``choices`` that are drawn at random (Mitzenmacher's power of two choices).
        case leastRequest
        /// The same by latency times load, with latency as a peak-sensitive moving average (Finagle).
        case peakEWMA
        /// A ring with some hundred points for each endpoint (ketama).
        case ringHash
        /// Google's Maglev table: the evenest of the hashes (Eisenbud et al., NSDI 2016).
        case maglev
    }

    /// What a hash is taken of.
    public enum HashKey: Sendable, Equatable {
        /// Host, path and query.
        case url
        /// Path and query without the host.
        case path
        /// The client's address.
        case client
        case header(String)
        case cookie(String)
    }

    public var policy = Policy.roundRobin
    /// For the hashes; a request without that field is spread at random.
    public var hashKey = HashKey.url
    /// Bounded load (Mirrokni, Thorup, Zadimoghaddam 2018): no endpoint gets more than this many times its share of the
    /// requests under way, what would pass it goes to the next on the ring. 1.1 to 10; 0 is no bound. For the hashes.
    public var boundedLoad = 0.0
    /// Endpoints drawn by `leastRequest` and `peakEWMA`, 2 to 16.
    public var choices = 2
    /// How fast `peakEWMA` forgets a slow answer.
    public var decayMilliseconds = 10_000
    /// Below this part of available endpoints, in percent, all are used, whatever is known of their health: better
    /// some failures than all load on the few that are left. 0 turns it off.
    public var panicPercent = 50
    /// How much more than its share an endpoint can take. A priority level gives load to the next when its available
    /// part times this is under 1; the same holds for endpoints of the own zone. From 1 up.
    public var overprovisioning = 1.4
    /// A new endpoint, or one that is back, gets from a tenth of its weight to all of it in this time; 0 is at once.
    public var slowStartMilliseconds = 0
    /// Where this edge is; endpoints of the same zone are preferred. Empty is nowhere.
    public var zone = ""
    /// A request whose header has this name goes to endpoints whose label ``Subset/label`` has the header's value.
    public var subset: Subset?

    public struct Subset: Sendable, Equatable {
        public var header: String
        public var label: String
        /// Whether a value that no endpoint has gets any endpoint; otherwise it gets 503.
        public var fallsBack: Bool

        public init(header: String, label: String, fallsBack: Bool = true) {
            self.header = header
            self.label = label
            self.fallsBack = fallsBack
        }
    }

    public init() {}
}

/// What part of an origin's load an endpoint is for.
public struct Placement: Sendable, Equatable {
    /// Relative to the others of its priority, 1 to 1,000.
    public var weight = 1
    /// 0 is asked first; others only as far as those before can't take the load.
    public var priority = 0
    public var zone = ""
    public var labels: [String: String] = [:]

    public init() {}
}
