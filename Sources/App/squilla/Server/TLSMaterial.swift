import Reactor
import Settings

/// Certificates, keys and trusted authorities that the configuration names, loaded.
enum TLSMaterial {
    /// For each listener what it needs to speak TLS; nil for cleartext.
    /// - Throws: `Failure` naming the listener and the file at fault.
    static func servers(_ settings: Settings) throws -> [TLSServer?] {
        try settings.edge.listen.map { listener in
            guard let tls = listener.tls else { return nil }
            return try explained("edge.listen \(listener.address)") { () throws(TLSError) in
                try TLSServer(tls.serverSettings(of: listener))
            }
        }
    }

    /// Reads the files of running listeners again. Those before one that is wrong have theirs already.
    static func reload(_ servers: [TLSServer?], _ settings: Settings) throws {
        for (server, listener) in zip(servers, settings.edge.listen) {
            guard let server, let tls = listener.tls else { continue }
            try explained("edge.listen \(listener.address)") { () throws(TLSError) in
                try server.reload(tls.serverSettings(of: listener))
            }
        }
    }

    /// What an origin behind `https` needs.
    static func client(_ tls: OriginTLSSection, host: String, of origin: String) throws -> TLSClient {
        var settings = TLSClientSettings(serverName: tls.serverName ?? host)
        settings.authoritiesFile = tls.authorities
        settings.verifies = tls.verifies
        settings.certificateFile = tls.certificate
        settings.keyFile = tls.key
        return try explained("origin \(origin)") { () throws(TLSError) in try TLSClient(settings) }
    }

    private static func explained<Value>(_ what: String, _ body: () throws(TLSError) -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            throw Failure("\(what): tls: \(error)")
        }
    }
}

extension ListenTLSSection {
    fileprivate func serverSettings(of listener: ListenSection) -> TLSServerSettings {
        var settings = TLSServerSettings()
        settings.certificates = certificates.map {
            TLSServerSettings.Certificate(chainFile: $0.certificate, keyFile: $0.key, ocspFile: $0.ocsp)
        }
        settings.protocols = (listener.allowsHTTP2 ? ["h2"] : []) + (listener.allowsHTTP1 ? ["http/1.1"] : [])
        settings.minimumVersion = minVersion == .tls13 ? .tls13 : .tls12
        settings.ciphers = ciphers ?? settings.ciphers
        settings.suites = suites ?? settings.suites
        settings.groups = groups ?? settings.groups
        settings.clientCertificates =
            switch clientCertificates {
            case .none: .none
            case .optional: .optional
            case .required: .required
            }
        settings.clientAuthoritiesFile = clientAuthorities
        settings.refusesUnknownNames = refusesUnknownNames
        settings.sessionSeconds = sessionMilliseconds / 1000
        return settings
    }
}
