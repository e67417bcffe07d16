import COpenSSL

/// What OpenSSL asks during a handshake. The context's owner is found through the session's own pointer, which lives as
/// long as the session, or through the identity's, which the context outlives.
extension TLSServerContext {
    func installCallbacks(_ identity: TLSIdentity) {
        let context = identity.context
        let owner = Unmanaged.passUnretained(self).toOpaque()
        squilla_ctx_owner(context, owner)
        squilla_ctx_server_name(context, { ssl, _, _ in TLSServerContext.selectCertificate(ssl) }, owner)
        SSL_CTX_set_alpn_select_cb(
            context,
            { ssl, out, outLength, offered, offeredLength, _ in
                TLSServerContext.selectProtocol(ssl, out, outLength, offered, offeredLength)
            }, owner)
        squilla_ctx_status(
            context, { ssl, argument in TLSServerContext.staple(ssl, argument) },
            Unmanaged.passUnretained(identity).toOpaque())
        if settings.sessionSeconds > 0 {
            SSL_CTX_set_tlsext_ticket_key_evp_cb(context) { ssl, name, iv, cipher, mac, seals in
                TLSServerContext.ticketKey(ssl, name, iv, cipher, mac, seals)
            }
        }
    }

    private static func owner(of ssl: OpaquePointer?) -> TLSServerContext? {
        guard let ssl, let pointer = squilla_ssl_owner(ssl) else { return nil }
        return Unmanaged<TLSServerContext>.fromOpaque(pointer).takeUnretainedValue()
    }

    private static func selectCertificate(_ ssl: OpaquePointer?) -> Int32 {
        guard let ssl, let owner = owner(of: ssl) else { return SSL_TLSEXT_ERR_NOACK }
        guard let text = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) else {
            return owner.settings.refusesUnknownNames ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_NOACK
        }
        guard let identity = owner.identity(for: String(cString: text)) else {
            return owner.settings.refusesUnknownNames ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_OK
        }
        if identity !== owner.first { SSL_set_SSL_CTX(ssl, identity.context) }
        return SSL_TLSEXT_ERR_OK
    }

    private static func selectProtocol(
        _ ssl: OpaquePointer?, _ out: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
        _ outLength: UnsafeMutablePointer<UInt8>?, _ offered: UnsafePointer<UInt8>?, _ offeredLength: UInt32
    ) -> Int32 {
        guard let owner = owner(of: ssl), let out, let outLength, let offered else { return SSL_TLSEXT_ERR_NOACK }
        // What is chosen must point into the client's list, which lives as long as the handshake's step.
        let list = UnsafeBufferPointer(start: offered, count: Int(offeredLength))
        let own = owner.wireProtocols
        var index = 0
        while index < own.count {
            let end = index + 1 + Int(own[index])
            var position = 0
            while position < list.count {
                let next = position + 1 + Int(list[position])
                guard next <= list.count else { break }
                if list[position..<next].elementsEqual(own[index..<end]) {
                    out.pointee = offered + position + 1
                    outLength.pointee = list[position]
                    return SSL_TLSEXT_ERR_OK
                }
                position = next
            }
            index = end
        }
        return SSL_TLSEXT_ERR_ALERT_FATAL
    }

    private static func staple(_ ssl: OpaquePointer?, _ argument: UnsafeMutableRawPointer?) -> Int32 {
        guard let ssl, let argument else { return SSL_TLSEXT_ERR_NOACK }
        let identity = Unmanaged<TLSIdentity>.fromOpaque(argument).takeUnretainedValue()
        guard let response = identity.staple(for: SSL_get_certificate(ssl)),
            squilla_ssl_staple(ssl, response, response.count) == 1
        else { return SSL_TLSEXT_ERR_NOACK }
        return SSL_TLSEXT_ERR_OK
    }

    /// 1 for done, 2 for done but seal anew, 0 for a key that is not known (a full handshake follows), -1 for failed.
    private static func ticketKey(
        _ ssl: OpaquePointer?, _ name: UnsafeMutablePointer<UInt8>?, _ iv: UnsafeMutablePointer<UInt8>?,
        _ cipher: OpaquePointer?, _ mac: OpaquePointer?, _ seals: Int32
    ) -> Int32 {
        guard let ssl, let owner = owner(of: ssl), let name, let iv, let cipher, let mac else { return -1 }
        let lifetime = owner.settings.sessionSeconds
        if seals == 1 {
            guard let key = owner.keys.newest(lifetimeSeconds: lifetime), RAND_bytes(iv, 16) == 1 else { return -1 }
            for (index, byte) in key.name.enumerated() { name[index] = byte }
            return squilla_ticket_cipher(cipher, mac, key.secret, iv, 1) == 1 ? 1 : -1
        }
        let wanted = UnsafeBufferPointer<UInt8>(start: name, count: TLSTicketKeys.Key.nameBytes)
        guard let found = owner.keys.find(wanted, lifetimeSeconds: lifetime) else { return 0 }
        guard squilla_ticket_cipher(cipher, mac, found.key.secret, iv, 0) == 1 else { return -1 }
        // A client of TLS 1.3 uses a ticket once (RFC 8446, C.4), so it gets another for the next time.
        return found.isOld || SSL_version(ssl) == TLS1_3_VERSION ? 2 : 1
    }
}
