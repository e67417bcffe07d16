import Bytes

/// Incremental HTTP/1.x response parser: any split of the input gives the same result.
///
/// Forgives origins what a proxy is told to repair (RFC 9112 §§2.2, 5.1, 5.2): LF line ends, white space before a
/// colon, folded lines, equal repeated lengths. Any doubt about the body's end is refused.
public struct ResponseParser: Sendable {
    public let limits: WireLimits
    private var assembler = HeadAssembler(.response)
    private let fieldLines = FieldLines(isLenient: true)
    private var parsed = 0
    private var isDone = false

    public init(limits: WireLimits = .origin) { self.limits = limits }

    /// True between responses: not a byte of the next one has come.
    public var isIdle: Bool { isDone || assembler.isIdle }

    /// Takes input until a head is complete. The call after a complete head starts the next one and resets `head`;
    /// an interim (1xx) head is followed by another one.
    /// - Parameter requestMethod: method of the request that is answered; a response to HEAD has no body.
    /// - Throws: ``WireError``; the connection must be closed and the client gets 502.
    public mutating func parse(
        _ input: Span<UInt8>, requestMethod: Method, into head: inout ResponseHead
    ) throws(WireError) -> ParseStep {
        if isDone { restart(&head) }
        let step = try assembler.take(input, into: &head.block.bytes, limits: limits)
        let ready = assembler.lineStart
        if parsed == 0, ready > 0 { parsed = try parseStatusLine(&head) }
        if let excess = step.excess { throw excess }
        // The line before is held back until it is known that no folded line follows.
        if step.isComplete {
            try fieldLines.parse(&head.block, from: parsed, to: ready, limits: limits)
            try head.interpretFields(requestMethod: requestMethod)
            isDone = true
        }
        return ParseStep(consumed: step.consumed, isComplete: step.isComplete)
    }

    /// Starts anew, for the next use of a connection.
    public mutating func restart(_ head: inout ResponseHead) {
        head.reset()
        assembler.reset()
        parsed = 0
        isDone = false
    }

    /// Parses the status line; returns where the field lines start.
    private func parseStatusLine(_ head: inout ResponseHead) throws(WireError) -> Int {
        let line = try StatusLine(head.block.bytes.span)
        head.status = line.status
        head.minorVersion = line.minorVersion
        head.reason = line.reason
        return line.next
    }
}

/// `HTTP-version SP status [SP reason] line-end`.
private struct StatusLine {
    let status: Int
    let minorVersion: UInt8
    let reason: ByteRange
    /// Where the line after it starts.
    let next: Int

    init(_ bytes: Span<UInt8>) throws(WireError) {
        let (minor, versionEnd) = try RequestParser.version(bytes, at: 0)
        guard versionEnd + 4 < bytes.count, bytes[versionEnd] == 0x20,
            let number = bytes.extracting(versionEnd + 1..<versionEnd + 4).decimal(), number >= 100
        else { throw WireError(.malformedStartLine, "status is not a number from 100 on") }
        var index = versionEnd + 4
        let hasReason = bytes[index] == 0x20
        if hasReason { index += 1 }
        let reasonStart = index
        index = bytes.firstIndexOfFieldEnd(from: index) ?? bytes.count
        let end = index
        if index < bytes.count, bytes[index] == 0x0D { index += 1 }
        guard index < bytes.count, bytes[index] == 0x0A, hasReason || end == reasonStart else {
            throw WireError(.malformedStartLine, "malformed status line")
        }
        status = Int(number)
        minorVersion = minor
        reason = ByteRange(reasonStart, end)
        next = index + 1
    }
}
