public import HTTPWire

/// Hears what an origin answers, on the loop's thread. After `originEnded` or `originFailed` nothing follows.
public protocol OriginHandler: AnyObject {
    /// The request's head is on its way; its body may be sent now. Called only for a request with a body, and again
    /// after `originRestarts`.
    func originReady()
    /// The request goes out again, on another connection: its body, of which nothing was sent, waits for `originReady`.
    func originRestarts()
    /// `100 Continue` arrived.
    func originContinues()
    /// Another interim response (102, 103).
    func originInterim(_ head: ResponseHead)
    /// `101 Switching Protocols` to a request that asked for it: a tunnel from now on. `originBody` brings its bytes,
    /// `OriginExchange.sendBody` takes those of the client.
    func originUpgraded(_ head: ResponseHead)
    /// The final response's head. The body follows unless its framing is empty.
    func originResponded(_ head: ResponseHead)
    func originBody(_ bytes: Span<UInt8>)
    /// The response is complete; `trailers` is empty for most.
    func originEnded(trailers: HeaderBlock)
    /// No response, or only a part of one.
    func originFailed(_ error: UpstreamError)
    /// The request body may go on after `OriginExchange.isCongested`.
    func originCanTakeMore()
}

extension OriginHandler {
    public func originUpgraded(_ head: ResponseHead) {}

    public func originRestarts() {}
}
