public import HTTPWire
public import Reactor

/// How one origin is reached, and the limits of its pool. Pools are per event loop; counts here are per loop.
public struct OriginSettings: Sendable, Equatable {
    /// The name in events and on the metrics page.
    public var name: String
    /// A host name, a numeric address, or `unix:/path`.
    public var host: String
    public var port: UInt16
    /// The `Host` field sent to the origin; `nil` passes the client's on.
    public var hostHeader: String?
    /// Speaks TLS to the origin.
    public var tls: TLSClient?
    /// What is spoken; HTTP/2 carries many requests at a time on a connection.
    public var wireProtocol = WireProtocol.http1
    /// Bounds of each connection that speaks HTTP/2.
    public var http2 = HTTP2ClientLimits()
    /// Begins each connection with a header that says who the client is; then each carries one request only.
    public var proxyHeader: ProxyHeader.Version?
    /// From the start of a connect to its success, a TLS handshake included.
    public var connectTimeoutMilliseconds = 5_000
    /// From the end of the request to the first byte of the response.
    public var firstByteTimeoutMilliseconds = 60_000
    /// Between two reads of a response, and for a request body that the origin does not take.
    public var idleTimeoutMilliseconds = 60_000
    /// How long an unused connection is kept.
    public var keepAliveMilliseconds = 55_000
    /// Open connections, used and unused.
    public var maximumConnections = 1_024
    /// Unused connections kept for reuse.
    public var maximumIdleConnections = 64
    /// Requests that wait for a connection; one more is refused.
    public var maximumPending = 4_096
    /// How long a request waits for a connection.
    public var pendingTimeoutMilliseconds = 10_000
    /// How often a request is sent again where that is safe.
    public var maximumRetries = 2
    /// This many failed connects in a row take the origin for down…
    public var failureThreshold = 5
    /// …for a sixteenth of this at first, then twice as long each time that the one which tries again fails, up to this.
    public var failurePauseMilliseconds = 1_000

    /// Its part of the load.
    public var placement = Placement()

    public enum WireProtocol: Sendable, Equatable {
        case http1
        /// By TLS with ALPN, or in cleartext because it is known before (RFC 9113, 3.3).
        case http2
        /// What the server chooses (ALPN); HTTP/1.1 in cleartext.
        case negotiated
    }

    /// Whether a connection may carry several requests at a time. One with a PROXY header is of one request.
    var mayMultiplex: Bool {
        guard proxyHeader == nil else { return false }
        return wireProtocol == .http2 || wireProtocol == .negotiated && tls != nil
    }

    /// For ALPN.
    var offeredProtocols: [String] {
        guard mayMultiplex else { return [] }
        return wireProtocol == .http2 ? ["h2"] : ["h2", "http/1.1"]
    }

    /// Whether a connection speaks HTTP/2; nil where the server does not agree to what has to be.
    func speaksHTTP2(_ tls: TLSFacts?) -> Bool? {
        guard mayMultiplex else { return false }
        let isChosen = tls?.applicationProtocol == "h2"
        if wireProtocol == .negotiated { return isChosen }
        return tls == nil || isChosen ? true : nil
    }

    public init(name: String, host: String, port: UInt16) {
        self.name = name
        self.host = host
        self.port = port
    }

    /// `HOST:PORT`, which names the endpoint in metrics and, hashed, in all edges.
    public var endpoint: String {
        if isUnix { return host }
        return host.contains(":") && !host.hasPrefix("[") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    private var isUnix: Bool { host.hasPrefix("unix:") }

    /// `host:port`, IPv6 in brackets; `localhost` for a Unix socket, which has no name that `Host` could say.
    public var authority: String {
        if isUnix { return "localhost" }
        let bare = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
        return port == (tls == nil ? 80 : 443) ? bare : "\(bare):\(port)"
    }
}
