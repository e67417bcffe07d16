import Yams

extension ListenSection {
    /// Each element is an address, or a mapping with an address.
    static func list(reading section: YAMLSection, _ key: String) -> [ListenSection]? {
        guard section.has(key) else {
            _ = section.node(key)
            return nil
        }
        return section.list(key).compactMap { element in
            if let scalar = element.node.scalar {
                return section.address(key, scalar.string).map { ListenSection(address: $0) }
            }
            return ListenSection(reading: section.section(of: element))
        }
    }

    private init?(reading section: YAMLSection) {
        let text = section.optionalString("address")
        if text == nil { section.report("address", "a listener needs an address, such as 0.0.0.0:443") }
        let address = text.flatMap { section.address("address", $0) }
        let tls = section.has("tls") ? ListenTLSSection(reading: section.section("tls")) : nil
        if tls == nil { _ = section.node("tls") }
        let allowsHTTP1 = section.bool("http1", default: true)
        let allowsHTTP2 = section.bool("http2", default: true)
        if !allowsHTTP1, !allowsHTTP2 { section.report("http1", "a listener must take HTTP/1 or HTTP/2") }
        let mode = section.optionalString("mode")
        let unixMode = mode.flatMap { Int($0, radix: 8) }
        if mode != nil, unixMode.map({ (0...0o777).contains($0) }) != true {
            section.report("mode", "expected permissions in octal digits such as 0660")
        } else if mode != nil, address?.isUnix == false {
            section.report("mode", "only the file of a Unix socket has permissions")
        }
        let expectsProxyHeader = section.bool("proxy_protocol", default: false)
        section.finish()
        guard let address else { return nil }
        self.init(address: address, tls: tls)
        self.allowsHTTP1 = allowsHTTP1
        self.allowsHTTP2 = allowsHTTP2
        self.expectsProxyHeader = expectsProxyHeader
        self.unixMode = unixMode ?? self.unixMode
    }
}

extension ListenTLSSection {
    init(reading section: YAMLSection) {
        certificates = section.sections("certificates").compactMap { CertificateSection(reading: $0) }
        if !section.has("certificates") {
            section.report("certificates", "TLS needs at least one certificate: certificate and key, files in PEM")
        }
        minVersion = section.choice("min_version", default: minVersion)
        ciphers = section.optionalString("ciphers")
        if let ciphers, let refused = CipherList.refused(in: ciphers) {
            section.report(
                "ciphers",
                "\(refused) lets in ciphers without encryption, authentication or strength; "
                    + "name those to offer, such as ECDHE-RSA-AES128-GCM-SHA256")
        }
        suites = section.optionalString("suites")
        if let suites, !suites.contains(where: \.isLetter) {
            section.report("suites", "name at least one, such as TLS_AES_128_GCM_SHA256, or leave the key out for all")
        }
        groups = section.optionalString("groups")
        clientCertificates = section.choice("client_certificates", default: clientCertificates)
        clientAuthorities = section.optionalString("client_authorities")
        if clientCertificates != .none, clientAuthorities == nil {
            section.report(
                "client_certificates", "name the file of the authorities to trust, as client_authorities")
        }
        refusesUnknownNames = section.bool("refuse_unknown_names", default: refusesUnknownNames)
        sessionMilliseconds = section.milliseconds(
            "session_ms", default: sessionMilliseconds, in: 0...7 * 86_400_000)
        section.finish()
    }
}

extension ACMESection {
    init(reading section: YAMLSection) {
        directory = section.string("directory", default: "")
        let accepts = section.bool("accept_terms", default: false)
        contact = section.optionalString("contact")
        authorities = section.optionalString("authorities")
        renewBeforeMilliseconds = section.milliseconds(
            "renew_before_ms", default: renewBeforeMilliseconds, in: 60_000...365 * 86_400_000)
        if section.node("external_account") != nil {
            externalAccount = ExternalAccountSection(reading: section.section("external_account"))
        }
        limits = ACMELimitsSection(reading: section.section("limits"))
        section.finish()
        if !directory.hasPrefix("https://"), !directory.hasPrefix("http://127.0.0.1") {
            section.report("directory", "expected the https URL of an ACME server's directory")
        } else if !accepts {
            section.report("accept_terms", "read the authority's terms of service and say true to them")
        } else if let contact, !contact.hasPrefix("mailto:") {
            section.report("contact", "expected mailto: and an address, found \"\(contact)\"")
        }
    }
}

