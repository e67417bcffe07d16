public import Upstream

/// Where requests for some hosts go.
public struct EdgeOrigin: Sendable, Equatable {
    /// The name in events and on the metrics page.
    public var name: String
    /// Addresses that serve the same. At least one.
    public var endpoints: [OriginSettings]
    /// Lower-case host names without a port; empty for every host that no other origin names.
    public var hosts: [String]
    /// How the endpoints are used.
    public var policy = OriginPolicy()
    /// Caches that are asked before the origin, for what may be stored.
    public var parents: [OriginSettings] = []
    /// Binds clients to endpoints; nil doesn't.
    public var affinity: AffinitySettings?

    public init(name: String, endpoints: [OriginSettings], hosts: [String] = []) {
        self.name = name
        self.endpoints = endpoints
        self.hosts = hosts
    }
}

/// A cookie by which a client comes back to the endpoint that served it first.
public struct AffinitySettings: Sendable, Equatable {
    public var cookie = "squilla_endpoint"
    /// `Max-Age` of the cookie; 0 ends with the browser's session.
    public var maximumAgeSeconds = 0
    /// Signs the cookie; all edges of a site share it.
    public var secret: String

    public init(secret: String) { self.secret = secret }
}

/// The edges of one place, which share out the keys: each asks the one that a key belongs to before it asks an origin.
public struct PeerSettings: Sendable, Equatable {
    public var edges: [OriginSettings]
    /// Which of them this edge is.
    public var own: Int

    public init(edges: [OriginSettings], own: Int) {
        self.edges = edges
        self.own = own
    }
}
