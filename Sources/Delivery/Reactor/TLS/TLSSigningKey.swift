import COpenSSL

/// A private key on P-256, for accounts and certificates of an authority. OpenSSL's keys never change once made and
/// count their references with atomics, which is what makes it safe to share.
public final class TLSSigningKey: @unchecked Sendable {
    private static let maximumBytes = 64 << 10

    private let key: OpaquePointer

    /// A new one.
    public init() throws(TLSError) {
        guard let key = squilla_key_generate() else { throw .of("no key can be made") }
        self.key = key
    }

    /// - Throws: where the text holds no private key on P-256.
    public init(pem: [UInt8]) throws(TLSError) {
        OpenSSLErrors.clear()
        guard let key = squilla_key_read(pem, Int32(clamping: pem.count)) else { throw .of("no private key in PEM") }
        self.key = key
        var point = [UInt8](repeating: 0, count: 65)
        guard squilla_key_point(key, &point) == 1 else { throw TLSError("not a key on P-256") }
    }

    deinit { EVP_PKEY_free(key) }

    public func pem() throws(TLSError) -> [UInt8] { try written { squilla_key_write(key, $0, $1) } }

    /// The coordinates of the public point, 32 bytes each.
    public func point() throws(TLSError) -> (x: [UInt8], y: [UInt8]) {
        var bytes = [UInt8](repeating: 0, count: 65)
        guard squilla_key_point(key, &bytes) == 1 else { throw .of("a key without a point") }
        return (Array(bytes[1..<33]), Array(bytes[33...]))
    }

    /// ES256 (RFC 7518, 3.4): 64 bytes.
    public func signature(of bytes: [UInt8]) throws(TLSError) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: 64)
        guard squilla_key_sign(key, bytes, bytes.count, &out) == 1 else { throw .of("cannot sign") }
        return out
    }

    /// A request for a certificate (PKCS #10) in DER.
    /// - Parameter names: DNS names.
    public func request(for names: [String]) throws(TLSError) -> [UInt8] {
        let text = TLSSigningKey.extensionText(names)
        return try written { squilla_certificate_request(key, text, $0, $1) }
    }

    /// A certificate in PEM that no authority knows, to begin with.
    public func selfSigned(for names: [String]) throws(TLSError) -> [UInt8] {
        let text = TLSSigningKey.extensionText(names)
        return try written { squilla_self_signed(key, text, $0, $1) }
    }

    /// Whether the first certificate of a PEM text is one of this key.
    public func fits(pem: [UInt8]) -> Bool {
        defer { OpenSSLErrors.clear() }
        return squilla_certificate_is_of(pem, Int32(clamping: pem.count), key) == 1
    }

    private static func extensionText(_ names: [String]) -> String {
        names.map { "DNS:\($0)" }.joined(separator: ",")
    }

    private func written(_ body: (UnsafeMutablePointer<UInt8>?, Int32) -> Int32) throws(TLSError) -> [UInt8] {
        OpenSSLErrors.clear()
        var bytes = [UInt8](repeating: 0, count: TLSSigningKey.maximumBytes)
        let count = bytes.withUnsafeMutableBufferPointer { body($0.baseAddress, Int32($0.count)) }
        guard count > 0 else { throw .of("cannot be written") }
        return Array(bytes.prefix(Int(count)))
    }
}

/// What the first certificate of a PEM text says of itself.
public struct TLSCertificateFacts: Sendable, Equatable {
    /// Seconds since 1970.
    public var start: Int64
    public var end: Int64
    /// No authority signed it.
    public var isSelfSigned: Bool

    /// Nil where there is none.
    public init?(pem: [UInt8]) {
        var start = 0
        var end = 0
        let kind = squilla_certificate_times(pem, Int32(clamping: pem.count), &start, &end)
        OpenSSLErrors.clear()
        guard kind > 0 else { return nil }
        self.start = Int64(start)
        self.end = Int64(end)
        isSelfSigned = kind == 2
    }

    /// Whether the first certificate of a PEM text is for all these DNS names.
    public static func names(_ names: [String], in pem: [UInt8]) -> Bool {
        defer { OpenSSLErrors.clear() }
        return names.allSatisfy { squilla_certificate_names(pem, Int32(clamping: pem.count), $0) == 1 }
    }
}
