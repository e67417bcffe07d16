import Bytes

/// How the cache handled a request (RFC 9211).
public struct CacheStatus: Sendable, Equatable {
    /// Why the request went forward (§2.2).
    public enum Forward: UInt8, Sendable, CaseIterable {
        case bypass
        case method
        case uriMiss
        case varyMiss
        case miss
        case request
        case stale
        case partial

        public var token: StaticString {
            switch self {
            case .bypass: "bypass"
            case .method: "method"
            case .uriMiss: "uri-miss"
            case .varyMiss: "vary-miss"
            case .miss: "miss"
            case .request: "request"
            case .stale: "stale"
            case .partial: "partial"
            }
        }
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
        // Of the words below and two numbers.
        buffer.append(addingCapacity: 128 + detail.utf8CodeUnitCount) { output in
            if isHit { output.append(contentsOf: "; hit") }
            if let forward {
                output.append(contentsOf: "; fwd=")
                output.append(contentsOf: forward.token)
            }
            if let forwardStatus {
                output.append(contentsOf: "; fwd-status=")
                NumberWriter.append(UInt64(forwardStatus.magnitude), to: &output)
            }
            if let timeToLive {
                output.append(contentsOf: "; ttl=")
                if timeToLive < 0 { output.append(0x2D) }
                NumberWriter.append(timeToLive.magnitude, to: &output)
            }
            if isStored { output.append(contentsOf: "; stored") }
            if isCollapsed { output.append(contentsOf: "; collapsed") }
            if detail.utf8CodeUnitCount > 0 {
                output.append(contentsOf: "; detail=")
                output.append(contentsOf: detail)
            }
        }
    }

    public static func == (left: CacheStatus, right: CacheStatus) -> Bool {
        left.isHit == right.isHit && left.forward == right.forward && left.forwardStatus == right.forwardStatus
            && left.timeToLive == right.timeToLive && left.isStored == right.isStored
            && left.isCollapsed == right.isCollapsed && "\(left.detail)" == "\(right.detail)"
    }
}
