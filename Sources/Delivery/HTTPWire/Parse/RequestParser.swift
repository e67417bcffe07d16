import Bytes

/// Incremental HTTP/1.x request parser: any split of the input gives the same result.
///
/// Strict where leniency lets requests be smuggled (RFC 9112 §§2.2, 5, 6, 11.2): bare CR or LF, folded lines, white
/// space before a colon, any doubt about the body's length and any coding but `chunked` are refused.
public struct RequestParser: Sendable {
    public let limits: WireLimits
    private var assembler = HeadAssembler(.request)
    private let fieldLines = FieldLines(isLenient: false)
    /// Offset in the block up to which lines are parsed.
    private var parsed = 0
    private var isDone = false

    public init(limits: WireLimits = .client) { self.limits = limits }

    /// True between requests: not a byte of the next one has come.
    public var isIdle: Bool { isDone || assembler.isIdle }

    /// Takes input until a head is complete. The call after a complete head starts the next one and resets `head`.
    /// - Throws: ``WireError`` with the status to answer; the connection must be closed after it. `head` then holds
    ///   what was understood, for the event.
    public mutating func parse(_ input: Span<UInt8>, into head: inout RequestHead) throws(WireError) -> ParseStep {
        if isDone { restart(&head) }
        let step = try assembler.take(input, into: &head.block.bytes, limits: limits)
        let ready = assembler.lineStart
        if parsed == 0, ready > 0 { parsed = try parseRequestLine(&head) }
        if parsed > 0, parsed < ready {
            try fieldLines.parse(&head.block, from: parsed, to: ready, limits: limits)
            parsed = ready
        }
        if let excess = step.excess { throw excess }
        guard step.isComplete else { return ParseStep(consumed: step.consumed, isComplete: false) }
        try head.interpretFields()
        isDone = true
        return ParseStep(consumed: step.consumed, isComplete: true)
    }

    /// Starts anew, for a connection that is taken over.
    public mutating func restart(_ head: inout RequestHead) {
        head.reset()
        assembler.reset()
        parsed = 0
        isDone = false
    }

    /// Parses the request line; returns where the field lines start.
    private func parseRequestLine(_ head: inout RequestHead) throws(WireError) -> Int {
        let line = try RequestLine(head.block.bytes.span)
        head.methodRange = line.methodRange
        head.method = line.method
        head.target = line.target
        head.minorVersion = line.minorVersion
        try head.interpretTarget()
        return line.next
    }

    /// Parses `HTTP/1.0` or a later minor version; returns the minor version (at most 1) and where it ends.
    static func version(_ bytes: Span<UInt8>, at start: Int) throws(WireError) -> (minor: UInt8, next: Int) {
        guard start + 8 <= bytes.count, bytes.extracting(start..<start + 5).isEqual(to: "HTTP/"),
            ByteClass.isDigit(bytes[start + 5]), bytes[start + 6] == 0x2E, ByteClass.isDigit(bytes[start + 7])
        else { throw WireError(.malformedStartLine, "malformed HTTP version") }
        guard bytes[start + 5] == 0x31 else {
            throw WireError(.unsupportedVersion, status: 505, "HTTP version is not 1.x")
        }
        return (min(bytes[start + 7] &- 0x30, 1), start + 8)
    }
}

/// `method SP target SP HTTP-version CRLF`.
private struct RequestLine {
    let methodRange: ByteRange
    let method: Method
    let target: ByteRange
    let minorVersion: UInt8
    /// Where the line after it starts.
    let next: Int

    /// - Precondition: `bytes` holds a LF.
    init(_ bytes: Span<UInt8>) throws(WireError) {
        var index = 0
        while ByteClass.isToken(bytes[index]) { index += 1 }
        guard index > 0, bytes[index] == 0x20 else { throw WireError(.malformedStartLine, "invalid method") }
        methodRange = ByteRange(0, index)
        method = Method(bytes.extracting(0..<index))
        let targetStart = index + 1
        index = targetStart
        while ByteClass.isTarget(bytes[index]) { index += 1 }
        guard index > targetStart, bytes[index] == 0x20 else {
            throw WireError(.malformedStartLine, "invalid request target")
        }
        target = ByteRange(targetStart, index)
        let (minor, end) = try RequestParser.version(bytes, at: index + 1)
        guard end + 1 < bytes.count, bytes[end] == 0x0D, bytes[end + 1] == 0x0A else {
            throw WireError(.malformedStartLine, "malformed request line")
        }
        minorVersion = minor
        next = end + 2
    }
}
