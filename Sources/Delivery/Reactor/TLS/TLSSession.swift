import COpenSSL

/// The TLS of one connection, without I/O of its own: ciphertext in, plaintext out, and the other way round. OpenSSL
/// reads straight from the bytes that just arrived and writes straight into the buffer that is sent, so an idle session
/// holds neither. Confined to its connection's loop.
final class TLSSession {
    /// One record's payload at most.
    static let recordBytes = 16 * 1024

    enum Step: Equatable {
        case done
        /// The peer has to send more.
        case needsInput
        case failed(String)
    }

    enum Reading: Equatable {
        case data(Int)
        case needsInput
        /// The peer ended its side properly.
        case ended
        case failed(String)
    }

    private let ssl: OpaquePointer
    /// Holds the certificates and callbacks that OpenSSL refers to.
    private let owner: AnyObject
    private let isClient: Bool
    private(set) var facts: TLSFacts?
    /// Called with each session that the peer offers to resume; clients only.
    var keepSession: ((OpaquePointer) -> Void)?

    // Ciphertext that arrived: valid while `supply` runs, the rest is kept in `backlog`.
    private var input: UnsafeRawBufferPointer?
    private var inputPosition = 0
    private var backlog: [UInt8] = []
    private var backlogPosition = 0

    /// Ciphertext to send, from `sealedStart` on.
    var sealed: [UInt8] = []
    var sealedStart = 0
    var sealedCount: Int { sealed.count - sealedStart }

