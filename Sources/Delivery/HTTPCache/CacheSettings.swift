/// Settings of the shared cache. A change takes effect for what is stored from then on.
public struct CacheSettings: Sendable, Equatable {
    /// All stored objects with their book-keeping, and what is being filled.
    public var memoryBytes: Int
    /// Larger bodies are streamed and not stored.
    public var maximumObjectBytes: Int
    /// Part of the time since Last-Modified that a response without a lifetime is fresh (RFC 9111 §4.2.2).
    public var heuristicFraction: Double
    /// Longest such lifetime.
    public var maximumHeuristicSeconds: Int64
    /// Stored variants of one URL; storing one more drops the oldest.
    public var maximumVariants: Int
    /// Ranges of one request; more are answered with the whole. Also the separate parts that are stored of a body.
    public var maximumRanges: Int
    /// Whether no-cache, max-age, min-fresh, max-stale and Pragma in requests count (RFC 9111 §5.2.1). With `false`
    /// only `no-store` and `only-if-cached` do.
    public var honorsRequestDirectives: Bool
    /// Responses with Set-Cookie are stored only with an explicit lifetime, which says that the origin means it
    /// (RFC 9111 §7.3); `false` never stores them.
    public var storesSetCookie: Bool
    /// Whether a page under the name of another kind of file is kept out, see ``DeceptionGuard``.
    public var guardsAgainstDeception: Bool
    /// How long past its lifetime a response may stand in for an origin that can't be reached or breaks off, unless
    /// the response forbids it (RFC 9111 §4.2.4). For an origin that answers with an error the response itself must
    /// allow it by `stale-if-error` (RFC 5861 §4).
    public var staleWhenUnreachableSeconds: Int64
    /// Whether `stale-while-revalidate` (RFC 5861 §3) is followed. Whoever turns it on runs ``CacheHit/refresh``.
    public var servesStaleWhileRevalidate: Bool
    /// How long it is remembered that a URL can't be cached, so that its requests don't queue for each other.
    public var hitForMissSeconds: Int64
    /// Bytes that an object which turned out too large may run ahead of its slowest reader.
    public var streamWindowBytes: Int
    /// Tags (`Surrogate-Key`, `Cache-Tag`) of one response, up to 1,000; a response with more is not stored, since it
    /// could not be purged by all of them.
    public var maximumTags: Int
    /// Whether clients get those fields; a cache behind this one needs them.
    public var sendsTags: Bool
    public var compression: CompressionSettings
    /// Size of the pieces in which large bodies are fetched, stored and evicted; 0 stores no body in pieces.
    public var segmentBytes: Int
    /// Bodies longer than this are stored in pieces, if their origin answers ranges and names a strong validator.
    public var segmentedAboveBytes: UInt64
    /// Bytes of a smaller body that are stored in parts; 0 stores no part.
    public var partialBytes: Int
    /// Paths whose `No-Vary-Search` is remembered; 0 heeds none.
    public var maximumSearchRules: Int
    public var vary: VaryRules
    /// Name in Via and Cache-Status; a token.
    public var name: String { didSet { signature = CacheSignature(name) } }
    public private(set) var signature: CacheSignature

    public init(
        memoryBytes: Int = 256 << 20, maximumObjectBytes: Int = 32 << 20, heuristicFraction: Double = 0.1,
        maximumHeuristicSeconds: Int64 = 86_400, maximumVariants: Int = 32, maximumRanges: Int = 16,
        honorsRequestDirectives: Bool = true, storesSetCookie: Bool = true, guardsAgainstDeception: Bool = true,
        staleWhenUnreachableSeconds: Int64 = 3600,
        servesStaleWhileRevalidate: Bool = false, hitForMissSeconds: Int64 = 30, streamWindowBytes: Int = 256 << 10,
        maximumTags: Int = 256, sendsTags: Bool = false,
        compression: CompressionSettings = CompressionSettings(codings: []),
        segmentBytes: Int = 1 << 20, segmentedAboveBytes: UInt64 = 8 << 20, partialBytes: Int = 1 << 20,
        maximumSearchRules: Int = 10_000, vary: VaryRules = VaryRules(), name: String = "squilla"
    ) {
        self.memoryBytes = memoryBytes
        self.maximumObjectBytes = maximumObjectBytes
        self.heuristicFraction = heuristicFraction
        self.maximumHeuristicSeconds = maximumHeuristicSeconds
        self.maximumVariants = maximumVariants
        self.maximumRanges = maximumRanges
        self.honorsRequestDirectives = honorsRequestDirectives
        self.storesSetCookie = storesSetCookie
        self.guardsAgainstDeception = guardsAgainstDeception
        self.staleWhenUnreachableSeconds = staleWhenUnreachableSeconds
        self.servesStaleWhileRevalidate = servesStaleWhileRevalidate
        self.hitForMissSeconds = hitForMissSeconds
        self.streamWindowBytes = streamWindowBytes
        self.maximumTags = min(maximumTags, CachedObject.maximumTags)
        self.sendsTags = sendsTags
        self.compression = compression
        self.segmentBytes = segmentBytes <= maximumObjectBytes ? segmentBytes : 0
        self.segmentedAboveBytes = segmentedAboveBytes
        self.partialBytes = min(partialBytes, maximumObjectBytes)
        self.maximumSearchRules = maximumSearchRules
        self.vary = vary
        self.name = name
        self.signature = CacheSignature(name)
    }
}
