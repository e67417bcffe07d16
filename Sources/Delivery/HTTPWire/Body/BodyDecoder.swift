/// Finds the body in a connection's input by the message's framing (RFC 9112 §6).
///
/// Call ``decode(_:)`` until it completes or has used up the input; each call yields at most one run of data, which is
/// never copied.
public struct BodyDecoder: Sendable {
    private enum State: Sendable {
        case complete
        case length(remaining: UInt64)
        case chunked
        case untilClose
    }

    private var state: State
    /// Where the framing is chunked; it is large.
    private var chunks: ChunkedDecoder?
    /// Body bytes so far, framing not counted.
    public private(set) var received: UInt64 = 0

    /// - Parameter isLenient: true for an origin's body: blanks after a chunk size are forgiven.
    public init(_ framing: BodyFraming, limits: WireLimits, isLenient: Bool) {
        self.chunks = framing == .chunked ? ChunkedDecoder(limits: limits, isLenient: isLenient) : nil
        switch framing {
        case .none, .length(0): self.state = .complete
        case .length(let length): self.state = .length(remaining: length)
        case .chunked: self.state = .chunked
        case .untilClose: self.state = .untilClose
        }
    }

    public var isComplete: Bool {
        if case .complete = state { return true }
        return false
    }

    /// Body bytes that are still to come; `nil` where only the end of the body tells.
    public var remaining: UInt64? {
        switch state {
        case .complete: 0
        case .length(let remaining): remaining
        case .chunked, .untilClose: nil
        }
    }

    /// Trailer fields after a chunked body; empty before its end.
    public var trailers: HeaderBlock { chunks?.trailers ?? HeaderBlock() }

    /// Takes a piece of input. When complete, it takes nothing.
    /// - Throws: ``WireError`` for malformed chunks; the connection must be closed.
    public mutating func decode(_ input: Span<UInt8>) throws(WireError) -> BodyStep {
        switch state {
        case .complete:
            return BodyStep(consumed: 0, data: 0..<0, isComplete: true)
        case .untilClose:
            received += UInt64(input.count)
            return BodyStep(consumed: input.count, data: 0..<input.count, isComplete: false)
        case .length(let remaining):
            let taken = Int(min(remaining, UInt64(input.count)))
            received += UInt64(taken)
            let rest = remaining - UInt64(taken)
            state = rest == 0 ? .complete : .length(remaining: rest)
            return BodyStep(consumed: taken, data: 0..<taken, isComplete: rest == 0)
        case .chunked:
            guard let step = try chunks?.decode(input) else {
                preconditionFailure("a chunked body without its decoder")
            }
            received += UInt64(step.data.count)
            if step.isComplete { state = .complete }
            return step
        }
    }

    /// The peer closed the connection.
    /// - Throws: ``WireError`` if the body is cut off; what came must not be used as a whole one (RFC 9112 §8).
    public mutating func inputEnded() throws(WireError) {
        switch state {
        case .complete: return
        case .untilClose: state = .complete
        case .length(let remaining):
            throw WireError(.truncated, "body ended \(remaining) bytes early")
        case .chunked:
            throw WireError(.truncated, "chunked body ended early")
        }
    }
}
