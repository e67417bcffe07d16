/// What a handshake agreed on, for events and for who decides by it. One for each connection, shared by its requests.
public final class TLSFacts: Sendable {
    /// A certificate that a client proved to have.
    public struct Peer: Sendable {
        /// Distinguished names as RFC 2253 writes them.
        public let subject: String
        public let issuer: String
        /// SHA-256 of the certificate in upper-case hexadecimal digits.
        public let fingerprint: String
    }

    /// `1.2` or `1.3`.
    public let version: String
    /// The suite's name in the IANA registry.
    public let cipher: String
    /// An earlier session was taken up again.
    public let isResumed: Bool
    /// The name the client asked for (SNI), in lower case.
    public let serverName: String?
    /// The application protocol agreed on (ALPN), such as `h2`.
    public let applicationProtocol: String?
    public let peer: Peer?

    init(
        version: String, cipher: String, isResumed: Bool, serverName: String?, applicationProtocol: String?, peer: Peer?
    ) {
        self.version = version
        self.cipher = cipher
        self.isResumed = isResumed
        self.serverName = serverName
        self.applicationProtocol = applicationProtocol
        self.peer = peer
    }
}