extension ExternalAccountSection {
    fileprivate init?(reading section: YAMLSection) {
        let keyID = section.optionalString("key_id")
        let file = section.optionalString("hmac_key_file")
        if keyID == nil { section.report("key_id", "name the account: the key identifier that the authority gave") }
        if file == nil { section.report("hmac_key_file", "name the file of the HMAC key that the authority gave") }
        section.finish()
        guard let keyID, let file else { return nil }
        self.init(keyID: keyID, hmacKeyFile: file)
    }
}

extension ACMELimitsSection {
    fileprivate init(reading section: YAMLSection) {
        answerMilliseconds = section.milliseconds("answer_ms", default: answerMilliseconds, in: 100...600_000)
        answerBytes = section.bytes("answer_bytes", default: answerBytes, in: 16 << 10...64 << 20)
        polls = section.integer("polls", default: polls, in: 1...10_000)
        firstPauseMilliseconds = section.milliseconds(
            "first_pause_ms", default: firstPauseMilliseconds, in: 1_000...86_400_000)
        lastPauseMilliseconds = section.milliseconds(
            "last_pause_ms", default: lastPauseMilliseconds, in: 1_000...30 * 86_400_000)
        retryAfterMilliseconds = section.milliseconds(
            "retry_after_ms", default: retryAfterMilliseconds, in: 1_000...30 * 86_400_000)
        if lastPauseMilliseconds < firstPauseMilliseconds {
            section.report("last_pause_ms", "the last pause is no shorter than the first")
        }
        section.finish()
    }
}

extension HTTP2Section {
    init(reading section: YAMLSection) {
        maxStreams = section.integer("max_streams", default: maxStreams, in: 1...10_000)
        streamWindowBytes = section.bytes(
            "stream_window_bytes", default: streamWindowBytes, in: 65_535...16 << 20)
        connectionWindowBytes = section.bytes(
            "connection_window_bytes", default: connectionWindowBytes, in: 65_535...1 << 30)
        resetsPerSecond = section.integer("resets_per_second", default: resetsPerSecond, in: 1...100_000)
        controlFramesPerSecond = section.integer(
            "control_frames_per_second", default: controlFramesPerSecond, in: 1...100_000)
        continuationFrames = section.integer("continuation_frames", default: continuationFrames, in: 0...10_000)
        // There are six settings in RFC 9113, and a frame of the least size that all must take holds 2,730.
        settingsPerFrame = section.integer("settings_per_frame", default: settingsPerFrame, in: 6...2730)
        section.finish()
    }
}

extension CertificateSection {
    fileprivate init?(reading section: YAMLSection) {
        let certificate = section.optionalString("certificate")
        let key = section.optionalString("key")
        let ocsp = section.optionalString("ocsp")
        let names = (section.strings("acme") ?? []).map { $0.lowercased() }
        section.finish()
        if !names.isEmpty {
            let isNamed = names.allSatisfy {
                $0.isHostHeader && !$0.contains("*") && !$0.contains(":") && $0.contains(".")
            }
            if certificate != nil || key != nil || ocsp != nil {
                section.report("acme", "a certificate of an authority needs no files")
            } else if !isNamed || names.count > 100 {
                section.report("acme", "expected up to 100 host names; HTTP-01 knows no wildcards")
            }
            self.init(certificate: "", key: "")
            acmeNames = names
            return
        }
        guard let certificate else {
            section.report("certificate", "name the file of the certificate and its chain, in PEM")
            return nil
        }
        self.init(certificate: certificate, key: key ?? certificate, ocsp: ocsp)
    }
}

extension OriginTLSSection {
    init(reading section: YAMLSection) {
        authorities = section.optionalString("authorities")
        verifies = section.bool("verify", default: verifies)
        serverName = section.optionalString("server_name")
        if let serverName, !serverName.isHostName, !serverName.isAddress {
            section.report(
                "server_name",
                "expected the host name or IP address that the server's certificate is for, found \"\(serverName)\"")
        }
        certificate = section.optionalString("certificate")
        key = section.optionalString("key")
        if certificate == nil, key != nil { section.report("key", "a key without a certificate") }
        section.finish()
    }
}
