import Bytes

/// Makes the head of a request out of decoded fields (RFC 9113, 8.3), in the form that one of HTTP/1.1 has, and just as
/// strictly: what could be read in two ways once it is HTTP/1.1 again is refused.
struct HTTP2RequestBuilder: Sendable {
    private let limits: WireLimits
    /// The decoder appends to its bytes; `take` decides what becomes of them.
    var head = RequestHead()
    /// How many of them are there before those that are being read.
    var readBytes = 0
    /// What the request is refused for, with an answer.
    private(set) var error: WireError?
    /// Breaks RFC 9113, 8: the stream is to be reset.
    private(set) var isMalformed = false
    private var hasFailed = false
    private(set) var isTrailers = false
    /// What `priority` says (RFC 9218).
    private(set) var priority: HTTP2Priority?
    /// A bit for each pseudo-header field that came.
    private var seen: UInt16 = 0
    /// As a field `host`.
    private var authority = HeaderBlock.Field(
        nameOffset: 0, valueOffset: 0, nameLength: 0, valueLength: 0, id: .host)
    private var size = 0
    /// The authority of the last request, which was well-formed.
    private var known = (text: [UInt8](), hostLength: UInt32(0), port: UInt16?.none)

    init(limits: WireLimits) { self.limits = limits }

    mutating func start(isTrailers: Bool) {
        head.reset()
        head.majorVersion = 2
        if error != nil { error = nil }
        isMalformed = false
        hasFailed = false
        self.isTrailers = isTrailers
        priority = nil
        seen = 0
        size = 0
    }

    /// Adds a table's field.
    @inline(__always)
    mutating func add(_ field: HPACKField, _ octets: Span<UInt8>, to output: inout OutputSpan<UInt8>) {
        guard !hasFailed else { return }
        let start = output.count
        output.append(contentsOf: octets)
        take(field, at: start, &output)
    }

    /// Takes a field over whose octets end the head's bytes, which are `output` until the block is read.
    mutating func take(_ field: HPACKField, at start: Int, _ output: inout OutputSpan<UInt8>) {
        guard !hasFailed, isWithinLimits(field) else { return output.removeLast(output.count - start) }
        let value = output.span.extracting((start + Int(field.nameLength))...)
        switch field.kind {
        case .regular, .cookie: break
        case .te:
            guard value.isEqual(to: "trailers") else { return refuse() }
        case .priority: priority = HTTP2Priority(value)
        case .method, .path, .scheme, .authority: return takePseudo(field, at: start, value)
        case .foreignPseudo, .ofConnection, .malformedName: return refuse()
        }
        guard field.hasCleanValue else { return refuse() }
        head.block.add(place(field, at: start, id: field.id), initial: output.span[start])
    }

    @inline(__always)
    private func place(_ field: HPACKField, at start: Int, id: KnownHeader) -> HeaderBlock.Field {
        let start = readBytes + start
        return HeaderBlock.Field(
            nameOffset: UInt32(truncatingIfNeeded: start),
            valueOffset: UInt32(truncatingIfNeeded: start + Int(field.nameLength)), nameLength: field.nameLength,
            valueLength: field.valueLength, id: id)
    }

    @inline(__always)
    private mutating func isWithinLimits(_ field: HPACKField) -> Bool {
        // As RFC 9113, 6.5.2 counts, so that many small fields are not for free.
        size += Int(field.size)
        let limit = isTrailers ? limits.trailerBytes : limits.headBytes
        if size > limit { return fail(WireError(.headTooLarge, status: 431, "head over \(limit) bytes")) }
        if field.kind == .path, Int(field.valueLength) > limits.startLineBytes {
            return fail(WireError(.targetTooLong, status: 414, "path over \(limits.startLineBytes) bytes"))
        }
        if head.block.fields.count >= limits.fieldCount {
            return fail(WireError(.headTooLarge, status: 431, "more than \(limits.fieldCount) fields"))
        }
        if Int(field.size) - 32 > limits.fieldLineBytes {
            return fail(WireError(.headTooLarge, status: 431, "field line over \(limits.fieldLineBytes) bytes"))
        }
        return true
    }

    @discardableResult
    private mutating func fail(_ cause: WireError) -> Bool {
        error = cause
        hasFailed = true
        return false
    }

    private mutating func refuse() {
        isMalformed = true
        hasFailed = true
    }

