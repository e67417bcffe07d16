/// How a listener speaks TLS. The defaults are what a scan of 2026 finds nothing against.
public struct TLSServerSettings: Sendable, Equatable {
    /// Files of one certificate, in PEM.
    public struct Certificate: Sendable, Equatable {
        /// The certificate and the intermediate ones that lead to its authority.
        public var chainFile: String
        public var keyFile: String
        /// A DER response of the authority's OCSP service, stapled while it is valid.
        public var ocspFile: String?

        public init(chainFile: String, keyFile: String, ocspFile: String? = nil) {
            self.chainFile = chainFile
            self.keyFile = keyFile
            self.ocspFile = ocspFile
        }
    }

    public enum Version: Sendable, Equatable { case tls12, tls13 }

    public enum ClientCertificates: Sendable, Equatable {
        case none
        /// Asked for; who has none is let in, who has a bad one is not.
        case optional
        case required
    }

    /// The first one also answers names that none is for. Names come from the certificates themselves.
    public var certificates: [Certificate] = []
    public var minimumVersion = Version.tls12
    /// Ciphers of TLS 1.2, in OpenSSL's words; forward secrecy and authenticated encryption only.
    public var ciphers =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
        + "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
    /// Cipher suites of TLS 1.3.
    public var suites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
    /// Key exchange groups, in order of preference.
    public var groups = "X25519:P-256:P-384"
    /// Application protocols (RFC 7301), in order of preference.
    public var protocols = ["http/1.1"]
    public var clientCertificates = ClientCertificates.none
    /// Authorities of client certificates, in PEM.
    public var clientAuthoritiesFile: String?
    /// A name that no certificate is for is refused with an alert instead of answered with the first certificate.
    public var refusesUnknownNames = false
    /// How long a session can be resumed, in seconds; 0 turns tickets off. Keys of tickets change three times in it.
    public var sessionSeconds = 86_400

    public init() {}
}
