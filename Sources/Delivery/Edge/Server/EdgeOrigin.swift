public import Upstream

/// Where requests for some hosts go.
public struct EdgeOrigin: Sendable, Equatable {
    /// The name in events and on the metrics page.
    public var name: String
    /// Addresses that serve the same, used in turn. At least one.
    public var endpoints: [OriginSettings]
    /// Lower-case host names without a port; empty for every host that no other origin names.
    public var hosts: [String]

    public init(name: String, endpoints: [OriginSettings], hosts: [String] = []) {
        self.name = name
        self.endpoints = endpoints
        self.hosts = hosts
    }
}
