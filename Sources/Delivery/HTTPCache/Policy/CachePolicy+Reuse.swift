public import HTTPWire

/// What a request asks of a cache (RFC 9111 §5.2.1, §5.4). Nothing in most requests.
public struct RequestDirectives: Sendable, Equatable {
    public var noStore = false
    public var onlyIfCached = false
    /// Wants validation whatever the age.
    public var noCache = false
    /// Seconds; nil where the request doesn't say.
    public var maxAge: Int64?
    public var minFresh: Int64?
    public var maxStale: Int64?

    public init() {}

    /// - Parameter honorsAll: see ``CacheSettings/honorsRequestDirectives``.
    public init(_ block: borrowing HeaderBlock, honorsAll: Bool) {
        guard block.contains(.cacheControl) || block.contains(.pragma) else { return }
        let control = CacheControl(block)
        noStore = control.flags.contains(.noStore)
        onlyIfCached = control.flags.contains(.onlyIfCached)
        guard honorsAll else { return }
        noCache = control.flags.contains(.noCache)
        if !block.contains(.cacheControl), let pragma = block.value(of: .pragma) {
            noCache = pragma.equalsIgnoringCase("no-cache")
        }
        maxAge = control.maxAge
        minFresh = control.minFresh
        maxStale = control.flags.contains(.anyStale) ? .max : control.maxStale
    }
}

/// Whether a stored response may answer a request as it is (RFC 9111 §4).
public enum Reuse: Sendable, Equatable {
    case fresh
    /// Stale, but the request or the response accepts that.
    case stale
    /// Stale within `stale-while-revalidate`: serve and refresh.
    case staleWhileRevalidate
    /// Validate first. The reason tells whether the request or its age demands it.
    case validate(CacheStatus.Forward)
}

extension CachePolicy {
    /// - Parameter allowsRefresh: see ``CacheSettings/servesStaleWhileRevalidate``.
    public static func reuse(
        _ freshness: Freshness, _ directives: RequestDirectives, now: Int64, allowsRefresh: Bool
    ) -> Reuse {
        if directives.noCache { return .validate(.request) }
        if freshness.flags.contains(.needsValidation) { return .validate(.stale) }
        let age = freshness.age(now: now)
        if let maxAge = directives.maxAge, age > maxAge || maxAge == 0 { return .validate(.request) }
        let timeToLive = freshness.timeToLive(now: now)
        if timeToLive > 0 {
            if let minFresh = directives.minFresh, timeToLive < minFresh { return .validate(.request) }
            return .fresh
        }
        if directives.minFresh != nil || freshness.flags.contains(.forbidsStale) { return .validate(.stale) }
        if let maxStale = directives.maxStale, -timeToLive <= maxStale { return .stale }
        if allowsRefresh, -timeToLive < Int64(freshness.staleWhileRevalidate) {
            return .staleWhileRevalidate
        }
        return .validate(.stale)
    }

    /// Whether a stored response may stand in for an origin that fails (RFC 5861 §4, RFC 9111 §4.2.4).
    /// - Parameter graceSeconds: allowed beside what the response itself allows: that of the settings for an origin
    ///   that can't be reached, 0 for one that answers with an error.
    public static func mayServeOnError(_ freshness: Freshness, graceSeconds: Int64, now: Int64) -> Bool {
        guard freshness.flags.isDisjoint(with: [.needsValidation, .forbidsStale]) else { return false }
        return -freshness.timeToLive(now: now) < max(Int64(freshness.staleIfError), graceSeconds)
    }

    /// Statuses of a failing origin (RFC 5861 §4).
    public static func isError(_ status: Int) -> Bool { status == 500 || (502...504).contains(status) }

    /// Whether a response to this request makes stored responses of its URL invalid (RFC 9111 §4.4). Methods that the
    /// edge doesn't know count as unsafe.
    public static func invalidates(_ method: Method, status: Int) -> Bool {
        !method.isSafe && (200..<400).contains(status)
    }
}