    private init(ssl: OpaquePointer, owner: AnyObject, isClient: Bool) {
        self.ssl = ssl
        self.owner = owner
        self.isClient = isClient
        squilla_ssl_set_owner(ssl, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit { SSL_free(ssl) }

    /// A session that awaits a client's hello.
    static func server(_ context: TLSServerContext) -> TLSSession? {
        guard let ssl = SSL_new(context.first.context) else { return nil }
        let session = TLSSession(ssl: ssl, owner: context, isClient: false)
        guard session.attachTransport() else { return nil }
        SSL_set_accept_state(ssl)
        return session
    }

    /// A session that says hello to a server.
    static func client(_ ssl: OpaquePointer, owner: AnyObject) -> TLSSession? {
        let session = TLSSession(ssl: ssl, owner: owner, isClient: true)
        guard session.attachTransport() else { return nil }
        SSL_set_connect_state(ssl)
        return session
    }

    private func attachTransport() -> Bool {
        guard let method = TLSTransport.method.pointer, let bio = BIO_new(method) else { return false }
        BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        BIO_set_init(bio, 1)
        SSL_set_bio(ssl, bio, bio)
        return true
    }

    var isEstablished: Bool { facts != nil }

    // MARK: Input

    /// Lends ciphertext that arrived to `body`, which calls `handshake` and `read`; what they leave is kept.
    func supply(_ bytes: UnsafeRawBufferPointer, _ body: () -> Void) {
        if !backlog.isEmpty {
            backlog.append(contentsOf: bytes)
            return body()
        }
        input = bytes
        inputPosition = 0
        body()
        input = nil
        if inputPosition < bytes.count { backlog = Array(bytes[inputPosition...]) }
    }

    /// There is input that was held back, or a record that was read in part only.
    var hasBacklog: Bool { !backlog.isEmpty || SSL_has_pending(ssl) == 1 }

    fileprivate func take(_ count: Int, into out: UnsafeMutableRawPointer) -> Int {
        if !backlog.isEmpty {
            let taken = min(count, backlog.count - backlogPosition)
            backlog.withUnsafeBytes { bytes in
                let part = UnsafeRawBufferPointer(rebasing: bytes[backlogPosition..<backlogPosition + taken])
                UnsafeMutableRawBufferPointer(start: out, count: taken).copyMemory(from: part)
            }
            backlogPosition += taken
            if backlogPosition == backlog.count {
                backlog = []
                backlogPosition = 0
            }
            return taken
        }
        guard let input, let base = input.baseAddress else { return 0 }
        let taken = min(count, input.count - inputPosition)
        if taken > 0 { out.copyMemory(from: base + inputPosition, byteCount: taken) }
        inputPosition += taken
        return taken
    }

    /// Goes on with the handshake; `facts` are there when it is done.
    func handshake() -> Step {
        OpenSSLErrors.clear()
        let result = SSL_do_handshake(ssl)
        if result == 1 {
            facts = TLSFacts(ssl, isClient: isClient)
            return .done
        }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .needsInput
        default: return .failed(failure)
        }
    }

    /// Opens what arrived, one record at most.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Reading {
        OpenSSLErrors.clear()
        var count = 0
        let result = SSL_read_ex(ssl, buffer.baseAddress, buffer.count, &count)
        if result == 1 { return .data(count) }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .needsInput
        case SSL_ERROR_ZERO_RETURN: return .ended
        default: return .failed(failure)
        }
    }

    private var failure: String {
        let verdict = SSL_get_verify_result(ssl)
        let reason = OpenSSLErrors.take()
        if verdict != Int(X509_V_OK), let text = X509_verify_cert_error_string(verdict) {
            return "\(reason.isEmpty ? "handshake failed" : reason): \(String(cString: text))"
        }
        return reason.isEmpty ? "broken off" : reason
    }

    // MARK: Output

    fileprivate func put(_ bytes: UnsafeRawPointer, _ count: Int) {
        sealed.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
    }

    /// Seals a run of plaintext into `sealed`; returns how much of it, nil for a session that is broken.
    func seal(_ bytes: UnsafeRawBufferPointer) -> Int? {
        OpenSSLErrors.clear()
        var count = 0
        let size = min(bytes.count, TLSSession.recordBytes)
        guard SSL_write_ex(ssl, bytes.baseAddress, size, &count) == 1 else {
            OpenSSLErrors.clear()
            return nil
        }
        return count
    }

    /// Says that nothing more comes (close_notify).
    func sealEnd() {
        guard isEstablished else { return }
        OpenSSLErrors.clear()
        _ = SSL_shutdown(ssl)
        OpenSSLErrors.clear()
    }

    /// Whether the peer said that nothing more comes, so that the end of the connection is not a cut.
    var sawEnd: Bool { SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN != 0 }

    /// The session behind OpenSSL's handle, for its callbacks.
    static func of(_ ssl: OpaquePointer?) -> TLSSession? {
        guard let ssl, let pointer = squilla_ssl_own_owner(ssl) else { return nil }
        return Unmanaged<TLSSession>.fromOpaque(pointer).takeUnretainedValue()
    }
}

/// OpenSSL's transport (a BIO) that reads and writes a session's own buffers.
enum TLSTransport {
    /// A table of functions that never changes once made.
    struct Method: @unchecked Sendable { let pointer: OpaquePointer? }

    static let method = Method(pointer: makeMethod())

    private static func makeMethod() -> OpaquePointer? {
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "squilla") else { return nil }
        BIO_meth_set_read_ex(method) { bio, bytes, capacity, count in
            guard let bio, let bytes, let count, let data = BIO_get_data(bio) else { return 0 }
            squilla_bio_clear_retry(bio)
            let session = Unmanaged<TLSSession>.fromOpaque(data).takeUnretainedValue()
            count.pointee = session.take(capacity, into: bytes)
            if count.pointee > 0 { return 1 }
            squilla_bio_retry_read(bio)
            return 0
        }
        BIO_meth_set_write_ex(method) { bio, bytes, size, count in
            guard let bio, let bytes, let count, let data = BIO_get_data(bio) else { return 0 }
            squilla_bio_clear_retry(bio)
            Unmanaged<TLSSession>.fromOpaque(data).takeUnretainedValue().put(bytes, size)
            count.pointee = size
            return 1
        }
        BIO_meth_set_ctrl(method) { _, command, _, _ in
            // Nothing is buffered here, so a flush always succeeds; the other commands mean nothing.
            command == BIO_CTRL_FLUSH ? 1 : 0
        }
        return method
    }
}
