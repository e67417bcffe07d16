/// Why an origin gave no (whole) response: what, whose fault, and whether asking again is allowed.
public struct UpstreamError: Error, Sendable, Equatable {
    public enum Code: String, Sendable {
        case unresolved = "origin_unresolved"
        case connectRefused = "origin_connect_refused"
        case tlsFailed = "origin_tls_failed"
        case connectTimeout = "origin_connect_timeout"
        case markedDown = "origin_marked_down"
        case noEndpoint = "origin_no_endpoint"
        case tooManyRequests = "origin_too_many_requests"
        case poolFull = "origin_pool_full"
        case poolTimeout = "origin_pool_timeout"
        case firstByteTimeout = "origin_first_byte_timeout"
        case idleTimeout = "origin_idle_timeout"
        case sendTimeout = "origin_send_timeout"
        case closedEarly = "origin_closed_early"
        case reset = "origin_reset"
        /// The origin did nothing for the request (HTTP/2: REFUSED_STREAM, or a GOAWAY that leaves it out).
        case refusedStream = "origin_refused_stream"
        case malformedResponse = "origin_malformed_response"
        case unexpectedUpgrade = "origin_unexpected_upgrade"
    }

    /// Whose fault it is.
    public enum Blame: String, Sendable { case origin, edge }

    public let code: Code
    /// One line for people.
    public let message: String
    /// The request may be sent again without the risk of doing a thing twice.
    public let mayRetry: Bool

    public init(_ code: Code, _ message: String, mayRetry: Bool) {
        self.code = code
        self.message = message
        self.mayRetry = mayRetry
    }

    public var blame: Blame {
        switch code {
        case .poolFull, .poolTimeout, .tooManyRequests: .edge
        default: .origin
        }
    }

    /// The status for the client when nothing better is at hand (RFC 9110, 15.6).
    public var status: Int {
        switch code {
        case .connectTimeout, .firstByteTimeout, .idleTimeout, .sendTimeout: 504
        case .poolFull, .poolTimeout, .markedDown, .noEndpoint, .tooManyRequests: 503
        default: 502
        }
    }
}
