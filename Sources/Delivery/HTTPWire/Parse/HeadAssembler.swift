import Bytes

/// Collects a head's lines across any split of the input and enforces the limits on the way. It looks at line ends
/// only; the lines are parsed by whoever owns it, out of the block's own bytes.
struct HeadAssembler: Sendable {
    /// What a call of ``take(_:into:limits:)`` did.
    struct Step {
        var consumed: Int
        /// The empty line that ends the head was seen.
        var isComplete: Bool
        /// A limit is passed behind the complete lines: what is wrong with those comes first.
        var excess: WireError?
    }

    enum Kind { case request, response, trailers }

    private let kind: Kind
    /// Offset in the block of the line that is not complete yet.
    private(set) var lineStart = 0
    private var isFirstLine: Bool
    private var skippedLineEnds = 0
    private var skippedCR = false

    /// True while nothing has come.
    private(set) var isIdle = true

    init(_ kind: Kind) {
        self.kind = kind
        // A trailer section's first line may be the empty one.
        self.isFirstLine = kind != .trailers
    }

    mutating func reset() { self = HeadAssembler(kind) }

    /// An empty line or two before a request line are ignored (RFC 9112 §2.2). What can't be HTTP at all (a TLS hello,
    /// say) is refused by its first octet, without waiting for a line end that never comes.
    mutating func take(
        _ input: Span<UInt8>, into bytes: inout [UInt8], limits: WireLimits
    ) throws(WireError) -> Step {
        if input.count > 0 { isIdle = false }
        var start = 0
        if bytes.isEmpty, kind == .request { start = try skipEmptyLines(input) }
        if bytes.isEmpty, start < input.count { try checkFirst(input[start]) }
        if bytes.isEmpty, let step = takeWhole(input, from: start, into: &bytes, limits) { return step }
        // Where the current line starts, counted from the start of the input; negative if it began in earlier input.
        var line = start - (bytes.count - lineStart)
        let base = bytes.count - start
        var position = start
        while let feed = input.firstIndex(of: 0x0A, from: position) {
            let length = feed - line
            let isEmpty = length == 0 || (length == 1 && (line < 0 ? bytes[lineStart] : input[line]) == 0x0D)
            let end = isEmpty ? line : feed - 1
            if let excess = excess(line: base + line, lineEnd: base + end, headEnd: base + feed + 1, limits) {
                append(input, start, max(start, line), to: &bytes)
                lineStart = base + line
                return Step(consumed: input.count, isComplete: false, excess: excess)
            }
            if isEmpty, !isFirstLine {
                append(input, start, feed + 1, to: &bytes)
                lineStart = bytes.count
                return Step(consumed: feed + 1, isComplete: true)
            }
            isFirstLine = false
            line = feed + 1
            position = feed + 1
        }
        append(input, start, input.count, to: &bytes)
        lineStart = base + line
        // One byte of grace: the carriage return of a line of exactly the allowed length.
        let excess = excess(line: lineStart, lineEnd: bytes.count - 1, headEnd: bytes.count, limits)
        return Step(consumed: input.count, isComplete: false, excess: excess)
    }

    /// A head that came in one piece and is shorter than any of its lines may be: only its end has to be found.
    private mutating func takeWhole(
        _ input: Span<UInt8>, from start: Int, into bytes: inout [UInt8], _ limits: WireLimits
    ) -> Step? {
        guard kind != .trailers, let feed = input.firstIndexOfHeadEnd(from: start) else { return nil }
        let end = feed + (input[feed + 1] == 0x0A ? 2 : 3)
        guard end - start <= min(limits.startLineBytes, limits.fieldLineBytes, limits.headBytes) else { return nil }
        append(input, start, end, to: &bytes)
        isFirstLine = false
        lineStart = bytes.count
        return Step(consumed: end, isComplete: true)
    }

    private func checkFirst(_ byte: UInt8) throws(WireError) {
        switch kind {
        case .request where !ByteClass.isToken(byte): throw WireError(.malformedStartLine, "invalid method")
        case .response where byte != 0x48: throw WireError(.malformedStartLine, "not an HTTP/1 response")
        case .request, .response, .trailers: return
        }
    }

    /// The limit that was passed first, as it would be found byte by byte. All offsets count in the block.
    private func excess(line: Int, lineEnd: Int, headEnd: Int, _ limits: WireLimits) -> WireError? {
        let lineLimit = isFirstLine ? limits.startLineBytes : limits.fieldLineBytes
        let isLineTooLong = lineEnd - line > lineLimit
        let isHeadTooLarge = headEnd > limits.headBytes
        guard isLineTooLong || isHeadTooLarge else { return nil }
        if isHeadTooLarge, !isLineTooLong || limits.headBytes + 1 < line + lineLimit + 2 {
            return WireError(.headTooLarge, status: 431, "head over \(limits.headBytes) bytes")
        }
        guard isFirstLine else {
            return WireError(.headTooLarge, status: 431, "field line over \(lineLimit) bytes")
        }
        return WireError(.targetTooLong, status: 414, "start line over \(lineLimit) bytes")
    }

    private func append(_ input: Span<UInt8>, _ start: Int, _ end: Int, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: input.extracting(start..<end))
    }

    /// Skips CRLF pairs before a start line. Returns where it starts.
    private mutating func skipEmptyLines(_ input: Span<UInt8>) throws(WireError) -> Int {
        var index = 0
        while index < input.count {
            switch (skippedCR, input[index]) {
            case (false, 0x0D): skippedCR = true
            case (true, 0x0A):
                skippedCR = false
                skippedLineEnds += 1
                if skippedLineEnds > 2 { throw WireError(.malformedStartLine, "empty lines before the start line") }
            case (true, _), (false, 0x0A): throw WireError(.malformedStartLine, "bare CR or LF before the start line")
            case (false, _): return index
            }
            index += 1
        }
        return index
    }
}
