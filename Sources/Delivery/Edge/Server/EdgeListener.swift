public import Reactor

/// An address to listen on, and what answers there.
public struct EdgeListener: Sendable {
    public enum Kind: Sendable {
        /// The cache in front of the origins; its requests become events.
        case proxy
        /// A service inside the process, such as the management API.
        case service(any HTTPService)
    }

    public var address: SocketAddress
    public var kind: Kind
    /// Speaks TLS with these certificates.
    public var tls: TLSServer?
    /// Clients may speak HTTP/1.0 and 1.1. Without, what does not begin like HTTP/2 ends with GOAWAY.
    public var allowsHTTP1 = true
    /// Clients may speak HTTP/2, in cleartext by prior knowledge (RFC 9113, 3.3).
    public var allowsHTTP2 = true
    /// Permissions of the file where the address is a Unix socket: who may write to it may connect.
    public var unixMode: Int32 = 0o660
    /// Connections begin with a header of the PROXY protocol, and come from `EdgeSettings.trustedProxies` only, if that
    /// names any.
    public var expectsProxyHeader = false

    public init(address: SocketAddress, kind: Kind, tls: TLSServer? = nil) {
        self.address = address
        self.kind = kind
        self.tls = tls
    }
}
