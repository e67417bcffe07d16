/// Answers requests inside the process. `handle` is called on an event loop and must not block; the answer may come
/// later and from any thread.
public protocol HTTPService: Sendable {
    /// Asked with the head, before a body is waited for and kept in memory. If not, `handle` is called at once with an
    /// empty body, to refuse it, and the connection ends with the answer.
    func wantsBody(of request: HTTPRequest) -> Bool

    func handle(_ request: HTTPRequest, _ responder: Responder)
}

extension HTTPService {
    public func wantsBody(of request: HTTPRequest) -> Bool { true }
}
