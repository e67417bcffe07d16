import HTTPWire

/// What the cache knows of a key.
public struct CacheInspection: Sendable {
    /// What a request selects, else a part of it, else another variant.
    public var stored: StoredFacts?
    /// Stored under the key, parts among them.
    public var variants: Int
    /// It turned out not to be cacheable, so that its requests don't wait for each other.
    public var isUncacheable: Bool
    public var isOnDisk = false

    init(variants: Int, isUncacheable: Bool) {
        self.variants = variants
        self.isUncacheable = isUncacheable
    }
}

/// A stored response as people see it. Times are seconds.
public struct StoredFacts: Sendable, Codable, Equatable {
    public var status: Int
    /// Nil while it is being filled and the origin didn't say.
    public var bodyBytes: UInt64?
    public var age: Int64
    public var lifetime: Int64
    /// Of freshness; 0 or less is stale.
    public var timeToLive: Int64
    public var staleWhileRevalidate: Int64
    public var staleIfError: Int64
    /// The lifetime is a guess of ours.
    public var isHeuristic: Bool
    /// `no-cache`: never served without validation.
    public var needsValidation: Bool
    /// `must-revalidate` and its like.
    public var forbidsStale: Bool
    public var isPartial: Bool
    public var isSegmented: Bool
    public var entityTag: String?
    public var lastModified: String?
    /// The request fields that select it.
    public var vary: String?
    /// By which it can be purged.
    public var tags: Int

    /// The API's names.
    private enum CodingKeys: String, CodingKey {
        case status, age, lifetime, vary, tags
        case bodyBytes = "body_bytes"
        case timeToLive = "ttl"
        case staleWhileRevalidate = "stale_while_revalidate"
        case staleIfError = "stale_if_error"
        case isHeuristic = "heuristic"
        case needsValidation = "needs_validation"
        case forbidsStale = "forbids_stale"
        case isPartial = "partial"
        case isSegmented = "segmented"
        case entityTag = "etag"
        case lastModified = "last_modified"
    }

    init(_ object: CachedObject, now: Int64) {
        let freshness = object.freshness
        let fields = object.fields()
        status = Int(object.status)
        bodyBytes = object.bodyLength
        age = freshness.age(now: now)
        lifetime = Int64(freshness.lifetime)
        timeToLive = freshness.timeToLive(now: now)
        staleWhileRevalidate = Int64(freshness.staleWhileRevalidate)
        staleIfError = Int64(freshness.staleIfError)
        isHeuristic = freshness.flags.contains(.isHeuristic)
        needsValidation = freshness.flags.contains(.needsValidation)
        forbidsStale = freshness.flags.contains(.forbidsStale)
        isPartial = object.isPartial
        isSegmented = object.isSegmented
        entityTag = fields.string(of: .etag)
        lastModified = fields.string(of: .lastModified)
        vary = fields.joinedValue(of: .vary).map { String(decoding: $0, as: UTF8.self) }
        tags = object.tagCount
    }
}
