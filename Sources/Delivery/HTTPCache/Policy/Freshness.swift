/// What a cache must know about a stored response to say whether it may be used (RFC 9111 §4.2). All times are whole
/// seconds since 1970-01-01T00:00:00Z.
public struct Freshness: Sendable, Equatable {
    public struct Flags: OptionSet, Sendable {
        public let rawValue: UInt16
        public init(rawValue: UInt16) { self.rawValue = rawValue }

        /// `no-cache`: never without validation.
        public static let needsValidation = Flags(rawValue: 1 << 0)
        /// `must-revalidate`, `proxy-revalidate`, `s-maxage` or `no-cache`: never stale (§4.2.4).
        public static let forbidsStale = Flags(rawValue: 1 << 1)
        /// May answer requests with Authorization, and may be stored from them (§3.5).
        public static let allowsAuthorization = Flags(rawValue: 1 << 2)
        /// The lifetime is a guess of ours.
        public static let isHeuristic = Flags(rawValue: 1 << 3)
        public static let hasEntityTag = Flags(rawValue: 1 << 4)
        public static let hasLastModified = Flags(rawValue: 1 << 5)
        /// The response is complete and may be cut into ranges.
        public static let allowsRanges = Flags(rawValue: 1 << 6)
        /// It came over HTTP/1.0, which Via tells.
        public static let isHTTP10 = Flags(rawValue: 1 << 7)
        /// `Surrogate-Control` asks for ESI.
        public static let asksForESI = Flags(rawValue: 1 << 8)
        /// Clients that accept a coding get it compressed.
        public static let mayBeEncoded = Flags(rawValue: 1 << 9)
        /// The origin sent it compressed.
        public static let isCoded = Flags(rawValue: 1 << 11)
        /// It is a compressed form of another stored response.
        static let isEncoded = Flags(rawValue: 1 << 10)
        /// Only parts of its body are stored.
        static let isPartial = Flags(rawValue: 1 << 12)
        /// It says in which language it is.
        static let hasLanguage = Flags(rawValue: 1 << 13)
        /// The tier on disk has the same object.
        static let isOnDisk = Flags(rawValue: 1 << 14)
        /// A piece of a large body, which nobody asks for by itself.
        static let isSegment = Flags(rawValue: 1 << 15)
    }

    /// When the response was received; 32 bits last until 2106.
    private var responseSecond: UInt32
    /// Age at that moment, `corrected_initial_age` of §4.2.3.
    public var initialAge: Int32
    /// Freshness lifetime.
    public var lifetime: Int32
    public var staleWhileRevalidate: Int32
    public var staleIfError: Int32
    public var flags: Flags

    init(
        responseTime: Int64, initialAge: Int32, lifetime: Int32, staleWhileRevalidate: Int32, staleIfError: Int32,
        flags: Flags
    ) {
        self.responseSecond = UInt32(clamping: responseTime)
        self.initialAge = initialAge
        self.lifetime = lifetime
        self.staleWhileRevalidate = staleWhileRevalidate
        self.staleIfError = staleIfError
        self.flags = flags
    }

    public var responseTime: Int64 { Int64(responseSecond) }

    /// How far in the future a response may have been received, before the clock counts as set back.
    static let clockToleranceSeconds: Int64 = 60

    /// The clock was set back since it was received: how old it is can't be known.
    @inline(__always)
    func isFromFuture(now: Int64) -> Bool { responseTime > now + Freshness.clockToleranceSeconds }

    /// `current_age` of §4.2.3, 0 to 2³¹. A clock that went back counts as no time passed.
    @inline(__always)
    public func age(now: Int64) -> Int64 {
        min(Int64(initialAge) + max(0, now - responseTime), 1 << 31)
    }

    /// Seconds of freshness left; 0 or less is stale, and so is what seems to come from the future: validated once it
    /// has a time that can be counted from.
    @inline(__always)
    public func timeToLive(now: Int64) -> Int64 {
        let left = Int64(lifetime) - age(now: now)
        return isFromFuture(now: now) ? min(0, left) : left
    }

    @inline(__always)
    public func isFresh(now: Int64) -> Bool { timeToLive(now: now) > 0 }

    /// Makes it stale from a second on, if it isn't by then.
    mutating func expire(at second: Int64) { lifetime = min(lifetime, Int32(clamping: age(now: second))) }

    public var hasValidator: Bool { !flags.isDisjoint(with: [.hasEntityTag, .hasLastModified]) }
}
