import CNGHTTP2

/// The client's side of an HTTP/2 connection (RFC 9113) without I/O: heads and a promise of bodies in, frames to the
/// handler; bytes in, events to the handler. nghttp2 does frames, HPACK and flow control.
///
/// The connection's window is opened at once, streams' windows when their bytes are used up: a reader that is slow holds
/// its own stream and no other.
public final class HTTP2ClientSession {
    private static let connectionWindowBytes = Int32.max
    static let enhanceYourCalm: UInt32 = 0xb

    /// What is known of a request under way.
    struct Record {
        var method: Method
        /// The final response's head has come; fields that follow are trailers.
        var hasResponse = false
        /// The server's own end of it.
        var reset: UInt32?
        /// What was wrong with the response.
        var fault: WireError?
    }

    var session: OpaquePointer?
    unowned let handler: any HTTP2ClientHandler
    let limits: HTTP2ClientLimits
    var builder: HTTP2ResponseBuilder
    var records: [Int32: Record] = [:]
    private var controls: TokenBucket
    private var now: Int64
    /// nghttp2 must not be asked to send from within its own callbacks.
    private var isWorking = false

    /// - Parameters:
    ///   - handler: outlives the session.
    ///   - wire: bounds of a response's head.
    ///   - now: nanoseconds of a monotonic clock.
    public init(handler: any HTTP2ClientHandler, limits: HTTP2ClientLimits, wire: WireLimits, now: Int64) {
        self.handler = handler
        self.limits = limits
        self.now = now
        builder = HTTP2ResponseBuilder(limits: wire)
        controls = TokenBucket(burst: limits.controlBurst, perSecond: limits.controlsPerSecond, now: now)
        session = makeSession()
        submitSettings(wire)
    }

    deinit { nghttp2_session_del(session) }

    /// Requests at a time that both sides allow.
    public var maximumStreams: Int {
        guard let session else { return 0 }
        let allowed = nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS)
        return min(limits.maximumStreams, Int(allowed))
    }

    /// Whether the connection has nothing left to do: send what is queued, and close.
    public var isFinished: Bool {
        guard let session else { return true }
        return nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0
    }

    // MARK: Requests

    /// Begins a stream; what it causes to be sent waits for `flush`.
    /// - Parameters:
    ///   - head: as HTTP/1.1 has it, up to the empty line, with a `Host`; fields about the connection are left out.
    ///   - takesTrailers: says so (RFC 9113, 8.2.2).
    ///   - hasBody: a body follows; see `HTTP2ClientHandler.bodyAvailable`.
    /// - Returns: the stream's number; nil where the connection takes no more requests.
    public func request(
        _ head: Span<UInt8>, method: Method, isSecure: Bool, takesTrailers: Bool = false, hasBody: Bool
    ) -> Int32? {
        guard let session, nghttp2_session_check_request_allowed(session) == 1 else { return nil }
        let stream = HTTP2Fields.withFields(
            ofRequest: head, isSecure: isSecure, takesTrailers: takesTrailers
        ) { fields in
            guard hasBody else {
                return nghttp2_submit_request(session, nil, fields.baseAddress, fields.count, nil, nil)
            }
            var provider = nghttp2_data_provider()
            provider.read_callback = HTTP2ClientSession.readBody
            return nghttp2_submit_request(session, nil, fields.baseAddress, fields.count, &provider, nil)
        }
        guard stream > 0 else { return nil }
        records[stream] = Record(method: method)
        return stream
    }

    /// More of a request's body has become available, or its end.
    public func bodyGrew(_ stream: Int32) {
        guard let session else { return }
        nghttp2_session_resume_data(session, stream)
    }

    /// Breaks a stream off (RST_STREAM).
    public func reset(_ stream: Int32, code: HTTP2Code) {
        guard let session else { return }
        nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, code.rawValue)
    }

    /// Says goodbye (GOAWAY); flush and close.
    public func end() {
        guard let session else { return }
        nghttp2_session_terminate_session(session, HTTP2Code.noError.rawValue)
    }

    /// Asks the server for a sign of life.
    public func ping() {
        guard let session else { return }
        nghttp2_submit_ping(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
    }

    // MARK: Input and output

    /// Takes bytes of the connection. What it causes to be sent waits for `flush`.
    /// - Returns: false when the connection cannot go on; flush and close.
    public func receive(_ bytes: Span<UInt8>, now: Int64) -> Bool {
        guard let session, !isWorking else { return false }
        self.now = now
        isWorking = true
        defer { isWorking = false }
        let taken = bytes.withUnsafeBufferPointer { nghttp2_session_mem_recv(session, $0.baseAddress, $0.count) }
        if taken >= 0 { return nghttp2_session_want_read(session) == 1 || nghttp2_session_want_write(session) == 1 }
        nghttp2_session_terminate_session(session, HTTP2ClientSession.enhanceYourCalm)
        return false
    }

    /// Part of a body was used up, so the server may send as much again on this stream.
    public func consumed(_ stream: Int32, _ count: Int) {
        guard let session, count > 0 else { return }
        nghttp2_session_consume_stream(session, stream, count)
    }

    /// Hands frames to the handler as long as it can send.
    public func flush() {
        guard let session, !isWorking else { return }
        isWorking = true
        defer { isWorking = false }
        while handler.canSend {
            var bytes: UnsafePointer<UInt8>?
            let count = nghttp2_session_mem_send(session, &bytes)
            guard count > 0, let bytes else { return }
            handler.send(UnsafeBufferPointer(start: bytes, count: count).span)
        }
    }

    func noteControl() {
        if !controls.take(now: now) { refuseToGoOn(HTTP2ClientSession.enhanceYourCalm) }
    }

    /// - Parameter code: RFC 9113, 7.
    func refuseToGoOn(_ code: UInt32 = NGHTTP2_PROTOCOL_ERROR.rawValue) {
        guard let session else { return }
        nghttp2_session_terminate_session(session, code)
    }

    func submitSettings(_ wire: WireLimits) {
        guard let session else { return }
        func entry(_ id: nghttp2_settings_id, _ value: Int) -> nghttp2_settings_entry {
            nghttp2_settings_entry(settings_id: Int32(id.rawValue), value: UInt32(clamping: value))
        }
        let entries = [
            entry(NGHTTP2_SETTINGS_ENABLE_PUSH, 0),
            entry(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.streamWindowBytes),
            entry(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, wire.headBytes),
        ]
        let none = UInt8(NGHTTP2_FLAG_NONE.rawValue)
        nghttp2_submit_settings(session, none, entries, entries.count)
        nghttp2_session_set_local_window_size(session, none, 0, HTTP2ClientSession.connectionWindowBytes)
    }
}
