/// What a client's HTTP/2 session reports and asks for. Called from within the session's `receive` and `flush` only;
/// streams are named by their numbers.
public protocol HTTP2ClientHandler: AnyObject {
    /// The head of a response is complete, an interim one (1xx) or the final one; `head` is reused afterwards.
    func responseReceived(_ stream: Int32, _ head: ResponseHead)
    /// A piece of the response's body. Tell `HTTP2ClientSession.consumed` when it is used up, or the window closes.
    func bodyReceived(_ stream: Int32, _ bytes: Span<UInt8>)
    func responseEnded(_ stream: Int32, trailers: HeaderBlock)
    /// Nothing more can be sent or will come on the stream.
    func streamClosed(_ stream: Int32, _ end: HTTP2StreamEnd)
    /// `HTTP2ClientSession.maximumStreams` may be another.
    func settingsReceived()
    /// No further requests are taken (GOAWAY); those that were not processed are closed as refused.
    /// - Parameter code: RFC 9113, 7; 0 for a server that means well.
    func goingAway(code: UInt32)

    /// How much of a request's body could be sent now, at most `limit`, and whether it ends with that.
    func bodyAvailable(_ stream: Int32, limit: Int) -> (count: Int, end: HTTP2BodyEnd)
    /// Send a frame's head and then `count` bytes of the body that was said to be available.
    func sendData(_ stream: Int32, frameHead: Span<UInt8>, count: Int)
    /// Send a whole frame.
    func send(_ bytes: Span<UInt8>)
    /// The connection takes more for now.
    var canSend: Bool { get }
}

/// How a stream came to its end.
public enum HTTP2StreamEnd: Sendable, Equatable {
    /// Both sides have ended it.
    case complete
    /// The server did nothing for it, so that any request may be sent again (RFC 9113, 8.7).
    case refused
    /// The server broke it off.
    /// - Parameter code: RFC 9113, 7.
    case reset(code: UInt32)
    /// What the server sent on it breaks the protocol; the other streams go on.
    case malformed(WireError)
}
