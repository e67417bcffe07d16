/// Form of the request target (RFC 9112 §3.2).
public enum TargetForm: UInt8, Sendable { case origin, absolute, asterisk }

/// A request's start line and fields. Owned by its connection and reused for each request on it.
public struct RequestHead: Sendable {
    public var block: HeaderBlock
    public internal(set) var method: Method
    public internal(set) var methodRange: ByteRange
    /// The target as received.
    public internal(set) var target: ByteRange
    public internal(set) var targetForm: TargetForm
    /// Path without the query; empty when the target has none (`http://a`, `*`): read it as "/".
    public internal(set) var path: ByteRange
    /// Query without its question mark; `hasQuery` tells `/a?` from `/a`.
    public internal(set) var query: ByteRange
    public internal(set) var hasQuery: Bool
    /// Host without port: from an absolute target, else from the Host field. Empty only with HTTP/1.0.
    public internal(set) var host: ByteRange
    public internal(set) var port: UInt16?
    /// True for an absolute target with the scheme https.
    public internal(set) var isHTTPSTarget: Bool
    /// 1 or 2. A request of HTTP/2 reads like one of HTTP/1.1 in all else.
    public internal(set) var majorVersion: UInt8
    /// 0 or 1.
    public internal(set) var minorVersion: UInt8
    /// What the client asks for; the edge may still close.
    public internal(set) var keepsAlive: Bool
    public internal(set) var framing: BodyFraming
    /// `Expect: 100-continue` of an HTTP/1.1 request with a body.
    public internal(set) var expectsContinue: Bool

    public init() {
        self.block = HeaderBlock()
        self.method = .other
        self.methodRange = .empty
        self.target = .empty
        self.targetForm = .origin
        self.path = .empty
        self.query = .empty
        self.hasQuery = false
        self.host = .empty
        self.port = nil
        self.isHTTPSTarget = false
        self.majorVersion = 1
        self.minorVersion = 1
        self.keepsAlive = true
        self.framing = .none
        self.expectsContinue = false
    }

    /// Forgets the request and keeps the memory.
    public mutating func reset() {
        block.removeAll()
        method = .other
        methodRange = .empty
        target = .empty
        targetForm = .origin
        path = .empty
        query = .empty
        hasQuery = false
        host = .empty
        port = nil
        isHTTPSTarget = false
        majorVersion = 1
        minorVersion = 1
        keepsAlive = true
        framing = .none
        expectsContinue = false
    }

    /// The octets of any range of this head.
    @_lifetime(borrow self)
    public func slice(_ range: ByteRange) -> Span<UInt8> { block.bytes.span.extracting(range.range) }

    public func string(_ range: ByteRange) -> String { block.string(range) }

    /// Path and query as sent to an origin: "/" for an empty path; the query with its question mark.
    public var originTarget: ByteRange {
        let start = path.start
        let end = hasQuery ? query.end : path.end
        return ByteRange(start, end)
    }
}
