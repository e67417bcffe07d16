import Reactor

/// A client's connection as its worker keeps it in a list, whatever is spoken on it. Confined to its loop.
protocol ClientConnection: AnyObject {
    var tcp: TCPConnection { get }
    /// Place in the worker's list of connections.
    var index: Int { get set }
    /// No request is under way, and no byte of the next one has come.
    var isIdle: Bool { get }
    /// Since when it is idle, on the loop's clock.
    var idleSince: Int64 { get }

    /// The server drains: responses from now on are the connection's last.
    func beginDrain()

    /// Closes a connection that is idle, so that a client that was about to send finds out.
    func closeWhenIdle()

    /// Ends server-sent event streams, which would never end by themselves.
    func endStreams()
}
