import Reactor
import Settings

/// Certificates, keys and trusted authorities that the configuration names, loaded.
enum TLSMaterial {
    /// For each listener what it needs to speak TLS; nil for cleartext.
    /// - Throws: `Failure` naming the listener and the file at fault.
    /// - Parameter makesMissing: puts a certificate of our own where an authority has given none yet; else a listener
    ///   that lacks one is left out.
    static func servers(_ settings: Settings, makesMissing: Bool = true) throws -> [TLSServer?] {
        let store = CertificateStore(dataFolder: settings.dataFolder)
        if makesMissing { for names in settings.edge.acmeCertificates { try store.prepare(names) } }
        return try settings.edge.listen.map { listener in
            guard let tls = listener.tls else { return nil }
            let awaited = tls.certificates.map(\.acmeNames).filter { !$0.isEmpty }
            if !makesMissing, awaited.contains(where: { store.facts(of: $0) == nil }) { return nil }
            return try explained("edge.listen \(listener.address)") { () throws(TLSError) in
                try TLSServer(tls.serverSettings(of: listener, store))
            }
        }
    }

    /// Reads the files of running listeners again. Those before one that is wrong have theirs already.
    static func reload(_ servers: [TLSServer?], _ settings: Settings) throws {
        let store = CertificateStore(dataFolder: settings.dataFolder)
        for names in settings.edge.acmeCertificates { try store.prepare(names) }
        for (server, listener) in zip(servers, settings.edge.listen) {
            guard let server, let tls = listener.tls else { continue }
            try explained("edge.listen \(listener.address)") { () throws(TLSError) in
                try server.reload(tls.serverSettings(of: listener, store))
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
    fileprivate func serverSettings(of listener: ListenSection, _ store: CertificateStore) -> TLSServerSettings {
        var settings = TLSServerSettings()
        settings.certificates = certificates.map { section in
            guard section.acmeNames.isEmpty else {
                let file = store.path(of: section.acmeNames)
                return TLSServerSettings.Certificate(chainFile: file, keyFile: file)
            }
            return TLSServerSettings.Certificate(
                chainFile: section.certificate, keyFile: section.key, ocspFile: section.ocsp)
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
