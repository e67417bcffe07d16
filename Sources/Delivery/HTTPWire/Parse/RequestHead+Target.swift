import Bytes

/// Request target and host (RFC 9112 §3.2 and §3.3, RFC 9110 §7.2).
extension RequestHead {
    /// Splits the target into host, path and query.
    mutating func interpretTarget() throws(WireError) {
        if method == .connect {
            throw WireError(.unsupportedMethod, status: 501, "CONNECT is not supported")
        }
        let first = block.bytes[target.start]
        if first == 0x2F {
            targetForm = .origin
            splitPath(from: target.start)
            return
        }
        if first == 0x2A, target.length == 1 {
            guard method == .options else { throw WireError(.malformedStartLine, "\"*\" is for OPTIONS only") }
            targetForm = .asterisk
            path = ByteRange(target.end, target.end)
            return
        }
        targetForm = .absolute
        try interpretAbsoluteTarget()
    }

    private mutating func interpretAbsoluteTarget() throws(WireError) {
        let (schemeLength, authorityEnd) = try absoluteParts()
        let authority = try Authority(block.bytes.span, target.start + schemeLength, authorityEnd)
        guard !authority.host.isEmpty else { throw WireError(.malformedHost, "request target without a host") }
        isHTTPSTarget = schemeLength == 8
        host = authority.host
        port = authority.port
        splitPath(from: authorityEnd)
    }

    /// Length of the scheme with "://", and where the authority ends.
    private func absoluteParts() throws(WireError) -> (schemeLength: Int, authorityEnd: Int) {
        let bytes = block.bytes.span
        let text = bytes.extracting(target.range)
        let length: Int
        if text.count > 7, text.extracting(0..<7).equalsIgnoringCase("http://") {
            length = 7
        } else if text.count > 8, text.extracting(0..<8).equalsIgnoringCase("https://") {
            length = 8
        } else {
            throw WireError(.malformedStartLine, "request target is neither a path nor an http URL")
        }
        var end = target.start + length
        while end < target.end, bytes[end] != 0x2F, bytes[end] != 0x3F { end += 1 }
        return (length, end)
    }

    private mutating func splitPath(from start: Int) {
        let mark = block.bytes.span.extracting(start..<target.end).firstIndex(of: 0x3F, from: 0)
        path = ByteRange(start, mark.map { start + $0 } ?? target.end)
        hasQuery = mark != nil
        query = ByteRange(mark.map { start + $0 + 1 } ?? target.end, target.end)
    }

    /// Takes host and port from the Host field; an absolute target wins over it, but Host must be well-formed even so.
    mutating func interpretHost() throws(WireError) {
        guard let index = block.firstIndex(of: .host) else {
            guard minorVersion == 0 else { throw WireError(.malformedHost, "missing Host field") }
            return
        }
        guard block.count(of: .host) == 1 else { throw WireError(.malformedHost, "more than one Host field") }
        let value = block.fields[index].value
        let authority = try Authority(block.bytes.span, value.start, value.end)
        guard targetForm != .absolute else { return }
        guard !authority.host.isEmpty || targetForm == .asterisk || minorVersion == 0 else {
            throw WireError(.malformedHost, "empty Host field")
        }
        host = authority.host
        port = authority.port
    }
}

/// `host [":" port]` without user information.
struct Authority {
    var host: ByteRange
    var port: UInt16?

    init(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) throws(WireError) {
        var index = start
        if index < end, bytes[index] == 0x5B {
            index += 1
            while index < end, ByteClass.isHost(bytes[index]) || bytes[index] == 0x3A { index += 1 }
            guard index < end, bytes[index] == 0x5D else { throw WireError(.malformedHost, "invalid IP literal") }
            index += 1
        } else {
            while index < end, ByteClass.isHost(bytes[index]), bytes[index] != 0x2C { index += 1 }
        }
        host = ByteRange(start, index)
        port = nil
        guard index < end else { return }
        guard bytes[index] == 0x3A else { throw WireError(.malformedHost, "invalid octet in the host") }
        index += 1
        var number = 0
        for position in index..<end {
            guard ByteClass.isDigit(bytes[position]) else { throw WireError(.malformedHost, "invalid port") }
            number = number * 10 + Int(bytes[position] &- 0x30)
            guard number <= 65_535 else { throw WireError(.malformedHost, "invalid port") }
        }
        if index < end { port = UInt16(number) }
    }
}
