import Bytes

/// Makes the head of a response out of decoded fields (RFC 9113, 8.3.2), in the form that one of HTTP/1.1 has. nghttp2
/// has checked names, the status, and the absence of fields about connections.
struct HTTP2ResponseBuilder {
    private let limits: WireLimits
    var head = ResponseHead()
    private(set) var error: WireError?
    private var size = 0
    private(set) var isTrailers = false

    init(limits: WireLimits) { self.limits = limits }

    mutating func start(isTrailers: Bool) {
        head.reset()
        error = nil
        size = 0
        self.isTrailers = isTrailers
    }

    mutating func add(_ name: Span<UInt8>, _ value: Span<UInt8>) {
        guard error == nil else { return }
        // As RFC 9113, 6.5.2 counts, so that many small fields are not for free.
        size += name.count + value.count + 32
        let limit = isTrailers ? limits.trailerBytes : limits.headBytes
        if size > limit { return fail(WireError(.headTooLarge, "head over \(limit) bytes")) }
        if name.count > 0, name[0] == 0x3A { return addPseudo(name, value) }
        if head.block.fields.count >= limits.fieldCount {
            return fail(WireError(.headTooLarge, "more than \(limits.fieldCount) fields"))
        }
        if name.count + value.count > limits.fieldLineBytes {
            return fail(WireError(.headTooLarge, "field line over \(limits.fieldLineBytes) bytes"))
        }
        guard name.count > 0, name.areAll(ByteClass.isToken), value.areAll(ByteClass.isFieldContent) else {
            return fail(WireError(.malformedField, "invalid octet in a field"))
        }
        head.block.append(name, value)
    }

    private mutating func addPseudo(_ name: Span<UInt8>, _ value: Span<UInt8>) {
        guard name.isEqual(to: ":status"), value.count == 3, let status = value.decimal(), status >= 100 else {
            return fail(WireError(.malformedStartLine, "status is not a number from 100 on"))
        }
        head.status = Int(status)
    }

    private mutating func fail(_ cause: WireError) { error = cause }

    /// The field section is complete.
    /// - Parameters:
    ///   - endsHere: no body follows.
    ///   - method: of the request that is answered.
    mutating func finish(endsHere: Bool, method: Method) {
        guard error == nil, !isTrailers else { return }
        guard head.status != 0 else { return fail(WireError(.malformedStartLine, "a response without a status")) }
        guard head.status != 101 else {
            return fail(WireError(.malformedStartLine, "HTTP/2 knows no status 101 (RFC 9113, 8.6)"))
        }
        do throws(WireError) {
            let length = try head.block.contentLength(allowsRepeats: true)
            head.framing = framing(length: length, endsHere: endsHere, method: method)
        } catch {
            fail(error)
        }
    }

    /// A body without a declared length reads as one in chunks: its end is known.
    private func framing(length: UInt64?, endsHere: Bool, method: Method) -> BodyFraming {
        if method == .head || head.status == 204 || head.status == 304 || head.isInterim { return .none }
        if let length { return .length(length) }
        return endsHere ? .length(0) : .chunked
    }
}

extension Span where Element == UInt8 {
    fileprivate func areAll(_ condition: (UInt8) -> Bool) -> Bool {
        for index in indices where !condition(self[index]) { return false }
        return true
    }
}
