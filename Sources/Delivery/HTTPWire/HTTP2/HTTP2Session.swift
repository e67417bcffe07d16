import CNGHTTP2

/// The server's side of an HTTP/2 connection (RFC 9113) without I/O: bytes in, events to the handler; heads and a
/// promise of bodies in, frames to the handler. nghttp2 does frames, HPACK, flow control and priorities (RFC 9218).
public final class HTTP2Session {
    private static let noError: UInt32 = 0
    static let protocolError: UInt32 = 0x1
    static let streamClosed: UInt32 = 0x5
    static let enhanceYourCalm: UInt32 = 0xb

    var session: OpaquePointer?
    unowned let handler: any HTTP2Handler
    let limits: HTTP2Limits
    var builder: HTTP2RequestBuilder
    private var resets: TokenBucket
    private var controls: TokenBucket
    private var watch = FrameWatch()
    var memory = StreamMemory()
    var now: Int64
    /// nghttp2 must not be asked to send from within its own callbacks.
    private(set) var isWorking = false
    /// Streams to reset once their response is out: the rest of the request is not wanted.
    private var unwanted: [Int32] = []

    /// - Parameters:
    ///   - handler: outlives the session.
    ///   - now: nanoseconds of a monotonic clock.
    public init(handler: any HTTP2Handler, limits: HTTP2Limits, wire: WireLimits, now: Int64) {
        self.handler = handler
        self.limits = limits
        self.now = now
        builder = HTTP2RequestBuilder(limits: wire)
        resets = TokenBucket(burst: limits.resetBurst, perSecond: limits.resetsPerSecond, now: now)
        controls = TokenBucket(burst: limits.controlBurst, perSecond: limits.controlsPerSecond, now: now)
        session = makeSession()
        submitSettings(wire)
    }

    deinit { nghttp2_session_del(session) }

    /// Whether the connection has nothing left to do: send what is queued, and close.
    public var isFinished: Bool {
        guard let session else { return true }
        return nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0
    }

    // MARK: Input

    /// Takes bytes of the connection. What it causes to be sent waits for `flush`.
    /// - Returns: false when the connection cannot go on; flush and close.
    public func receive(_ bytes: Span<UInt8>, now: Int64) -> Bool {
        guard let session, !isWorking else { return false }
        self.now = now
        isWorking = true
        defer { isWorking = false }
        var position = 0
        var fed = 0
        while true {
            let finding = watch.next(bytes, &position)
            switch finding {
            case .nothing:
                return feed(session, bytes.extracting(fed...))
            case .badPriority:
                nghttp2_session_terminate_session(session, HTTP2Session.protocolError)
                return false
            case .data(let stream, let start), .emptyWindow(let stream, let start):
                // What came before it decides whether the stream is still open.
                if start > fed {
                    guard feed(session, bytes.extracting(fed..<start)) else { return false }
                    fed = start
                }
                guard isClosed(stream) else { continue }
                let isData = finding == .data(stream: stream, start: start)
                nghttp2_session_terminate_session(
                    session, isData ? HTTP2Session.streamClosed : HTTP2Session.protocolError)
                return false
            }
        }
    }

    private func feed(_ session: OpaquePointer, _ bytes: Span<UInt8>) -> Bool {
        let taken = bytes.withUnsafeBufferPointer { nghttp2_session_mem_recv(session, $0.baseAddress, $0.count) }
        if taken >= 0 { return true }
        // A client that fails the handshake or floods gets no more than a word.
        let isPreface = taken == Int(NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue)
        nghttp2_session_terminate_session(
            session, isPreface ? HTTP2Session.protocolError : HTTP2Session.enhanceYourCalm)
        return false
    }

    /// Part of a body was used up, so the client may send as much again.
    public func consumed(_ stream: Int32, _ count: Int) {
        guard let session, count > 0 else { return }
        nghttp2_session_consume(session, stream, count)
    }

    // MARK: Output

