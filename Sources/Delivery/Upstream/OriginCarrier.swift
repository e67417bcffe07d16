import HTTPWire
import Reactor

/// What carries one exchange to an origin and back: an HTTP/1.1 connection, or one stream of an HTTP/2 connection.
/// Confined to its loop.
///
/// A class to inherit from, not a protocol: each request calls several of these.
class OriginCarrier {
    /// The origin's address.
    var address: SocketAddress? { nil }
    /// What is spoken on its connection.
    var version: OriginVersion { .http11 }
    /// The request's body is taken slower than it comes.
    var isCongested: Bool { true }

    /// Once: the connect is charged to the first request only.
    func takeConnectNanoseconds() -> Int64 { -1 }

    func begin(_ exchange: OriginExchange) {}

    /// Sends a piece of the request's body.
    func sendBody(_ bytes: Span<UInt8>, of exchange: OriginExchange) {}

    /// The request's body is complete.
    func finishBody(trailers: HeaderBlock, of exchange: OriginExchange) {}

    func pause() {}

    func resume() {}

    /// The exchange was cancelled; what follows on the wire is nobody's.
    func abandon() {}

    /// Ends a tunnel once what was sent has left.
    func endTunnel() {}
}
