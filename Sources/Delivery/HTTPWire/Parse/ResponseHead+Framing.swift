/// What the fields say about body and connection (RFC 9112 §§6.3, 9).
extension ResponseHead {
    mutating func interpretFields(requestMethod: Method) throws(WireError) {
        framing = try responseFraming(requestMethod)
        keepsAlive = framing != .untilClose && block.keepsAlive(minorVersion: minorVersion)
    }

    private func responseFraming(_ requestMethod: Method) throws(WireError) -> BodyFraming {
        let length = try block.contentLength(allowsRepeats: true)
        let hasCoding = block.contains(.transferEncoding)
        if hasCoding, length != nil {
            throw WireError(.malformedFraming, "both Content-Length and Transfer-Encoding")
        }
        if requestMethod == .head || status == 204 || status == 304 || status < 200 { return .none }
        guard hasCoding else { return length.map { .length($0) } ?? .untilClose }
        guard minorVersion == 1 else { throw WireError(.malformedFraming, "Transfer-Encoding in HTTP/1.0") }
        switch block.transferCoding() {
        case .chunked: return .chunked
        // A body that isn't chunked ends with the connection (RFC 9112 §6.3); a real coding would have to be undone.
        case .unknown: return .untilClose
        case .otherThenChunked, .notChunked:
            throw WireError(.unsupportedCoding, "transfer coding other than chunked")
        }
    }

    /// Content-Length as sent, also where there is no body (HEAD, 304).
    public var declaredLength: UInt64? {
        guard let value = block.value(of: .contentLength) else { return nil }
        return value.decimal()
    }
}
