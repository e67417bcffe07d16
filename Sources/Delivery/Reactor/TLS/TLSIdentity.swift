import COpenSSL
import Glibc

/// One certificate (or one each of two kinds of key for the same names) with its OpenSSL context. Used by many threads:
/// it is complete before a handshake sees it, and OpenSSL counts references to a context with atomics.
final class TLSIdentity: @unchecked Sendable {
    let context: OpaquePointer
    /// Host names in lower case; a wildcard keeps its `*.`.
    let names: [String]
    private(set) var kinds: [Int32]
    /// OCSP responses by certificate, an address for comparison only.
    private var staples: [(certificate: OpaquePointer, response: [UInt8])] = []

    /// - Throws: `TLSError` naming the file that can't be read, or the key that is another certificate's.
    init(_ files: TLSServerSettings.Certificate, context: OpaquePointer) throws(TLSError) {
        self.context = context
        kinds = []
        squilla_ctx_no_passphrase(context)
        let certificate: OpaquePointer
        do throws(TLSError) {
            certificate = try TLSIdentity.load(files, into: context)
        } catch {
            SSL_CTX_free(context)
            throw error
        }
        names = TLSIdentity.names(of: certificate)
        kinds = [squilla_key_kind(certificate)]
        staple(files, certificate)
    }

    deinit { SSL_CTX_free(context) }

    /// Takes in a certificate for the same names with another kind of key; a client gets the one that it understands.
    func add(_ files: TLSServerSettings.Certificate, kind: Int32) throws(TLSError) {
        let certificate = try TLSIdentity.load(files, into: context)
        kinds.append(kind)
        staple(files, certificate)
    }

    /// Loads certificate, chain and key; returns the certificate, which the context owns.
    private static func load(
        _ files: TLSServerSettings.Certificate, into context: OpaquePointer
    ) throws(TLSError) -> OpaquePointer {
        OpenSSLErrors.clear()
        try checkReadable(files.chainFile)
        try checkReadable(files.keyFile)
        guard SSL_CTX_use_certificate_chain_file(context, files.chainFile) == 1 else {
            throw .of("\(files.chainFile): no certificate in PEM")
        }
        guard SSL_CTX_use_PrivateKey_file(context, files.keyFile, SSL_FILETYPE_PEM) == 1 else {
            throw .of("\(files.keyFile): no usable private key in PEM for \(files.chainFile)")
        }
        guard SSL_CTX_check_private_key(context) == 1 else {
            throw .of("\(files.keyFile): not the key of \(files.chainFile)")
        }
        guard let certificate = SSL_CTX_get0_certificate(context) else {
            throw TLSError("\(files.chainFile): no certificate in PEM")
        }
        return certificate
    }

    static func checkReadable(_ file: String) throws(TLSError) {
        if access(file, R_OK) != 0 { throw TLSError("\(file): cannot be read: \(String(cString: strerror(errno)))") }
    }

    // MARK: OCSP

    private func staple(_ files: TLSServerSettings.Certificate, _ certificate: OpaquePointer) {
        guard let file = files.ocspFile, let response = TLSIdentity.contents(of: file) else { return }
        staples.append((certificate, response))
    }

    /// The response to staple for a certificate, if it says "good" now. One that expired is worse than none.
    func staple(for certificate: OpaquePointer?) -> [UInt8]? {
        guard let certificate else { return nil }
        for staple in staples where staple.certificate == certificate {
            let verdict = squilla_ocsp_is_good(staple.response, staple.response.count, certificate)
            return verdict == 1 ? staple.response : nil
        }
        return nil
    }

    private static func contents(of file: String) -> [UInt8]? {
        guard let handle = fopen(file, "rb") else { return nil }
        defer { fclose(handle) }
        var bytes = [UInt8](repeating: 0, count: 64 * 1024)
        let count = fread(&bytes, 1, bytes.count, handle)
        return count > 0 && count < bytes.count ? Array(bytes.prefix(count)) : nil
    }

    // MARK: Names

    /// The DNS names of a certificate; its common name where it has none.
    private static func names(of certificate: OpaquePointer) -> [String] {
        var names: [String] = []
        if let list = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) {
            let generalNames = OpaquePointer(list)
            for index in 0..<squilla_general_name_count(generalNames) {
                var count: Int32 = 0
                guard let name = squilla_general_name(generalNames, index),
                    let bytes = squilla_dns_name(name, &count)
                else { continue }
                let text = UnsafeBufferPointer(start: bytes, count: Int(count))
                names.append(String(decoding: text, as: UTF8.self).lowercased())
            }
            GENERAL_NAMES_free(generalNames)
        }
        if names.isEmpty {
            var text = [CChar](repeating: 0, count: 256)
            let count = X509_NAME_get_text_by_NID(
                X509_get_subject_name(certificate), NID_commonName, &text, Int32(text.count))
            if count > 0 {
                names.append(
                    String(decoding: text.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self).lowercased())
            }
        }
        return names.sorted()
    }
}
