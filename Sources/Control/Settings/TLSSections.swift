/// An address where clients connect, and what is spoken there.
public struct ListenSection: Hashable, Sendable {
    public var address: Endpoint
    /// Nil for cleartext.
    public var tls: ListenTLSSection?
    /// Whether clients may speak HTTP/1.0 and 1.1.
    public var allowsHTTP1 = true
    /// Whether clients may speak HTTP/2.
    public var allowsHTTP2 = true
    /// Permissions of the file where `address` is a Unix socket.
    public var unixMode = 0o660
    /// Whether connections begin with a header of the PROXY protocol.
    public var expectsProxyHeader = false

    public init(address: Endpoint, tls: ListenTLSSection? = nil) {
        self.address = address
        self.tls = tls
    }
}

/// How a listener speaks TLS.
public struct ListenTLSSection: Hashable, Sendable {
    public var certificates: [CertificateSection] = []
    public var minVersion = TLSVersion.tls12
    /// OpenSSL's names; nil for the defaults.
    public var ciphers: String?
    public var suites: String?
    public var groups: String?
    public var clientCertificates = ClientCertificates.none
    /// PEM file of the authorities that client certificates must come from.
    public var clientAuthorities: String?
    /// Whether a name without a certificate is refused instead of answered with the first certificate.
    public var refusesUnknownNames = false
    /// How long a session can be resumed; 0 turns resumption off.
    public var sessionMilliseconds = 86_400_000

    public init() {}

    public enum TLSVersion: String, CaseIterable, Sendable {
        case tls12 = "1.2"
        case tls13 = "1.3"
    }

    public enum ClientCertificates: String, CaseIterable, Sendable { case none, optional, required }
}

/// Bounds of each HTTP/2 connection.
public struct HTTP2Section: Hashable, Sendable {
    /// Requests at a time.
    public var maxStreams = 128
    /// Of a request's body that may be under way or held.
    public var streamWindowBytes = 256 << 10
    public var connectionWindowBytes = 1 << 20
    /// Requests that a client may cancel, on average; four times as many at once.
    public var resetsPerSecond = 50
    /// SETTINGS, PING and the like, on average; six times as many at once.
    public var controlFramesPerSecond = 50
    /// CONTINUATION frames of one header block, beside those that a large one needs.
    public var continuationFrames = 16
    /// Settings in one SETTINGS frame.
    public var settingsPerFrame = 32

    public init() {}
}

/// Files of one certificate, in PEM.
public struct CertificateSection: Hashable, Sendable {
    public var certificate: String
    public var key: String
    /// DER response of the authority's OCSP service, stapled while it is valid.
    public var ocsp: String?
    /// DNS names of a certificate that an ACME authority gives; the files are ours then.
    public var acmeNames: [String] = []

    public init(certificate: String, key: String, ocsp: String? = nil) {
        self.certificate = certificate
        self.key = key
        self.ocsp = ocsp
    }
}

/// The authority that gives certificates by ACME (RFC 8555), with HTTP-01 challenges.
public struct ACMESection: Hashable, Sendable {
    /// The URL of its directory.
    public var directory = ""
    /// Such as `mailto:ops@example.com`.
    public var contact: String?
    /// PEM file of who vouches for its server; nil for the system's.
    public var authorities: String?
    public var renewBeforeMilliseconds = 30 * 86_400_000
    /// What binds our account to one that the operator has with the authority (RFC 8555, 7.3.4).
    public var externalAccount: ExternalAccountSection?
    public var limits = ACMELimitsSection()

    public init() {}
}

/// An account with an authority, as it gives it to its customers.
public struct ExternalAccountSection: Hashable, Sendable {
    public var keyID: String
    /// File with the HMAC key in base64url.
    public var hmacKeyFile: String

    public init(keyID: String, hmacKeyFile: String) {
        self.keyID = keyID
        self.hmacKeyFile = hmacKeyFile
    }
}

/// What an authority may cost, and when it is asked again.
public struct ACMELimitsSection: Hashable, Sendable {
    /// Of one answer, whole.
    public var answerMilliseconds = 30_000
    public var answerBytes = 1 << 20
    /// Times that an authorization or an order is asked for before it counts as stuck.
    public var polls = 60
    /// The first pause after a failure; each further one doubles it.
    public var firstPauseMilliseconds = 60_000
    public var lastPauseMilliseconds = 12 * 3_600_000
    /// The longest `Retry-After` that is believed.
    public var retryAfterMilliseconds = 7 * 86_400_000

    public init() {}
}

/// How origins behind `https` are reached.
public struct OriginTLSSection: Hashable, Sendable {
    /// PEM file of trusted authorities; nil for the system's.
    public var authorities: String?
    /// Whether the origin's certificate is checked.
    public var verifies = true
    /// Sent as SNI and looked for in the certificate; nil for the URL's host.
    public var serverName: String?
    /// A certificate of our own for origins that ask for one.
    public var certificate: String?
    public var key: String?

    public init() {}
}
