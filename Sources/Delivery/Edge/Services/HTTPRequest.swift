import HTTPWire
public import Reactor

/// A whole request for a service, body included.
public struct HTTPRequest: Sendable {
    public let method: String
    /// As sent (percent-encoded), without the query; never empty.
    public let path: String
    /// After the question mark; `nil` where there is none.
    public let query: String?
    /// Host without port, as sent.
    public let host: String
    public let peer: SocketAddress
    public let body: [UInt8]
    private let block: HeaderBlock

    init(_ head: RequestHead, peer: SocketAddress, body: [UInt8]) {
        method = head.string(head.methodRange)
        path = head.path.isEmpty ? "/" : head.string(head.path)
        query = head.hasQuery ? head.string(head.query) : nil
        host = head.string(head.host)
        self.peer = peer
        self.body = body
        block = head.block
    }

    /// The value of the first field with this name, in any case.
    public func header(_ name: String) -> String? { block.string(named: name) }
}
