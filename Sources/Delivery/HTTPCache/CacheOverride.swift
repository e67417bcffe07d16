public import HTTPWire

/// What an operator says about keeping a response, over what the response says.
public struct CacheOverride: Sendable, Equatable {
    /// How long it is fresh from now on, in seconds. It outweighs `Cache-Control` and the like, `no-store` and `private`
    /// among them; a response to `Authorization`, one that sets cookies and one with `Vary: *` are still not stored.
    public var lifetimeSeconds: Int64?
    /// How long past its freshness it may be served while it is fetched again or where the origin fails, in seconds.
    public var graceSeconds: Int64?
    /// It is not stored.
    public var isRefused = false

    public init() {}

    /// Whether a response is stored, and for how long, by what it says and what the operator says over it.
    /// - Parameters:
    ///   - requestTime: when the request was sent to the origin, seconds.
    ///   - now: seconds.
    public func storage(
        request: RequestHead, response: ResponseHead, requestTime: Int64, now: Int64, rules: StorageRules
    ) -> CachePolicy.Storage {
        if isRefused { return .refuse("rule") }
        if self == CacheOverride() {
            return CachePolicy.storage(
                request: request, response: response, requestTime: requestTime, now: now, rules: rules)
        }
        let storage = CachePolicy.storage(
            request: request, response: applied(to: response), requestTime: requestTime, now: now, rules: rules)
        guard case .store(let freshness) = storage else { return storage }
        return .store(applied(to: freshness))
    }

    /// The response as if it said itself how long it may be kept.
    func applied(to response: ResponseHead) -> ResponseHead {
        guard let lifetimeSeconds else { return response }
        var head = response
        for header in [KnownHeader.cacheControl, .cdnCacheControl, .expires, .pragma, .age] {
            head.block.remove(header)
        }
        head.block.append("Cache-Control", lifetimeSeconds == 0 ? "no-cache" : "max-age=\(lifetimeSeconds)")
        // Counted from now, whenever the origin made it.
        head.block.remove(.date)
        return head
    }

    func applied(to freshness: Freshness) -> Freshness {
        var freshness = freshness
        apply(to: &freshness)
        return freshness
    }

    func apply(to freshness: inout Freshness) {
        if let lifetimeSeconds {
            freshness.lifetime = CachePolicy.clamp(lifetimeSeconds + Int64(freshness.initialAge))
            freshness.flags.remove(.forbidsStale)
            if lifetimeSeconds > 0 { freshness.flags.remove(.needsValidation) }
        }
        if let graceSeconds {
            freshness.staleWhileRevalidate = CachePolicy.clamp(graceSeconds)
            freshness.staleIfError = CachePolicy.clamp(graceSeconds)
            if graceSeconds > 0 { freshness.flags.remove(.forbidsStale) }
        }
    }
}
