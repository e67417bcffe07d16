import Bytes

/// The server's side of an HTTP/2 connection (RFC 9113) without I/O: bytes in, events out by `next`; heads and the
/// promise of bodies in, frames out in `output`.
public struct HTTP2Session: ~Copyable, Sendable {
    /// Frames to send, in order. Whoever sends them empties it.
    public var output: [UInt8] = []

    let limits: HTTP2Limits
    let wire: WireLimits
    var now: Int64

    // Input, see HTTP2Session+Frames.
    var phase = Phase.preface
    var frame = HTTP2Frame()
    /// Octets of the preface, or of a frame's head, that came.
    var headCount = 0
    var headBytes = InlineArray<9, UInt8>(repeating: 0)
    /// A payload that came in pieces, so far.
    var gathered: [UInt8] = []
    var hasSettings = false
    /// Of a DATA frame: octets of the body and of the padding that still come, and the stream's slot; -1 for one that
    /// is not open.
    var bodyLeft = 0
    var paddingLeft = 0
    var bodySlot = -1

    // Heads, see HTTP2Session+Heads.
    var decoder = HPACKDecoder()
    var builder: HTTP2RequestBuilder
    var heading: Heading?
    /// A header block of which CONTINUATION frames still come.
    var block: [UInt8] = []
    var continuations = 0

    // Streams.
    var streams = StreamTable()
    var memory = StreamMemory()
    var queue = SendQueue()
    /// Priorities of streams that are not there yet.
    var earlyPriorities: [(stream: Int32, priority: HTTP2Priority)] = []

    // The connection's windows and what the client allows.
    var held = 0
    var unannounced = 0
    var window = 65_535
    var initialWindow = 65_535
    /// Our settings apply.
    var areSettingsAcknowledged = false

    let encoder = HPACKEncoder()
    /// The size of the encoder's table that the client knows of, and the smallest that it allowed since.
    var tableSize = HPACKTable.boundBytes
    var allowedTableSize = HPACKTable.boundBytes

    // The end.
    var hasFailed = false
    /// The highest stream that is served, once the end was said.
    var lastServed: Int32?
    var clientLeaves = false
    var resets: TokenBucket
    var controls: TokenBucket

    enum Phase {
        case preface, head, payload, skip
        /// The length of a DATA frame's padding comes next, then the body and the padding.
        case paddingLength, body
    }

    /// - Parameter now: nanoseconds of a monotonic clock.
    public init(limits: HTTP2Limits, wire: WireLimits, now: Int64) {
        self.limits = limits.withinProtocol
        self.wire = wire
        self.now = now
        builder = HTTP2RequestBuilder(limits: wire)
        resets = TokenBucket(burst: limits.resetBurst, perSecond: limits.resetsPerSecond, now: now)
        controls = TokenBucket(burst: limits.controlBurst, perSecond: limits.controlsPerSecond, now: now)
        sendSettings()
    }

    /// Whether the connection has nothing left to do: send the output, and close.
    public var isFinished: Bool { hasFailed || (lastServed != nil || clientLeaves) && streams.count == 0 }

    /// Streams that are open.
    var streamCount: Int { streams.count }

    /// The head of the request that `next` reported last.
    /// - Returns: what is wrong with it; then answer and expect nothing more.
    public mutating func takeHead(_ head: inout RequestHead) -> WireError? {
        swap(&head, &builder.head)
        return builder.error
    }

    /// The trailers of the request that `next` reported as ended last; none where they break a limit.
    public mutating func takeTrailers() -> HeaderBlock {
        guard builder.error == nil else { return HeaderBlock() }
        var trailers = HeaderBlock()
        swap(&trailers, &builder.head.block)
        return trailers
    }

    // MARK: Ends

    /// A connection error (5.4.1).
    mutating func fail(_ code: HTTP2Code) -> HTTP2Event {
        if !hasFailed { sendGoAway(last: lastServed ?? max(0, memory.last), code) }
        hasFailed = true
        return .failed
    }

    /// A stream error (5.4.2) of a stream that is open.
    mutating func breakOff(_ slot: Int, _ code: HTTP2Code) -> HTTP2Event {
        guard resets.take(now: now) else { return fail(.enhanceYourCalm) }
        reset(slot, code: code)
        return .closed(slot, code: code.rawValue)
    }

    /// A stream error of one that is not.
    mutating func refuse(_ stream: Int32, _ code: HTTP2Code) -> HTTP2Event {
        guard resets.take(now: now) else { return fail(.enhanceYourCalm) }
        output.appendFrame(HTTP2Frame.Kind.reset, stream: stream, Int(code.rawValue))
        memory.noteReset(stream)
        return .nothing
    }

    /// Announces that no further requests should come (GOAWAY with the highest stream number).
    public mutating func announceEnd() {
        if !hasFailed { sendGoAway(last: .max, .noError) }
    }

    /// Requests that come from now on are not served (GOAWAY); the connection is finished when those before are.
    public mutating func end() {
        guard !hasFailed else { return }
        let last = max(0, memory.last)
        sendGoAway(last: last, .noError)
        lastServed = last
    }

    private mutating func sendGoAway(last: Int32, _ code: HTTP2Code) {
        output.appendFrame(HTTP2Frame.Kind.goAway, Int(last), Int(code.rawValue))
    }

    // MARK: Abuse

    /// Counts a frame that makes work and brings nothing.
    mutating func noteControl() -> HTTP2Event {
        controls.take(now: now) ? .nothing : fail(.enhanceYourCalm)
    }
}
