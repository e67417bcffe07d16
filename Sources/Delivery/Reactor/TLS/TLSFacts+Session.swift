import COpenSSL

extension TLSFacts {
    /// Reads them off a handshake that is done.
    convenience init(_ ssl: OpaquePointer, isClient: Bool) {
        let cipher = SSL_get_current_cipher(ssl).flatMap { SSL_CIPHER_standard_name($0) }
        var selected: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &selected, &length)
        let applicationProtocol = selected.map {
            String(decoding: UnsafeBufferPointer(start: $0, count: Int(length)), as: UTF8.self)
        }
        let name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map { String(cString: $0).lowercased() }
        self.init(
            version: SSL_version(ssl) == TLS1_3_VERSION ? "1.3" : "1.2",
            cipher: cipher.map { String(cString: $0) } ?? "",
            isResumed: squilla_ssl_resumed(ssl) == 1,
            serverName: name,
            applicationProtocol: length > 0 ? applicationProtocol : nil,
            peer: isClient ? nil : SSL_get0_peer_certificate(ssl).map { Peer($0) })
    }
}

extension TLSFacts.Peer {
    fileprivate init(_ certificate: OpaquePointer) {
        self.init(
            subject: Self.text(X509_get_subject_name(certificate)),
            issuer: Self.text(X509_get_issuer_name(certificate)), fingerprint: Self.fingerprint(certificate))
    }

    private static func text(_ name: OpaquePointer?) -> String {
        guard let name, let bio = BIO_new(BIO_s_mem()) else { return "" }
        defer { BIO_free(bio) }
        squilla_name_text(bio, name)
        var bytes: UnsafeMutablePointer<CChar>?
        let count = squilla_bio_memory(bio, &bytes)
        guard count > 0, let bytes else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    private static func fingerprint(_ certificate: OpaquePointer) -> String {
        var digest = [UInt8](repeating: 0, count: 64)
        var count: UInt32 = 0
        guard X509_digest(certificate, EVP_sha256(), &digest, &count) == 1 else { return "" }
        let digits = Array("0123456789ABCDEF")
        return String(digest.prefix(Int(count)).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
