/// The way a service answers one request: from any thread, in pieces, with back-pressure. If it is let go without
/// `finish`, the client sees an error or a broken response.
public final class Responder: Sendable {
    /// `write` returns false when more than this waits for the client.
    public static let highWaterBytes = ResponderCore.highWaterBytes
    /// A writer that does not heed that loses its connection here.
    public static let maximumQueuedBytes = ResponderCore.maximumQueuedBytes

    private let core: ResponderCore

    init(_ core: ResponderCore) { self.core = core }

    deinit { core.abandon() }

    /// Sends status and headers. With a `Content-Length` the body must have that length; without, it is chunked.
    public func start(status: Int, headers: [(String, String)]) { core.start(status: status, headers: headers) }

    /// Sends a piece of the body. Returns whether to go on; if not, wait for `onDrained`, or stop when `isClosed`.
    @discardableResult
    public func write(_ bytes: [UInt8]) -> Bool { core.write(bytes) }

    /// Ends the response.
    public func finish() { core.finish() }

    /// Breaks the response off, so that the client does not take it for a whole one.
    public func abort() { core.abort() }

    /// A small answer at once.
    public func respond(status: Int, headers: [(String, String)] = [], body: [UInt8]) {
        start(status: status, headers: headers + [("Content-Length", String(body.count))])
        write(body)
        finish()
    }

    /// The client is gone, or the response is over.
    public var isClosed: Bool { core.isClosed }

    /// Called once when the client goes before the response is finished; at once if it is gone already.
    public func onClose(_ action: @escaping @Sendable () -> Void) { core.onClose(action) }

    /// Called each time that writing may go on after `write` returned false, on the loop; at once if it may now.
    /// Replaces an earlier one.
    public func onDrained(_ action: @escaping @Sendable () -> Void) { core.onDrained(action) }
}
