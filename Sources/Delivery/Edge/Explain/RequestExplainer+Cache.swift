import HTTPCache
import HTTPWire

/// The cache's decision in words.
extension RequestExplainer {
    static func pastCache(_ reason: CacheStatus.Forward, _ decisions: RuleDecisions, _ settings: EdgeSettings) -> String
    {
        if reason == .method { return "only GET and HEAD are answered from the cache" }
        if decisions.isBypassed { return "a rule goes past the cache" }
        if !settings.cache.isEnabled { return "the cache is off" }
        return "the request asks for an upgrade, or brings a body"
    }

    static func facts(_ decision: CacheDecision, _ known: CacheInspection) -> RequestExplanation.Cache {
        switch decision {
        case .serve(let hit): return served(hit)
        case .fetch(let fetch):
            let outcome = fetch.isConditional ? "revalidate" : "miss"
            let alone = fetch.isShared ? "" : "; it is fetched for this request alone"
            let memory = known.isUncacheable ? ": it turned out not to be cacheable" : ""
            return .init(outcome: outcome, why: why(fetch.reason, known) + alone + memory)
        case .wait: return .init(outcome: "wait", why: "another request fetches the same; this one waits for it")
        case .load:
            return .init(outcome: "disk", why: "the tier on disk has something under the key, which is read first")
        case .pass(let reason):
            return .init(outcome: "pass", why: why(reason, known) + "; the request goes to the origin alone")
        case .refuse: return .init(outcome: "refused", why: "only-if-cached, and \(why(.uriMiss, known))")
        }
    }

    private static func served(_ hit: CacheHit) -> RequestExplanation.Cache {
        switch hit.kind {
        case .collapsed:
            return .init(outcome: "collapsed", why: "another request fetches the same; this one reads along")
        case .stale:
            let refresh = hit.refresh == nil ? "" : "; this request has it renewed"
            return .init(outcome: "stale", why: "stale for \(-hit.timeToLive) s, which is allowed\(refresh)")
        case .hit, .revalidated, .filled:
            return .init(outcome: "hit", why: "fresh for \(hit.timeToLive) s more, \(hit.age) s old")
        }
    }

    private static func why(_ reason: CacheStatus.Forward, _ known: CacheInspection) -> String {
        switch reason {
        case .uriMiss, .miss: return "nothing is stored under the key"
        case .varyMiss:
            return "of \(known.variants) stored, the request selects none (Vary: \(known.stored?.vary ?? "?"))"
        case .stale:
            guard let stored = known.stored else { return "what is stored is stale" }
            if stored.needsValidation { return "what is stored says no-cache, so that it is validated each time" }
            return "what is stored is stale for \(-stored.timeToLive) s"
        case .request: return "the request's Cache-Control or Pragma wants another than what is stored"
        case .partial: return "only a part of it is stored"
        case .method: return "only GET and HEAD are answered from the cache"
        case .bypass: return "the request goes past the cache"
        }
    }
}
