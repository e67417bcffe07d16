import COpenSSL

/// Certificates by name, and the OpenSSL contexts behind them, as one version of the settings has them. Immutable once
/// made, which is what makes it safe to share; each session of it holds it.
final class TLSServerContext: @unchecked Sendable {
    let settings: TLSServerSettings
    let keys: TLSTicketKeys
    /// `protocols` as the handshake has them: each with its length before it.
    let wireProtocols: [UInt8]
    private var identities: [TLSIdentity] = []
    private var exact: [String: TLSIdentity] = [:]
    /// By what follows the `*`: `.example.com`.
    private var wildcards: [String: TLSIdentity] = [:]

    init(_ settings: TLSServerSettings, keys: TLSTicketKeys) throws(TLSError) {
        self.settings = settings
        self.keys = keys
        wireProtocols = settings.protocols.flatMap { [UInt8(clamping: $0.utf8.count)] + Array($0.utf8) }
        guard !settings.certificates.isEmpty else { throw TLSError("TLS needs a certificate") }
        for files in settings.certificates { try add(files) }
        for identity in identities {
            for name in identity.names { register(name, identity) }
            installCallbacks(identity)
        }
    }

    var names: [String] { identities.flatMap(\.names) }
    var first: TLSIdentity { identities[0] }

    private func add(_ files: TLSServerSettings.Certificate) throws(TLSError) {
        let identity = try TLSIdentity(files, context: try makeContext())
        if let known = identities.first(where: {
            $0.names == identity.names && !$0.kinds.contains(identity.kinds[0])
        }) {
            return try known.add(files, kind: identity.kinds[0])
        }
        identities.append(identity)
    }

    /// The first certificate for a name keeps it.
    private func register(_ name: String, _ identity: TLSIdentity) {
        if name.hasPrefix("*.") {
            let suffix = String(name.dropFirst())
            if wildcards[suffix] == nil { wildcards[suffix] = identity }
        } else if exact[name] == nil {
            exact[name] = identity
        }
    }

    /// The certificate for a host: one that names it, else a wildcard for its domain (RFC 6125, 6.4.3). Nil if none.
    func identity(for host: String) -> TLSIdentity? {
        var name = host.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        if let found = exact[name] { return found }
        guard let dot = name.firstIndex(of: "."), dot != name.startIndex else { return nil }
        return wildcards[String(name[dot...])]
    }

    // MARK: OpenSSL

    private func makeContext() throws(TLSError) -> OpaquePointer {
        OpenSSLErrors.clear()
        guard let context = SSL_CTX_new(TLS_server_method()) else { throw .of("TLS cannot start") }
        do throws(TLSError) {
            try configure(context)
            try configureClientCertificates(context)
        } catch {
            SSL_CTX_free(context)
            throw error
        }
        return context
    }

    private func configure(_ context: OpaquePointer) throws(TLSError) {
        squilla_ctx_defaults(context)
        _ = squilla_ctx_min_version(context, settings.minimumVersion == .tls13 ? TLS1_3_VERSION : TLS1_2_VERSION)
        guard SSL_CTX_set_cipher_list(context, settings.ciphers) == 1 else {
            throw .of("ciphers: OpenSSL knows none of \(settings.ciphers)")
        }
        guard SSL_CTX_set_ciphersuites(context, settings.suites) == 1 else {
            throw .of("suites: OpenSSL does not know all of \(settings.suites)")
        }
        guard squilla_ctx_groups(context, settings.groups) == 1 else {
            throw .of("groups: OpenSSL does not know all of \(settings.groups)")
        }
        let identifier = sessionContext
        SSL_CTX_set_session_id_context(context, identifier, UInt32(identifier.count))
        SSL_CTX_set_timeout(context, settings.sessionSeconds)
        if settings.sessionSeconds == 0 { squilla_ctx_no_tickets(context) }
    }

    /// Changes with what is demanded of clients, so that a session from before a stricter setting is not resumed.
    private var sessionContext: [UInt8] {
        var hasher = Hasher()
        hasher.combine(settings.clientCertificates)
        if let file = settings.clientAuthoritiesFile {
            hasher.combine(file)
            hasher.combine(FileVersion(file))
        }
        return withUnsafeBytes(of: hasher.finalize()) { Array($0) }
    }

    private func configureClientCertificates(_ context: OpaquePointer) throws(TLSError) {
        guard settings.clientCertificates != .none else { return }
        guard let file = settings.clientAuthoritiesFile else {
            throw TLSError("client certificates need the file of their authorities")
        }
        try TLSIdentity.checkReadable(file)
        guard SSL_CTX_load_verify_locations(context, file, nil) == 1 else {
            throw .of("\(file): no certificates of authorities in PEM")
        }
        if let list = SSL_load_client_CA_file(file) { SSL_CTX_set_client_CA_list(context, list) }
        let demand = settings.clientCertificates == .required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | demand, nil)
    }
}
