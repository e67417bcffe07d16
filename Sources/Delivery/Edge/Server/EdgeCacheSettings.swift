public import HTTPCache

/// The shared cache of an edge.
public struct EdgeCacheSettings: Sendable, Equatable {
    public var isEnabled = true
    /// All stored objects with their book-keeping.
    public var memoryBytes = 256 << 20
    /// Larger responses pass through.
    public var maximumObjectBytes = 32 << 20
    /// Part of the time since `Last-Modified` that a response without a lifetime is fresh (RFC 9111, 4.2.2).
    public var heuristicFraction = 0.1
    public var maximumHeuristicSeconds: Int64 = 86_400
    /// How long requests wait for another's fetch of the same object before they go themselves.
    public var collapseTimeoutMilliseconds = 10_000

    /// How long past its freshness a stored response stands in for an origin that can't be reached, where nothing
    /// forbids it.
    public var staleWhenUnreachableSeconds: Int64 = 3600
    /// Whether responses that set a cookie are stored as RFC 9111 allows.
    public var storesSetCookie = true
    /// Whether a page whose URL ends as that of another kind of file is kept out.
    public var guardsAgainstDeception = true

    /// Tags of one response by which it can be purged; one with more passes through.
    public var maximumTags = 256
    /// Whether `Surrogate-Key` and `Cache-Tag` go on to clients.
    public var sendsTags = false
    /// Whether `Cache-Control` of requests counts (RFC 9111, 5.2.1) beyond `no-store` and `only-if-cached`.
    public var honorsRequestDirectives = true
    /// How long it is remembered that a URL can't be stored, so that its requests don't queue for each other.
    public var hitForMissSeconds: Int64 = 30
    /// Stored variants of one URL; storing one more drops the oldest.
    public var maximumVariants = 32
    /// Ranges of one request; more are answered with the whole.
    public var maximumRanges = 16
    /// How far a body that turned out too large to store runs ahead of its slowest reader.
    public var streamWindowBytes = 256 << 10

    /// Which responses clients get compressed.
    public var compression = CompressionSettings()

    /// Size of the pieces in which large bodies are fetched and stored; 0 for never in pieces.
    public var segmentBytes = 1 << 20
    /// Longer bodies are stored in pieces where their origin allows it.
    public var segmentedAboveBytes: UInt64 = 8 << 20

    /// Bytes of a smaller body that are stored in parts; 0 stores no part.
    public var partialBytes = 1 << 20
    /// How request fields are compared that responses vary by.
    public var vary = VaryRules()
    /// Paths whose `No-Vary-Search` is remembered; 0 heeds none.
    public var maximumSearchRules = 10_000

    public init() {}

    fileprivate func settings(name: String) -> CacheSettings {
        CacheSettings(
            memoryBytes: memoryBytes, maximumObjectBytes: maximumObjectBytes, heuristicFraction: heuristicFraction,
            maximumHeuristicSeconds: maximumHeuristicSeconds, maximumVariants: maximumVariants,
            maximumRanges: maximumRanges, honorsRequestDirectives: honorsRequestDirectives,
            storesSetCookie: storesSetCookie, guardsAgainstDeception: guardsAgainstDeception,
            staleWhenUnreachableSeconds: staleWhenUnreachableSeconds,
            servesStaleWhileRevalidate: true, hitForMissSeconds: hitForMissSeconds,
            streamWindowBytes: streamWindowBytes, maximumTags: maximumTags, sendsTags: sendsTags,
            compression: compression, segmentBytes: segmentBytes,
            segmentedAboveBytes: segmentedAboveBytes, partialBytes: partialBytes,
            maximumSearchRules: maximumSearchRules, vary: vary, name: name)
    }
}

extension EdgeSettings {
    /// Of the cache: where pages are assembled, origins are asked for originals.
    var cacheSettings: CacheSettings {
        var settings = cache.settings(name: name)
        if esi.isEnabled { settings.vary.encoding = .original }
        return settings
    }
}
