import Bytes

/// How the cache handled a request (RFC 9211).
public struct CacheStatus: Sendable, Equatable {
    /// Why the request went forward (§2.2).
    public enum Forward: String, Sendable {
        case bypass
        case method
        case uriMiss = "uri-miss"
        case varyMiss = "vary-miss"
        case miss
        case request
        case stale
        case partial
    }

    /// Served from the cache without going forward.
    public var isHit = false
    public var forward: Forward?
    /// Status that the origin answered with.
    public var forwardStatus: Int?
    /// Freshness left in seconds; negative for a stale response.
    public var timeToLive: Int64?
    public var isStored = false
    /// The request waited for another one's fetch.
    public var isCollapsed = false
    /// A word on what was special, or empty.
    public var detail: StaticString = ""

    public init() {}

    public static func hit(timeToLive: Int64) -> CacheStatus {
        var status = CacheStatus()
        status.isHit = true
        status.timeToLive = timeToLive
        return status
    }

    public static func forwarded(_ reason: Forward) -> CacheStatus {
        var status = CacheStatus()
        status.forward = reason
        return status
    }

    /// Appends one member, `squilla; hit; ttl=30`. Earlier members, of caches nearer to the origin, come before it.
    public func append(cache name: String, to buffer: inout [UInt8]) {
        buffer.append(contentsOf: name.utf8)
        if isHit { buffer.append(contentsOf: "; hit") }
        if let forward {
            buffer.append(contentsOf: "; fwd=")
            buffer.append(contentsOf: forward.rawValue.utf8)
        }
        if let forwardStatus {
            buffer.append(contentsOf: "; fwd-status=")
            NumberWriter.append(forwardStatus, to: &buffer)
        }
        if let timeToLive {
            buffer.append(contentsOf: "; ttl=")
            NumberWriter.append(timeToLive, to: &buffer)
        }
        if isStored { buffer.append(contentsOf: "; stored") }
        if isCollapsed { buffer.append(contentsOf: "; collapsed") }
        if detail.utf8CodeUnitCount > 0 {
            buffer.append(contentsOf: "; detail=")
            buffer.append(contentsOf: detail)
        }
    }

    public static func == (left: CacheStatus, right: CacheStatus) -> Bool {
        left.isHit == right.isHit && left.forward == right.forward && left.forwardStatus == right.forwardStatus
            && left.timeToLive == right.timeToLive && left.isStored == right.isStored
            && left.isCollapsed == right.isCollapsed && "\(left.detail)" == "\(right.detail)"
    }
}
