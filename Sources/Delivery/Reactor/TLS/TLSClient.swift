import COpenSSL
import Glibc
import Synchronization

/// How connections to one server speak TLS.
public struct TLSClientSettings: Sendable, Equatable {
    /// Authorities that are trusted, in PEM; nil for the system's.
    public var authoritiesFile: String?
    /// Sent as SNI and looked for in the certificate.
    public var serverName: String
    /// Without it anybody in the way can read and change what is sent.
    public var verifies = true
    /// A certificate of our own for servers that ask for one, in PEM.
    public var certificateFile: String?
    public var keyFile: String?
    public var protocols: [String] = []

    public init(serverName: String) { self.serverName = serverName }
}

/// What connections to one server share: trusted authorities, and sessions to resume. Used by all loops.
/// Equal to another that has the same settings and files.
public final class TLSClient: Equatable, @unchecked Sendable {
    // Unchecked: the context is complete before it is shared, and counts its references with atomics.
    private let context: OpaquePointer
    private let settings: TLSClientSettings
    /// When the files were changed last.
    private let versions: [FileVersion]
    private let sessions = Mutex<[Session]>([])
    private static let maximumSessions = 8

    /// Owns one reference to an OpenSSL session, which is immutable once negotiated.
    private struct Session: @unchecked Sendable { let pointer: OpaquePointer }

    /// - Throws: `TLSError` naming the file or setting at fault.
    public init(_ settings: TLSClientSettings) throws(TLSError) {
        OpenSSLErrors.clear()
        guard let context = SSL_CTX_new(TLS_client_method()) else { throw .of("TLS cannot start") }
        self.context = context
        self.settings = settings
        versions = [settings.authoritiesFile, settings.certificateFile, settings.keyFile].map { FileVersion($0) }
        squilla_ctx_defaults(context)
        squilla_ctx_no_passphrase(context)
        squilla_ctx_client_sessions(context)
        _ = squilla_ctx_min_version(context, TLS1_2_VERSION)
        try loadAuthorities()
        try loadCertificate()
        try checkName()
        SSL_CTX_sess_set_new_cb(context) { ssl, session in
            guard let session, let keep = TLSSession.of(ssl)?.keepSession else { return 0 }
            keep(session)
            return 1
        }
    }

    public static func == (left: TLSClient, right: TLSClient) -> Bool {
        left.settings == right.settings && left.versions == right.versions
    }

    deinit {
        for session in sessions.withLock({ $0 }) { SSL_SESSION_free(session.pointer) }
        SSL_CTX_free(context)
    }

    private func loadAuthorities() throws(TLSError) {
        guard settings.verifies else { return }
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        if let file = settings.authoritiesFile {
            try TLSIdentity.checkReadable(file)
            guard SSL_CTX_load_verify_locations(context, file, nil) == 1 else {
                throw .of("\(file): no certificates of authorities in PEM")
            }
        } else if SSL_CTX_set_default_verify_paths(context) != 1 {
            throw .of("the system's certificates of authorities can't be loaded")
        }
    }

    private func loadCertificate() throws(TLSError) {
        guard let certificate = settings.certificateFile else { return }
        let key = settings.keyFile ?? certificate
        try TLSIdentity.checkReadable(certificate)
        try TLSIdentity.checkReadable(key)
        guard SSL_CTX_use_certificate_chain_file(context, certificate) == 1 else {
            throw .of("\(certificate): no certificate in PEM")
        }
        guard SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1,
            SSL_CTX_check_private_key(context) == 1
        else { throw .of("\(key): not the key of \(certificate)") }
    }

    /// OpenSSL takes an empty name for no check at all, and a name ends for it at a zero octet.
    private func checkName() throws(TLSError) {
        guard settings.verifies, settings.serverName.isEmpty || settings.serverName.utf8.contains(0) else { return }
        throw TLSError("a certificate can't be checked without the server's name; give a host name or an IP address")
    }

    /// A session for a new connection; nil when memory is out.
    /// - Parameter protocols: offered instead of those of the settings; empty for these.
    func makeSession(_ protocols: [String] = []) -> TLSSession? {
        guard let ssl = SSL_new(context) else { return nil }
        // Every certificate is refused where none could be checked.
        if !configureName(ssl) { SSL_set_verify(ssl, SSL_VERIFY_PEER) { _, _ in 0 } }
        let offered = protocols.isEmpty ? settings.protocols : protocols
        if !offered.isEmpty {
            let list = offered.flatMap { [UInt8(clamping: $0.utf8.count)] + Array($0.utf8) }
            SSL_set_alpn_protos(ssl, list, UInt32(list.count))
        }
        resume(ssl)
        let session = TLSSession.client(ssl, owner: self)
        session?.keepSession = { [weak self] in self?.keep(Session(pointer: $0)) }
        return session
    }

    /// - Returns: false where the certificate's name would go unchecked.
    private func configureName(_ ssl: OpaquePointer) -> Bool {
        let name = settings.serverName
        // Room for an address of either family.
        var address = [UInt8](repeating: 0, count: 16)
        let isNumeric = inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1
        if isNumeric {
            // A numeric name is no server name (RFC 6066, 3); the certificate must hold the address.
            return !settings.verifies || X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1
        }
        _ = squilla_ssl_server_name(ssl, name)
        guard settings.verifies else { return true }
        SSL_set_hostflags(ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        return SSL_set1_host(ssl, name) == 1
    }

    /// Offers the newest session. One of TLS 1.3 is used once (RFC 8446, C.4).
    private func resume(_ ssl: OpaquePointer) {
        sessions.withLock { sessions in
            guard let newest = sessions.last else { return }
            SSL_set_session(ssl, newest.pointer)
            guard SSL_SESSION_get_protocol_version(newest.pointer) == TLS1_3_VERSION else { return }
            sessions.removeLast()
            SSL_SESSION_free(newest.pointer)
        }
    }

    private func keep(_ session: Session) {
        sessions.withLock { sessions in
            sessions.append(session)
            if sessions.count > TLSClient.maximumSessions { SSL_SESSION_free(sessions.removeFirst().pointer) }
        }
    }
}
