public import HTTPWire

/// What an operator says about keeping a response, over what the response says.
public struct CacheOverride: Sendable, Equatable {
    /// How long it is fresh from now on, in seconds. It outweighs `Cache-Control` and the like, `no-store` and
    /// `private` among them. A response to `Authorization` without `public` or its like, one that sets cookies without
    /// a lifetime of the origin's own, and one with `Vary: *` are still not stored.
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
        guard permitsCookies(of: response, now: now, rules: rules) else { return .refuse("set-cookie") }
        let storage = CachePolicy.storage(
            request: request, response: applied(to: response), requestTime: requestTime, now: now, rules: rules)
        guard case .store(let freshness) = storage else { return storage }
        return .store(applied(to: freshness))
    }

    /// The response as if it said itself how long it may be kept.
    func applied(to response: ResponseHead) -> ResponseHead {
        guard let lifetimeSeconds else { return response }
        var head = response
        for header in [KnownHeader.cacheControl, .cdnCacheControl, .surrogateControl, .expires, .pragma, .age] {
            head.block.remove(header)
        }
        let said = lifetimeSeconds == 0 ? "no-cache" : "max-age=\(lifetimeSeconds)"
        head.block.append("Cache-Control", permitsAuthorization(response.block) ? said + ", public" : said)
        // What it says of ESI is not about keeping it.
        if response.block.contains(.surrogateControl), SurrogateControl(response.block).asksForESI {
            head.block.append("Surrogate-Control", "content=\"ESI/1.0\"")
        }
        // Counted from now, whenever the origin made it.
        head.block.remove(.date)
        return head
    }

    /// Whether the origin lets others have what it answered to `Authorization` (RFC 9111 §3.5), without being asked
    /// each time.
    private func permitsAuthorization(_ block: HeaderBlock) -> Bool {
        let control = CacheControl.forCDN(block)
        guard control.flags.isDisjoint(with: CacheOverride.unshared) else { return false }
        return control.flags.contains(.isPublic) || control.sharedMaxAge ?? 0 > 0
            || control.flags.contains(.mustRevalidate) && control.maxAge ?? 0 > 0
    }

    /// Whether others may get a response's cookies, if it has any. What is said here over the response doesn't count:
    /// it must have a lifetime of the origin's own (RFC 9111 §7.3), or name `Set-Cookie` as what is not kept with it.
    /// - Parameter now: seconds.
    func permitsCookies(of response: ResponseHead, now: Int64, rules: StorageRules) -> Bool {
        guard lifetimeSeconds != nil, response.block.contains(.setCookie) else { return true }
        let control = CacheControl.forCDN(response.block)
        if control.withheldFields.contains(Array("set-cookie".utf8)) { return true }
        guard control.flags.isDisjoint(with: CacheOverride.unshared) else { return false }
        let freshness = CachePolicy.freshness(response, control, requestTime: now, now: now, rules: rules)
        return freshness.lifetime > 0 && control.isSetCookieMeant(rules, freshness)
    }

    private static let unshared: CacheControl.Flags = [.noStore, .isPrivate, .noCache]

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
