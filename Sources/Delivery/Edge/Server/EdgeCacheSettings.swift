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

    /// Tags of one response by which it can be purged; one with more passes through.
    public var maximumTags = 256
    /// Whether `Surrogate-Key` and `Cache-Tag` go on to clients.
    public var sendsTags = false

    /// Which responses clients get compressed.
    public var compression = CompressionSettings()

    /// Size of the pieces in which large bodies are fetched and stored; 0 for never in pieces.
    public var segmentBytes = 1 << 20
    /// Longer bodies are stored in pieces where their origin allows it.
    public var segmentedAboveBytes: UInt64 = 8 << 20

    public init() {}

    func settings(name: String) -> CacheSettings {
        CacheSettings(
            memoryBytes: memoryBytes, maximumObjectBytes: maximumObjectBytes, heuristicFraction: heuristicFraction,
            maximumHeuristicSeconds: maximumHeuristicSeconds, storesSetCookie: storesSetCookie,
            staleWhenUnreachableSeconds: staleWhenUnreachableSeconds, servesStaleWhileRevalidate: true,
            maximumTags: maximumTags, sendsTags: sendsTags, compression: compression, segmentBytes: segmentBytes,
            segmentedAboveBytes: segmentedAboveBytes, name: name)
    }
}
