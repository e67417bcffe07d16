import Bytes

/// Makes the head of a request out of decoded fields (RFC 9113, 8.3), in the form that one of HTTP/1.1 has, and just as
/// strictly: what could be read in two ways once it is HTTP/1.1 again is refused.
struct HTTP2RequestBuilder: Sendable {
    private let limits: WireLimits
    /// The decoder appends to its bytes; `take` decides what becomes of them.
    var head = RequestHead()
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
    mutating func add(_ field: HPACKField, _ octets: Span<UInt8>) {
        guard !hasFailed else { return }
        let start = head.block.bytes.count
        head.block.bytes.append(contentsOf: octets)
        take(field, at: start)
    }

    /// Takes a field over whose octets end the head's bytes.
    mutating func take(_ field: HPACKField, at start: Int) {
        guard !hasFailed, isWithinLimits(field) else {
            return head.block.bytes.removeSubrange(start...)
        }
        switch field.kind {
        case .regular, .cookie: break
        case .te:
            guard head.slice(valueRange(field, at: start)).isEqual(to: "trailers") else { return refuse() }
        case .priority: priority = HTTP2Priority(head.slice(valueRange(field, at: start)))
        case .method, .path, .scheme, .authority: return takePseudo(field, at: start)
        case .foreignPseudo, .ofConnection, .malformedName: return refuse()
        }
        guard field.hasCleanValue else { return refuse() }
        head.block.add(place(field, at: start, id: field.id))
    }

    private func place(_ field: HPACKField, at start: Int, id: KnownHeader) -> HeaderBlock.Field {
        HeaderBlock.Field(
            nameOffset: UInt32(truncatingIfNeeded: start),
            valueOffset: UInt32(truncatingIfNeeded: start + Int(field.nameLength)), nameLength: field.nameLength,
            valueLength: field.valueLength, id: id)
    }

    private func valueRange(_ field: HPACKField, at start: Int) -> ByteRange {
        ByteRange(
            offset: UInt32(truncatingIfNeeded: start) + UInt32(field.nameLength), length: UInt32(field.valueLength))
    }

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

    private mutating func takePseudo(_ field: HPACKField, at start: Int) {
        let bit = UInt16(1) << UInt16(field.kind.rawValue)
        guard !isTrailers, seen & bit == 0, head.block.fields.isEmpty else { return refuse() }
        seen |= bit
        let range = ByteRange(start, start + Int(field.valueLength))
        switch field.kind {
        case .method:
            guard field.hasCleanValue else { fail(WireError(.malformedStartLine, "invalid method")); return }
            head.methodRange = range
            head.method = Method(head.slice(range))
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
        try reconcileHost()
        try head.interpretFields()
        if endsHere {
            // A length was declared, but nothing comes (RFC 9113, 8.1.1).
            if !head.framing.isEmpty { refuse() }
            return
        }
        if head.framing == .none { head.framing = .chunked }
        head.expectsContinue = head.block.contains(.expect) && !head.framing.isEmpty
    }

    /// `Host` and `:authority` name the same, or the request would mean another thing to an origin (RFC 9113, 8.3.1).
    private mutating func reconcileHost() throws(WireError) {
        guard has(.authority) else { return }
        guard let index = head.block.firstIndex(of: .host) else {
            head.block.add(authority)
            return
        }
        let host = head.slice(head.block.fields[index].value)
        guard host.equalsIgnoringCase(head.slice(authority.value)) else {
            throw WireError(.malformedHost, "Host is not what :authority says")
        }
    }
}
