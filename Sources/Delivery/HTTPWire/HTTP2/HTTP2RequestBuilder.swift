import Bytes

/// Makes the head of a request out of decoded fields (RFC 9113, 8.3), in the form that one of HTTP/1.1 has, and just as
/// strictly: what could be read in two ways once it is HTTP/1.1 again is refused. nghttp2 has checked names, order and
/// presence of pseudo-header fields and the absence of fields about connections.
struct HTTP2RequestBuilder {
    private let limits: WireLimits
    var head = RequestHead()
    private(set) var error: WireError?
    private var authority = ByteRange.empty
    private var hasAuthority = false
    private var size = 0
    private var cookies: [UInt8] = []
    private(set) var isTrailers = false

    init(limits: WireLimits) { self.limits = limits }

    mutating func start(isTrailers: Bool) {
        head.reset()
        head.majorVersion = 2
        error = nil
        authority = .empty
        hasAuthority = false
        size = 0
        if !cookies.isEmpty { cookies.removeAll() }
        self.isTrailers = isTrailers
    }

    mutating func add(_ name: Span<UInt8>, _ value: Span<UInt8>) {
        guard error == nil else { return }
        // As RFC 9113, 6.5.2 counts, so that many small fields are not for free.
        size += name.count + value.count + 32
        let limit = isTrailers ? limits.trailerBytes : limits.headBytes
        if size > limit { return fail(WireError(.headTooLarge, status: 431, "head over \(limit) bytes")) }
        if name.count > 0, name[0] == 0x3A { return addPseudo(name, value) }
        if head.block.fields.count >= limits.fieldCount {
            return fail(WireError(.headTooLarge, status: 431, "more than \(limits.fieldCount) fields"))
        }
        if name.count + value.count > limits.fieldLineBytes {
            return fail(WireError(.headTooLarge, status: 431, "field line over \(limits.fieldLineBytes) bytes"))
        }
        guard value.allSatisfy(ByteClass.isFieldContent), name.count > 0, name.allSatisfy(ByteClass.isToken) else {
            return fail(WireError(.malformedField, "invalid octet in a field"))
        }
        let id = KnownHeader(name: name)
        if id == .cookie {
            // Clients split the field to compress it; origins expect one (RFC 9113, 8.2.3).
            if !cookies.isEmpty { cookies.append(contentsOf: [0x3B, 0x20]) }
            cookies.append(contentsOf: value)
            if cookies.count > 65_535 { fail(WireError(.headTooLarge, status: 431, "cookies over 64 KiB")) }
            return
        }
        head.block.append(name, value)
    }

    private mutating func addPseudo(_ name: Span<UInt8>, _ value: Span<UInt8>) {
        let start = head.block.bytes.count
        if name.isEqual(to: ":method") {
            guard value.count > 0, value.allSatisfy(ByteClass.isToken) else {
                return fail(WireError(.malformedStartLine, "invalid method"))
            }
            head.block.bytes.append(contentsOf: value)
            head.methodRange = ByteRange(start, start + value.count)
            head.method = Method(value)
        } else if name.isEqual(to: ":path") {
            if value.count > limits.startLineBytes {
                return fail(WireError(.targetTooLong, status: 414, "path over \(limits.startLineBytes) bytes"))
            }
            guard value.count > 0, value.allSatisfy(ByteClass.isTarget) else {
                return fail(WireError(.malformedStartLine, "invalid path"))
            }
            head.block.bytes.append(contentsOf: value)
            head.target = ByteRange(start, start + value.count)
        } else if name.isEqual(to: ":authority") {
            head.block.bytes.append(contentsOf: value)
            authority = ByteRange(start, start + value.count)
            hasAuthority = true
        }
    }

    private mutating func fail(_ cause: WireError) { error = cause }

    /// The field section is complete.
    /// - Parameter endsHere: no body follows.
    mutating func finish(endsHere: Bool) {
        guard error == nil else { return }
        if !cookies.isEmpty {
            let name: [UInt8] = Array("cookie".utf8)
            let value = cookies
            head.block.append(name.span, value.span)
        }
        guard !isTrailers else { return }
        do throws(WireError) {
            try interpret(endsHere: endsHere)
        } catch {
            fail(error)
        }
    }

    private mutating func interpret(endsHere: Bool) throws(WireError) {
        guard !head.target.isEmpty else { throw WireError(.malformedStartLine, "a request without a path") }
        try head.interpretTarget()
        guard head.targetForm != .absolute else { throw WireError(.malformedStartLine, "the path is a URL") }
        try reconcileHost()
        try head.interpretFields()
        guard head.framing == .none || !endsHere else { return }
        if head.framing == .none, !endsHere { head.framing = .chunked }
        head.expectsContinue = head.block.contains(.expect) && !head.framing.isEmpty
    }

    /// `Host` and `:authority` name the same, or the request would mean another thing to an origin (RFC 9113, 8.3.1).
    private mutating func reconcileHost() throws(WireError) {
        guard hasAuthority else { return }
        let named = Array(head.block.bytes[authority.range])
        guard let index = head.block.firstIndex(of: .host) else {
            let name: [UInt8] = Array("host".utf8)
            return head.block.append(name.span, named.span)
        }
        let host = head.slice(head.block.fields[index].value)
        guard host.count == named.count, host.equalsIgnoringCase(named.span) else {
            throw WireError(.malformedHost, "Host is not what :authority says")
        }
    }
}

extension Span where Element == UInt8 {
    fileprivate func allSatisfy(_ condition: (UInt8) -> Bool) -> Bool {
        var index = 0
        while index < count {
            if !condition(self[index]) { return false }
            index += 1
        }
        return true
    }
}
