import Bytes

/// The request method (RFC 9110 §9). Methods are case-sensitive.
public enum Method: UInt8, Sendable {
    case get, head, post, put, delete, connect, options, trace, patch
    /// Any other token; its bytes are in ``RequestHead/methodRange``.
    case other

    init(_ bytes: Span<UInt8>) {
        switch bytes.count {
        case 3: self = bytes.isEqual(to: "GET") ? .get : bytes.isEqual(to: "PUT") ? .put : .other
        case 4: self = bytes.isEqual(to: "HEAD") ? .head : bytes.isEqual(to: "POST") ? .post : .other
        case 5: self = bytes.isEqual(to: "PATCH") ? .patch : bytes.isEqual(to: "TRACE") ? .trace : .other
        case 6: self = bytes.isEqual(to: "DELETE") ? .delete : .other
        case 7: self = bytes.isEqual(to: "OPTIONS") ? .options : bytes.isEqual(to: "CONNECT") ? .connect : .other
        default: self = .other
        }
    }

    /// Read-only by definition (RFC 9110 §9.2.1). An unknown method is not safe.
    public var isSafe: Bool {
        switch self {
        case .get, .head, .options, .trace: true
        default: false
        }
    }

    /// May be sent again when a connection broke (RFC 9110 §9.2.2).
    public var isIdempotent: Bool { isSafe || self == .put || self == .delete }
}
