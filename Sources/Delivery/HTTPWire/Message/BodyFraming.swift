/// How the end of a body is known (RFC 9112 §6.3).
public enum BodyFraming: Sendable, Equatable {
    /// There is no body, whatever the fields say.
    case none
    /// Content-Length: that many bytes; may be 0.
    case length(UInt64)
    case chunked
    /// A response that ends when the connection does.
    case untilClose

    /// True when no body byte follows the head.
    public var isEmpty: Bool { self == .none || self == .length(0) }
}
