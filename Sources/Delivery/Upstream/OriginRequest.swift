public import HTTPWire
public import Reactor

/// A request as it goes to an origin. The body, if there is one, is sent piece by piece through `OriginExchange`.
public struct OriginRequest: Sendable {
    public var method: Method
    /// The whole head up to and including the empty line.
    public var head: [UInt8]
    /// `.none`, `.length` or `.chunked`; chunked bodies are framed by the exchange.
    public var framing: BodyFraming
    /// Asks for another protocol (RFC 9110, 7.8); after 101 the connection is a tunnel, and bytes go both ways as they
    /// are.
    public var isUpgrade = false
    /// The client takes trailers (`TE`, RFC 9110, 10.1.4); told to origins of HTTP/2, where nothing else says it.
    public var takesTrailers = false
    /// It may be answered with 304. Where it has no condition such an answer is malformed (RFC 9110, 15.4.5).
    public var isConditional = true
    /// For origins that want to know (`OriginSettings.proxyHeader`).
    public var client: ProxyHeader.Addresses?

    /// Nothing is lost where it has to be sent once more.
    var mayBeRepeated: Bool { method.isIdempotent && framing.isEmpty }

    public init(method: Method, head: [UInt8], framing: BodyFraming) {
        self.method = method
        self.head = head
        self.framing = framing
    }
}
