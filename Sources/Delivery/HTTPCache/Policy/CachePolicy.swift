public import HTTPWire

/// The rules of RFC 9111 for a shared cache. Pure: what they need, time included, is given to them.
public enum CachePolicy {
    /// Whether a response may be stored.
    public enum Storage: Sendable {
        case store(Freshness)
        /// With the rule that forbids it, for the event and for people.
        case refuse(StaticString)
    }

    /// Status codes that a cache may keep by heuristics (RFC 9110 §15.1).
    static func isHeuristicallyCacheable(_ status: Int) -> Bool {
        switch status {
        case 200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501: true
        default: false
        }
    }

    /// Decides whether a response may be stored (RFC 9111 §3) and how long it is fresh.
    /// - Parameters:
    ///   - requestTime: when the request was sent, seconds.
    ///   - now: when the response's head arrived, seconds.
    public static func storage(
        request: RequestHead, response: ResponseHead, requestTime: Int64, now: Int64, rules: StorageRules
    ) -> Storage {
        // What a POST says is for a GET (RFC 9110 §9.3.3); its caller compares the URLs.
        guard request.method == .get || request.method == .post && response.block.contains(.contentLocation) else {
            return .refuse("method")
        }
        guard response.status >= 200, response.status != 206, response.status != 304 else { return .refuse("status") }
        let control = CacheControl.forCDN(response.block)
        if !isUnderstoodAnyway(control, response.status), control.flags.contains(.noStore) {
            return .refuse("no-store")
        }
        if control.flags.contains(.isPrivate) { return .refuse("private") }
        if request.block.contains(.cacheControl), CacheControl(request.block).flags.contains(.noStore) {
            return .refuse("request-no-store")
        }
        var freshness = freshness(response, control, requestTime: requestTime, now: now, rules: rules)
        if request.block.contains(.authorization), !freshness.flags.contains(.allowsAuthorization) {
            return .refuse("authorization")
        }
        if response.block.contains(.setCookie), !control.isSetCookieMeant(rules, freshness) {
            return .refuse("set-cookie")
        }
        if VaryList(response.block).matchesNothing { return .refuse("vary-star") }
        let explicit =
            control.maxAge != nil || control.sharedMaxAge != nil
            || (response.block.contains(.expires) && !control.isTargeted)
        guard explicit || control.flags.contains(.isPublic) || isHeuristicallyCacheable(response.status) else {
            return .refuse("status")
        }
        guard freshness.isUseful(now: now) else { return .refuse("no-lifetime") }
        if rules.guardsAgainstDeception, DeceptionGuard.suspects(request, response) {
            return .refuse("type-mismatch")
        }
        if response.status == 200 { freshness.flags.insert(.allowsRanges) }
        if response.minorVersion == 0 { freshness.flags.insert(.isHTTP10) }
        return .store(freshness)
    }

    /// `must-understand` lifts `no-store` for status codes that this cache knows (§5.2.2.3).
    private static func isUnderstoodAnyway(_ control: CacheControl, _ status: Int) -> Bool {
        control.flags.contains(.mustUnderstand) && !StatusLines.reason(status).isEmpty
    }

    /// Freshness of a response as received (§4.2).
    public static func freshness(
        _ response: ResponseHead, _ control: CacheControl, requestTime: Int64, now: Int64, rules: StorageRules
    ) -> Freshness {
        let date = response.block.date(of: .date, now: now)
        let (lifetime, isHeuristic) = lifetime(response, control, date: date ?? now, now: now, rules: rules)
        let ageValue = Int64(ageField(response.block))
        let delay = max(0, now - requestTime)
        let initialAge = max(max(0, now - (date ?? now)), ageValue + delay)
        var flags: Freshness.Flags = isHeuristic ? [.isHeuristic] : []
        if control.flags.contains(.noCache) { flags.formUnion([.needsValidation, .forbidsStale]) }
        if !control.flags.isDisjoint(with: [.mustRevalidate, .proxyRevalidate]) || control.sharedMaxAge != nil {
            flags.insert(.forbidsStale)
        }
        if !control.flags.isDisjoint(with: [.isPublic, .mustRevalidate]) || control.sharedMaxAge != nil {
            flags.insert(.allowsAuthorization)
        }
        if response.block.contains(.etag) { flags.insert(.hasEntityTag) }
        if response.block.contains(.lastModified) { flags.insert(.hasLastModified) }
        if response.block.contains(.contentLanguage) { flags.insert(.hasLanguage) }
        if response.block.contains(.surrogateControl), SurrogateControl(response.block).asksForESI {
            flags.insert(.asksForESI)
        }
        return Freshness(
            responseTime: now, initialAge: clamp(initialAge), lifetime: clamp(lifetime),
            staleWhileRevalidate: clamp(control.staleWhileRevalidate ?? 0),
            staleIfError: clamp(control.staleIfError ?? 0), flags: flags)
    }

    /// §4.2.1: s-maxage, then max-age, then Expires, then a guess.
    private static func lifetime(
        _ response: ResponseHead, _ control: CacheControl, date: Int64, now: Int64, rules: StorageRules
    ) -> (seconds: Int64, isHeuristic: Bool) {
        if let shared = control.sharedMaxAge { return (shared, false) }
        if let own = control.maxAge { return (own, false) }
        if response.block.contains(.expires), !control.isTargeted {
            // An invalid date, above all "0", is in the past (§5.3).
            guard let moment = response.block.date(of: .expires, now: now) else { return (0, false) }
            return (max(0, moment - date), false)
        }
        guard isHeuristicallyCacheable(response.status) || control.flags.contains(.isPublic),
            let modified = response.block.date(of: .lastModified, now: now), modified < date
        else { return (0, true) }
        let guess = Int64(Double(date - modified) * rules.heuristicFraction)
        return (min(guess, rules.maximumHeuristicSeconds), true)
    }

    /// The first number of the first Age line; anything else is ignored (§5.1).
    static func ageField(_ block: HeaderBlock) -> Int32 {
        guard let value = block.value(of: .age) else { return 0 }
        var list = ListElements(value)
        guard let first = list.next(), let seconds = DeltaSeconds.parse(list.slice(first)) else { return 0 }
        return clamp(seconds)
    }

    static func clamp(_ seconds: Int64) -> Int32 { Int32(clamping: seconds) }
}

extension Freshness {
    /// A stale response that can neither be validated nor stand in for an error is not worth its memory.
    fileprivate func isUseful(now: Int64) -> Bool {
        if hasValidator { return true }
        if flags.contains(.needsValidation) { return false }
        return isFresh(now: now) || staleIfError > 0 || staleWhileRevalidate > 0
    }
}

extension CacheControl {
    func isSetCookieMeant(_ rules: StorageRules, _ freshness: Freshness) -> Bool {
        rules.storesSetCookie && !freshness.flags.contains(.isHeuristic)
    }
}
