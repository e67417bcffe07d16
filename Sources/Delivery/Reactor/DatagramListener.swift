import CPlatform
import Glibc

/// Hands each datagram of a socket to a handler, on its loop.
public final class DatagramListener: LoopSource {
    public let socket: DatagramSocket
    private var handler: ((ArraySlice<UInt8>, SocketAddress) -> [UInt8]?)?
    private var buffer: [UInt8]
    private static let datagramsPerTurn = 64

    /// - Parameters:
    ///   - maximumBytes: what is longer is cut.
    ///   - handler: called on the loop; what it returns is sent back.
    public init(
        _ socket: DatagramSocket, loop: EventLoop, maximumBytes: Int,
        handler: @escaping (ArraySlice<UInt8>, SocketAddress) -> [UInt8]?
    ) {
        self.socket = socket
        self.handler = handler
        buffer = [UInt8](repeating: 0, count: maximumBytes)
        super.init(loop: loop)
        loop.register(self)
        _ = squilla_epoll_add(loop.epoll, socket.fd, squilla_epoll_in(), token)
    }

    override func ready(_ events: UInt32) {
        for _ in 0..<Self.datagramsPerTurn {
            guard let handler, let (count, from) = socket.receive(into: &buffer) else { return }
            if let answer = handler(buffer[..<count], from) { socket.send(answer, to: from) }
        }
    }

    public func close() {
        guard handler != nil else { return }
        handler = nil
        loop.unregister(self)
        socket.close()
    }
}
