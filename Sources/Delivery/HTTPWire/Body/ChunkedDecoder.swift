/// Chunked transfer coding (RFC 9112 §7.1): sizes, extensions (ignored, bounded), trailers.
struct ChunkedDecoder: Sendable {
    private enum State: Sendable {
        /// Hexadecimal digits so far.
        case size(digits: Int)
        /// Blanks after a size, before ";" or the line end.
        case blank
        case `extension`
        case sizeFeed
        case data
        case dataReturn
        case dataFeed
        case trailers
        case complete
    }

    private let limits: WireLimits
    private let isLenient: Bool
    private var state = State.size(digits: 0)
    /// The size being read, then the data bytes still to come.
    private var remaining: UInt64 = 0
    private var lineBytes = 0
    private var extensionBytes = 0
    private var assembler = HeadAssembler(.trailers)
    private(set) var trailers = HeaderBlock()

    init(limits: WireLimits, isLenient: Bool) {
        self.limits = limits
        self.isLenient = isLenient
    }

    mutating func decode(_ input: Span<UInt8>) throws(WireError) -> BodyStep {
        var index = 0
        while index < input.count {
            switch state {
            case .data:
                let taken = Int(min(remaining, UInt64(input.count - index)))
                remaining -= UInt64(taken)
                if remaining == 0 { state = .dataReturn }
                return BodyStep(consumed: index + taken, data: index..<index + taken, isComplete: false)
            case .trailers:
                let used = try takeTrailers(input.extracting(index...))
                return BodyStep(consumed: index + used, data: 0..<0, isComplete: isComplete)
            case .complete:
                return BodyStep(consumed: index, data: 0..<0, isComplete: true)
            default:
                try takeFraming(input[index])
                index += 1
            }
        }
        return BodyStep(consumed: index, data: 0..<0, isComplete: isComplete)
    }

    private var isComplete: Bool {
        if case .complete = state { return true }
        return false
    }

    /// One octet of a size line or of the line end after data.
    private mutating func takeFraming(_ byte: UInt8) throws(WireError) {
        lineBytes += 1
        guard lineBytes <= limits.chunkLineBytes else { throw WireError(.malformedChunk, "chunk line too long") }
        switch state {
        case .size(let digits): try takeSize(byte, digits)
        case .blank: try takeBlank(byte)
        case .extension: try takeExtension(byte)
        case .sizeFeed:
            guard byte == 0x0A else { throw WireError(.malformedChunk, "bare CR after a chunk size") }
            lineBytes = 0
            state = remaining == 0 ? .trailers : .data
        case .dataReturn:
            guard byte == 0x0D else { throw WireError(.malformedChunk, "chunk longer than its size") }
            state = .dataFeed
        case .dataFeed:
            guard byte == 0x0A else { throw WireError(.malformedChunk, "bare CR after a chunk") }
            lineBytes = 0
            remaining = 0
            state = .size(digits: 0)
        case .data, .trailers, .complete: break
        }
    }

    private mutating func takeSize(_ byte: UInt8, _ digits: Int) throws(WireError) {
        if let value = ByteClass.hexValue(byte) {
            guard digits < 15 else { throw WireError(.malformedChunk, "chunk size too large") }
            remaining = remaining << 4 | UInt64(value)
            state = .size(digits: digits + 1)
            return
        }
        guard digits > 0 else { throw WireError(.malformedChunk, "chunk without a size") }
        try takeBlank(byte)
    }

    private mutating func takeBlank(_ byte: UInt8) throws(WireError) {
        let hadBlank: Bool
        if case .blank = state { hadBlank = true } else { hadBlank = false }
        switch byte {
        case 0x3B: state = .extension
        case 0x0D where isLenient || !hadBlank: state = .sizeFeed
        case 0x20, 0x09: state = .blank
        default: throw WireError(.malformedChunk, "invalid octet in a chunk size")
        }
    }

    private mutating func takeExtension(_ byte: UInt8) throws(WireError) {
        extensionBytes += 1
        guard extensionBytes <= limits.chunkExtensionBytes else {
            throw WireError(.malformedChunk, "chunk extensions over \(limits.chunkExtensionBytes) bytes")
        }
        if byte == 0x0D {
            state = .sizeFeed
        } else if !ByteClass.isFieldContent(byte) {
            // Above all a bare LF, which some parsers take for the line's end.
            throw WireError(.malformedChunk, "control character in a chunk extension")
        }
    }

    private mutating func takeTrailers(_ input: Span<UInt8>) throws(WireError) -> Int {
        var bounds = limits
        bounds.headBytes = limits.trailerBytes
        let step = try assembler.take(input, into: &trailers.bytes, limits: bounds)
        if let excess = step.excess { throw excess }
        if step.isComplete {
            let lines = FieldLines(isLenient: false)
            try lines.parse(&trailers, from: 0, to: assembler.lineStart, limits: bounds)
            state = .complete
        }
        return step.consumed
    }
}
