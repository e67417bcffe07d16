/// Whether a body ends with the piece that is available.
public enum HTTP2BodyEnd {
    case goesOn, ends
    case endsWithTrailers(HeaderBlock)
}

/// What a server's HTTP/2 session reports and asks for. Called from within the session's `receive` and `flush` only;
/// streams are named by their numbers.
public protocol HTTP2Handler: AnyObject {
    /// A request's head is complete. Take it out of `head` by swapping.
    /// - Parameters:
    ///   - error: what is wrong with it; then answer and expect nothing more.
    ///   - isComplete: no body follows.
    func requestReceived(_ stream: Int32, _ head: inout RequestHead, error: WireError?, isComplete: Bool)
    /// A piece of the request's body. Tell `HTTP2Session.consumed` when it is used up, or the window closes.
    func bodyReceived(_ stream: Int32, _ bytes: Span<UInt8>)
    func requestEnded(_ stream: Int32, trailers: HeaderBlock)
    /// Nothing more can be sent or will come on the stream.
    /// - Parameter code: RFC 9113, 7; 0 where request and response are complete.
    func streamClosed(_ stream: Int32, code: UInt32)

    /// How much of a response's body could be sent now, at most `limit`, and whether it ends with that.
    func bodyAvailable(_ stream: Int32, limit: Int) -> (count: Int, end: HTTP2BodyEnd)
    /// Send a frame's head and then `count` bytes of the body that was said to be available.
    func sendData(_ stream: Int32, frameHead: Span<UInt8>, count: Int)
    /// Send a whole frame.
    func send(_ bytes: Span<UInt8>)
    /// The connection takes more for now.
    var canSend: Bool { get }
}