    // MARK: Pseudo-header fields

    private mutating func takePseudo(_ field: HPACKField, at start: Int, _ value: Span<UInt8>) {
        let bit = UInt16(1) << UInt16(field.kind.rawValue)
        guard !isTrailers, seen & bit == 0, head.block.fields.isEmpty else { return refuse() }
        seen |= bit
        let range = ByteRange(readBytes + start, readBytes + start + Int(field.valueLength))
        switch field.kind {
        case .method:
            guard field.hasCleanValue else { fail(WireError(.malformedStartLine, "invalid method")); return }
            head.methodRange = range
            head.method = Method(value)
        case .path:
            guard !range.isEmpty else { return refuse() }
            guard field.hasCleanValue else { fail(WireError(.malformedStartLine, "invalid path")); return }
            head.target = range
        case .scheme:
            guard field.hasCleanValue, !range.isEmpty else { return refuse() }
        default: authority = place(field, at: start, id: .host)
        }
    }

    private func has(_ kind: HPACKFieldKind) -> Bool { seen & 1 << UInt16(kind.rawValue) != 0 }

    // MARK: The end

    /// The field section is complete.
    /// - Parameter endsHere: no body follows.
    mutating func finish(endsHere: Bool) {
        guard !hasFailed, !isTrailers else { return }
        let isConnect = head.method == .connect
        guard has(.method), has(.path) != isConnect, has(.scheme) != isConnect else { return refuse() }
        do throws(WireError) {
            if head.block.contains(.cookie) { try joinCookies() }
            try interpret(endsHere: endsHere)
        } catch {
            fail(error)
        }
    }

    /// Clients split the field to compress it; origins expect one (RFC 9113, 8.2.3).
    private mutating func joinCookies() throws(WireError) {
        guard head.block.count(of: .cookie) > 1 else { return }
        let name: [UInt8] = Array("cookie".utf8)
        var value: [UInt8] = []
        for field in head.block.fields where field.id == .cookie {
            if !value.isEmpty { value.append(contentsOf: "; ") }
            value.append(contentsOf: head.block.slice(field.value))
        }
        guard value.count <= 65_535 else {
            throw WireError(.headTooLarge, status: 431, "cookies over 64 KiB")
        }
        head.block.remove(.cookie)
        head.block.append(name.span, value.span)
    }

    private mutating func interpret(endsHere: Bool) throws(WireError) {
        guard head.method != .connect else {
            throw WireError(.unsupportedMethod, status: 501, "CONNECT is not supported")
        }
        try head.interpretTarget()
        guard head.targetForm != .absolute else { throw WireError(.malformedStartLine, "the path is a URL") }
        if !takeKnownAuthority() {
            try reconcileHost()
            try head.interpretHost()
            keepAuthority()
        }
        try head.interpretBody()
        if endsHere {
            // A length was declared, but nothing comes (RFC 9113, 8.1.1).
            if !head.framing.isEmpty { refuse() }
            return
        }
        if head.framing == .none { head.framing = .chunked }
        head.expectsContinue = head.block.contains(.expect) && !head.framing.isEmpty
    }

    /// A client asks for the same host again and again; what it is need be found out but once.
    private mutating func takeKnownAuthority() -> Bool {
        guard has(.authority), !head.block.contains(.host),
            known.text.span.isEqual(to: head.slice(authority.value)), !known.text.isEmpty
        else { return false }
        addHost()
        head.host = ByteRange(offset: authority.valueOffset, length: known.hostLength)
        head.port = known.port
        return true
    }

    private mutating func keepAuthority() {
        guard has(.authority), head.host.offset == authority.valueOffset, authority.valueLength < 256 else { return }
        known.text = [UInt8](head.slice(authority.value))
        known.hostLength = head.host.length
        known.port = head.port
    }

    private mutating func addHost() {
        head.block.add(authority)
    }

    /// `Host` and `:authority` name the same, or the request would mean another thing to an origin (RFC 9113, 8.3.1).
    private mutating func reconcileHost() throws(WireError) {
        guard has(.authority) else { return }
        guard let index = head.block.firstIndex(of: .host) else { return addHost() }
        let host = head.slice(head.block.fields[index].value)
        guard host.equalsIgnoringCase(head.slice(authority.value)) else {
            throw WireError(.malformedHost, "Host is not what :authority says")
        }
    }
}
