import Bytes

/// Collects a head's lines across any split of the input and enforces the limits on the way. It looks at line ends
/// only; the lines are parsed by whoever owns it, out of the block's own bytes.
struct HeadAssembler: Sendable {
    /// What a call of ``take(_:into:limits:)`` did.
    struct Step {
        var consumed: Int
        /// The empty line that ends the head was seen.
        var isComplete: Bool
    }

    /// Offset in the block of the line that is not complete yet.
    private(set) var lineStart = 0
    private var isFirstLine: Bool
    private var skippedLineEnds = 0
    private var skippedCR = false

    /// True while nothing has come.
    private(set) var isIdle = true

    /// - Parameter hasStartLine: false for a trailer section, whose first line may be the empty one.
    init(hasStartLine: Bool = true) { self.isFirstLine = hasStartLine }

    mutating func reset() { self = HeadAssembler() }

    /// - Parameter allowsLeadingEmptyLines: an empty line or two before a request line are ignored (RFC 9112 §2.2).
    mutating func take(
        _ input: Span<UInt8>, into bytes: inout [UInt8], limits: WireLimits, allowsLeadingEmptyLines: Bool
    ) throws(WireError) -> Step {
        if input.count > 0 { isIdle = false }
        var start = 0
        if bytes.isEmpty, allowsLeadingEmptyLines { start = try skipEmptyLines(input) }
        // Where the current line starts, counted from the start of the input; negative if it began in earlier input.
        var line = start - (bytes.count - lineStart)
        let base = bytes.count - start
        var position = start
        while let feed = input.firstIndex(of: 0x0A, from: position) {
            let length = feed - line
            let isEmpty = length == 0 || (length == 1 && (line < 0 ? bytes[lineStart] : input[line]) == 0x0D)
            if isEmpty, !isFirstLine {
                append(input, start, feed + 1, to: &bytes)
                lineStart = bytes.count
                return Step(consumed: feed + 1, isComplete: true)
            }
            try check(lineLength: length - 1, headLength: base + feed + 1, limits)
            isFirstLine = false
            line = feed + 1
            position = feed + 1
        }
        append(input, start, input.count, to: &bytes)
        // One byte of grace: the carriage return of a line of exactly the allowed length.
        try check(lineLength: input.count - line - 1, headLength: bytes.count, limits)
        lineStart = base + line
        return Step(consumed: input.count, isComplete: false)
    }

    private func check(lineLength: Int, headLength: Int, _ limits: WireLimits) throws(WireError) {
        if isFirstLine, lineLength > limits.startLineBytes {
            throw WireError(.targetTooLong, status: 414, "start line over \(limits.startLineBytes) bytes")
        }
        if !isFirstLine, lineLength > limits.fieldLineBytes {
            throw WireError(.headTooLarge, status: 431, "field line over \(limits.fieldLineBytes) bytes")
        }
        if headLength > limits.headBytes {
            throw WireError(.headTooLarge, status: 431, "head over \(limits.headBytes) bytes")
        }
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
