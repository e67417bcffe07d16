import COpenSSL

/// Why certificates, keys or settings of TLS can't be used.
public struct TLSError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file or setting at fault, and what is wrong with it.
    public let description: String

    init(_ description: String) { self.description = description }

    /// With the newest reason of OpenSSL's queue, which is emptied.
    static func of(_ what: String) -> TLSError {
        let reason = OpenSSLErrors.take()
        return TLSError(reason.isEmpty ? what : "\(what): \(reason)")
    }
}

/// OpenSSL's error queue, which is one for each thread.
enum OpenSSLErrors {
    static func clear() { ERR_clear_error() }

    /// The oldest reason in words, which is the cause of the others; empties the queue.
    static func take() -> String {
        let code = ERR_get_error()
        ERR_clear_error()
        guard code != 0, let text = ERR_reason_error_string(code) else { return "" }
        return String(cString: text)
    }
}