    /// Hands frames to the handler as long as it can send.
    public func flush() {
        guard let session, !isWorking else { return }
        isWorking = true
        defer { isWorking = false }
        while handler.canSend {
            var bytes: UnsafePointer<UInt8>?
            let count = nghttp2_session_mem_send(session, &bytes)
            if count > 0, let bytes {
                handler.send(UnsafeBufferPointer(start: bytes, count: count).span)
                continue
            }
            guard count == 0, let stream = unwanted.popLast() else { return }
            nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, HTTP2Session.noError)
        }
    }

    /// Sends a response's head.
    /// - Parameters:
    ///   - head: a status line and fields as HTTP/1.1 has them, up to the empty line; fields about the connection are
    ///     left out.
    ///   - hasBody: a body follows; see `HTTP2Handler.bodyAvailable`. Not for an interim response.
    public func respond(_ stream: Int32, head: Span<UInt8>, hasBody: Bool) {
        guard let session else { return }
        HTTP2Fields.withFields(ofResponse: head) { fields, isInterim in
            if isInterim {
                nghttp2_submit_headers(
                    session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, nil, fields.baseAddress, fields.count, nil)
                return
            }
            guard hasBody else {
                nghttp2_submit_response(session, stream, fields.baseAddress, fields.count, nil)
                return
            }
            var provider = nghttp2_data_provider()
            provider.read_callback = HTTP2Session.readBody
            nghttp2_submit_response(session, stream, fields.baseAddress, fields.count, &provider)
        }
    }

    /// More of a response's body has become available, or its end.
    public func bodyGrew(_ stream: Int32) {
        guard let session else { return }
        nghttp2_session_resume_data(session, stream)
    }

    /// Sends trailers after the body, whose last frame must not end the stream.
    func submitTrailers(_ stream: Int32, _ trailers: HeaderBlock) {
        guard let session else { return }
        HTTP2Fields.withFields(ofTrailers: trailers) { fields in
            nghttp2_submit_trailer(session, stream, fields.baseAddress, fields.count)
        }
    }

    /// Breaks a stream off (RST_STREAM).
    public func reset(_ stream: Int32, code: HTTP2Code) {
        guard let session else { return }
        nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, code.rawValue)
    }

    /// The rest of a request is not wanted: the stream ends with its response (RFC 9113, 8.1).
    public func discardRest(_ stream: Int32) { unwanted.append(stream) }

    /// Announces that no further requests should come (GOAWAY with the highest stream number).
    public func announceEnd() {
        guard let session else { return }
        nghttp2_submit_shutdown_notice(session)
    }

    /// Requests that come from now on are not served (GOAWAY); the connection is finished when those before are.
    public func end() {
        guard let session else { return }
        let last = nghttp2_session_get_last_proc_stream_id(session)
        nghttp2_submit_goaway(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), last, HTTP2Session.noError, nil, 0)
    }

    // MARK: Abuse

    func noteReset() {
        if !resets.take(now: now) { refuseToGoOn() }
    }

    func noteControl() {
        if !controls.take(now: now) { refuseToGoOn() }
    }

    /// Whether a stream was there and both sides know that it is over. One of long ago may be one that we reset, which
    /// the client need not know yet.
    private func isClosed(_ stream: Int32) -> Bool {
        nghttp2_session_find_stream(session, stream) == nil && memory.verdict(stream) == .closed
    }

    /// A head begins. nghttp2 ignores those for streams that it has forgotten.
    func checkOrder(_ head: nghttp2_frame_hd) {
        guard UInt32(head.type) == NGHTTP2_HEADERS.rawValue, let session,
            nghttp2_session_find_stream(session, head.stream_id) == nil
        else { return }
        switch memory.verdict(head.stream_id) {
        case .fine: memory.noteOpened(head.stream_id)
        case .closed: nghttp2_session_terminate_session(session, HTTP2Session.streamClosed)
        case .outOfOrder: nghttp2_session_terminate_session(session, HTTP2Session.protocolError)
        }
    }

    private func refuseToGoOn() {
        guard let session else { return }
        nghttp2_session_terminate_session(session, HTTP2Session.enhanceYourCalm)
    }
}

/// Why a stream is broken off (RFC 9113, 7).
public enum HTTP2Code: UInt32, Sendable {
    case noError = 0
    case internalError = 0x2
    case refusedStream = 0x7
    case cancel = 0x8
}
