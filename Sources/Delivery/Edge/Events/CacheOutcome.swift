/// How the cache took part in a response: `cache.status`.
public enum CacheOutcome: UInt8, Sendable, CaseIterable {
    /// No cache in the way: a request that was refused, or served by the edge itself.
    case none = 0
    case hit, miss
    /// Served although no longer fresh.
    case stale
    /// Stale, found unchanged at the origin.
    case revalidated
    /// A rule of the request or of the response kept it out of the cache.
    case bypass
    /// The method is not one that is cached.
    case pass
    /// Served from a fetch that another request had begun.
    case collapsed

    public var text: StaticString {
        switch self {
        case .none: "none"
        case .hit: "hit"
        case .miss: "miss"
        case .stale: "stale"
        case .revalidated: "revalidated"
        case .bypass: "bypass"
        case .pass: "pass"
        case .collapsed: "collapsed"
        }
    }
}

/// Whose fault an error is: `error.source`.
public enum Fault: String, Sendable {
    case client, origin, edge
}
