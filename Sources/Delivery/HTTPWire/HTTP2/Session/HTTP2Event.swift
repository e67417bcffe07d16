/// What bytes of a client mean to who answers it. Streams are named by their slots: small numbers, used again when a
/// stream is closed.
public enum HTTP2Event: Sendable, Equatable {
    /// The bytes are used up.
    case nothing
    /// A request's head is complete: take it by `HTTP2Session.takeHead`.
    /// - Parameters:
    ///   - number: the stream's.
    ///   - isComplete: no body follows.
    case request(Int, number: Int32, isComplete: Bool)
    /// A piece of the request's body: a range of the bytes. Tell `HTTP2Session.consumed` when it is used up, or the
    /// window closes.
    /// - Parameter ends: it was the last.
    case body(Int, Range<Int>, ends: Bool)
    /// The request ended with trailers: see `HTTP2Session.takeTrailers`.
    case ended(Int)
    /// The stream is broken off by the client or for its fault. Its slot is free.
    /// - Parameter code: RFC 9113, 7.
    case closed(Int, code: UInt32)
    /// The connection can't go on: send the output and close.
    case failed
}

/// A stream's turn to send.
public struct HTTP2Turn: Sendable {
    public let slot: Int
    /// Bytes of its body that one frame may have now; more than 0.
    public let limit: Int
}
