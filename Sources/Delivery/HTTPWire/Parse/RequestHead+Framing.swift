/// What the fields say about body and connection (RFC 9112 §§6, 9).
extension RequestHead {
    mutating func interpretFields() throws(WireError) {
        try interpretHost()
        try interpretBody()
    }

    /// All but the host.
    mutating func interpretBody() throws(WireError) {
        framing = try requestFraming()
        keepsAlive = block.keepsAlive(minorVersion: minorVersion)
        expectsContinue = try hasContinueExpectation() && minorVersion == 1 && !framing.isEmpty
    }

    private func hasContinueExpectation() throws(WireError) -> Bool {
        guard let expect = block.value(of: .expect) else { return false }
        guard expect.equalsIgnoringCase("100-continue"), block.count(of: .expect) == 1 else {
            throw WireError(.unsupportedExpectation, status: 417, "unknown expectation")
        }
        return true
    }

    private func requestFraming() throws(WireError) -> BodyFraming {
        guard block.contains(.transferEncoding) else {
            guard let length = try block.contentLength(allowsRepeats: false) else { return .none }
            return .length(length)
        }
        guard !block.contains(.contentLength) else {
            throw WireError(.malformedFraming, "both Content-Length and Transfer-Encoding")
        }
        guard minorVersion == 1 else { throw WireError(.malformedFraming, "Transfer-Encoding in HTTP/1.0") }
        switch block.transferCoding() {
        case .chunked: return .chunked
        case .otherThenChunked:
            throw WireError(.unsupportedCoding, status: 501, "transfer coding other than chunked")
        case .notChunked, .unknown: throw WireError(.malformedFraming, "Transfer-Encoding does not end in chunked")
        }
    }
}

extension HeaderBlock {
    enum TransferCoding {
        case chunked, otherThenChunked, notChunked
        /// Only names that mean nothing to anyone.
        case unknown
    }

    /// Reads Transfer-Encoding over all its field lines.
    func transferCoding() -> TransferCoding {
        var codings = 0
        var chunked = 0
        var endsInChunked = false
        var isUnknown = true
        for field in fields where field.id == .transferEncoding {
            var list = ListElements(slice(field.value))
            while let element = list.next() {
                codings += 1
                endsInChunked = list.slice(element).equalsIgnoringCase("chunked")
                if endsInChunked { chunked += 1 }
                if list.slice(element).isTransferCoding { isUnknown = false }
            }
        }
        guard endsInChunked, chunked == 1 else { return isUnknown && codings > 0 ? .unknown : .notChunked }
        return codings == 1 ? .chunked : .otherThenChunked
    }

    /// Reads Content-Length. Nil if there is none.
    /// - Parameter allowsRepeats: equal values more than once are one value (RFC 9112 §6.3), else they are refused.
    func contentLength(allowsRepeats: Bool) throws(WireError) -> UInt64? {
        guard contains(.contentLength) else { return nil }
        var result: UInt64?
        for field in fields where field.id == .contentLength {
            var list = ListElements(slice(field.value))
            var elements = 0
            while let element = list.next() {
                guard let length = list.slice(element).decimal() else {
                    throw WireError(.malformedFraming, "invalid Content-Length")
                }
                elements += 1
                if let known = result, !allowsRepeats || known != length {
                    throw WireError(.malformedFraming, "more than one Content-Length")
                }
                result = length
            }
            // An empty value or a stray comma: nobody means that.
            guard elements > 0, allowsRepeats || slice(field.value).decimal() != nil else {
                throw WireError(.malformedFraming, "invalid Content-Length")
            }
        }
        return result
    }

    /// `Connection: keep-alive` and no other: what most say that have the field.
    var isKeptAliveOnly: Bool {
        guard let value = value(of: .connection), value.equalsIgnoringCase("keep-alive") else { return false }
        return count(of: .connection) == 1
    }

    /// Whether `Connection` leaves the connection open (RFC 9112 §9.3).
    func keepsAlive(minorVersion: UInt8) -> Bool {
        guard contains(.connection) else { return minorVersion == 1 }
        if isKeptAliveOnly { return true }
        var keepAlive = false
        for field in fields where field.id == .connection {
            var list = ListElements(slice(field.value))
            while let element = list.next() {
                if list.slice(element).equalsIgnoringCase("close") { return false }
                if list.slice(element).equalsIgnoringCase("keep-alive") { keepAlive = true }
            }
        }
        return minorVersion == 1 || keepAlive
    }
}

extension Span where Element == UInt8 {
    /// A transfer coding of the IANA registry; "identity" is none any more.
    fileprivate var isTransferCoding: Bool {
        ["chunked", "gzip", "x-gzip", "deflate", "compress", "x-compress"].contains { equalsIgnoringCase($0) }
    }

    /// The whole span as a decimal number of at most 18 digits.
    func decimal() -> UInt64? {
        guard count > 0, count <= 18 else { return nil }
        var number: UInt64 = 0
        var index = 0
        while index < count {
            guard ByteClass.isDigit(self[index]) else { return nil }
            number = number * 10 + UInt64(self[index] &- 0x30)
            index += 1
        }
        return number
    }
}
