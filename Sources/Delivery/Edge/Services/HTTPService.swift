/// Answers requests inside the process. `handle` is called on an event loop and must not block; the answer may come
/// later and from any thread.
public protocol HTTPService: Sendable {
    func handle(_ request: HTTPRequest, _ responder: Responder)
}
