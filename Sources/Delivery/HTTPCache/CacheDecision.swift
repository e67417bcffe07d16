public import HTTPWire

/// What a request does, after a look into the cache.
public enum CacheDecision: Sendable {
    /// Answer from the cache.
    case serve(CacheHit)
    /// Go to the origin and report to this.
    case fetch(CacheFetch)
    /// Another request fetches the same; the wake-up will be called. ``ResponseCache/leave(key:ticket:)`` gives up.
    case wait(ticket: UInt64)
    /// It is being read from disk; the same.
    case load(ticket: UInt64)
    /// Go to the origin; the cache has no part in it, but ``ResponseCache/invalidate(after:key:response:)`` must be
    /// told of the response.
    case pass(CacheStatus.Forward)
    /// `only-if-cached` and nothing there: 504 (RFC 9111 §5.2.1.7).
    case refuse
}

/// A stored response chosen for a request.
public struct CacheHit: Sendable {
    public enum Kind: Sendable {
        case hit
        /// Served past its lifetime because the request, the response or a failing origin allows it.
        case stale
        /// The origin confirmed it for this request.
        case revalidated
        /// This request's own fetch fills it.
        case filled
        /// Another request's fetch fills it.
        case collapsed
    }

    public let object: CachedObject
    public let kind: Kind
    /// Seconds.
    public let age: Int64
    /// Seconds of freshness left; 0 or less is stale.
    public let timeToLive: Int64
    /// A refresh to run beside the answer (`stale-while-revalidate`).
    public var refresh: CacheFetch?
    /// Field lines for this request alone: those that its response may not bring to others.
    var ownFields: [UInt8]?
    /// For the Cache-Status field and the event.
    public var status: CacheStatus

    /// The same, after a piece that was missing has been asked for.
    public func fetchedInPart(originStatus: Int) -> CacheHit {
        var status = CacheStatus.forwarded(.partial)
        status.forwardStatus = originStatus
        status.isStored = true
        return CacheHit(copying: self, .filled, status)
    }

    private init(copying hit: CacheHit, _ kind: Kind, _ status: CacheStatus) {
        object = hit.object
        age = hit.age
        timeToLive = hit.timeToLive
        refresh = hit.refresh
        ownFields = hit.ownFields
        self.kind = kind
        self.status = status
    }

    init(_ object: CachedObject, _ kind: Kind, now: Int64, status: CacheStatus? = nil) {
        self.object = object
        self.kind = kind
        self.age = object.freshness.age(now: now)
        self.timeToLive = object.freshness.timeToLive(now: now)
        self.status = status ?? .hit(timeToLive: timeToLive)
    }
}
