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

/// Why a request was forwarded, in the words of RFC 9211, 2.2: `cache.detail`.
public enum CacheDetail: UInt8, Sendable, CaseIterable {
    case none = 0
    case uriMiss, varyMiss, miss, request, stale, partial, method, bypass

    var text: StaticString {
        switch self {
        case .none: ""
        case .uriMiss: "uri-miss"
        case .varyMiss: "vary-miss"
        case .miss: "miss"
        case .request: "request"
        case .stale: "stale"
        case .partial: "partial"
        case .method: "method"
        case .bypass: "bypass"
        }
    }
}

/// Whose fault an error is: `error.source`.
public enum Fault: String, Sendable {
    case client, origin, edge
}
