import CPlatform
import Glibc

/// Accepts connections on one address for one loop. With SO_REUSEPORT each loop has its own; confined to its thread.
public final class Listener: LoopSource {
    /// Connections this listener may have open at once; further ones are closed at once and counted.
    public var maximumConnections: Int
    public private(set) var connectionCount = 0
    public private(set) var refusedCount = 0
    /// Times that accepting had to stop for want of descriptors or memory.
    public private(set) var exhaustedCount = 0
    public let address: SocketAddress

    private let fd: Int32
    private var isClosed = false
    private var isPaused = false
    private var isSuspended = false
    private var accept: ((TCPConnection) -> Void)?
    private static let acceptsPerTurn = 64

    private init(
        loop: EventLoop, fd: Int32, address: SocketAddress, maximumConnections: Int,
        accept: @escaping (TCPConnection) -> Void
    ) {
        self.fd = fd
        self.address = address
        self.maximumConnections = maximumConnections
        self.accept = accept
        super.init(loop: loop)
        loop.register(self)
        _ = squilla_epoll_add(loop.epoll, fd, squilla_epoll_in(), token)
    }

    deinit {
        if !isClosed { Glibc.close(fd) }
    }

    /// Opens a listening socket on the loop. The address of the result holds the port the system chose for port 0.
    /// - Parameters:
    ///   - socket: a descriptor from `open`; its ownership passes to the listener.
    ///   - accept: called on the loop with each new connection; it must set the handler.
    public static func attach(
        _ socket: ListeningSocket, to loop: EventLoop, maximumConnections: Int,
        accept: @escaping (TCPConnection) -> Void
    ) -> Listener {
        Listener(
            loop: loop, fd: socket.fd, address: socket.address, maximumConnections: maximumConnections, accept: accept)
    }

    override func ready(_ events: UInt32) {
        for _ in 0..<Listener.acceptsPerTurn {
            guard !isClosed, acceptOne() else { return }
        }
    }

    private func acceptOne() -> Bool {
        var raw = squilla_address()
        let code = squilla_accept(fd, &raw)
        if code >= 0 {
            guard connectionCount < maximumConnections else {
                refusedCount += 1
                Glibc.close(code)
                return true
            }
            // Whoever reaches a Unix socket is a process of this machine.
            let peer = address.path == nil ? SocketAddress(raw) : SocketAddress.loopback(port: 0)
            let connection = TCPConnection(loop: loop, fd: code, peer: peer, phase: .open)
            connectionCount += 1
            connection.closeHook = { [weak self] _ in self?.connectionClosed() }
            accept?(connection)
            return true
        }
        switch -code {
        case EAGAIN: return false
        case EMFILE, ENFILE, ENOBUFS, ENOMEM:
            // The backlog stays readable; without a pause the loop would spin on it.
            exhaustedCount += 1
            pause()
            setDeadline(afterMilliseconds: 100)
            return false
        default: return true
        }
    }

    private func connectionClosed() { connectionCount -= 1 }

    private func pause() {
        guard !isPaused, !isClosed else { return }
        isPaused = true
        _ = squilla_epoll_modify(loop.epoll, fd, 0, token)
    }

    private func resume() {
        guard isPaused, !isClosed, !isSuspended else { return }
        isPaused = false
        _ = squilla_epoll_modify(loop.epoll, fd, squilla_epoll_in(), token)
    }

    override func deadlinePassed() { resume() }

    /// Accepts nothing for now; who connects waits in the socket's queue, perhaps for another process.
    public func suspend() {
        isSuspended = true
        pause()
    }

    /// Accepts again.
    public func unsuspend() {
        isSuspended = false
        resume()
    }

    /// Stops listening. Connections that the kernel has already completed are accepted first, so that none is reset;
    /// those of a suspended listener are another process's.
    public func close() {
        guard !isClosed else { return }
        if !isSuspended { while acceptOne() {} }
        isClosed = true
        loop.unregister(self)
        squilla_epoll_remove(loop.epoll, fd)
        Glibc.close(fd)
        accept = nil
    }
}
