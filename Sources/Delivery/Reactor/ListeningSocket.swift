import CPlatform
import Glibc

/// A bound, listening socket that no loop serves yet, so that a busy address is reported before anything starts.
public struct ListeningSocket: Sendable {
    let fd: Int32
    /// The bound address with the real port.
    public let address: SocketAddress

    /// Takes over a socket that listens already.
    /// - Parameter address: what it is bound to.
    public init(adopting descriptor: Int32, address: SocketAddress) {
        self.init(fd: descriptor, address: address)
    }

    private init(fd: Int32, address: SocketAddress) {
        self.fd = fd
        self.address = address
    }

    /// For handing it over; not to be closed.
    public var descriptor: Int32 { fd }

    /// One socket for each of `count` loops on the same address (SO_REUSEPORT); port 0 lets the system choose.
    /// - Parameters:
    ///   - unixMode: permissions of a Unix socket's file: who may write to it may connect.
    ///   - isShared: others of our sockets listen there already.
    /// - Throws: `SystemError` with EADDRINUSE when another process listens there.
    public static func open(
        _ address: SocketAddress, count: Int, backlog: Int = 1024, unixMode: Int32 = 0o660, isShared: Bool = false
    ) throws(SystemError) -> [ListeningSocket] {
        if let path = address.path {
            let fd = squilla_listen_unix(path, unixMode, Int32(backlog))
            guard fd >= 0 else { throw SystemError(code: -fd, operation: "listen on \(address)") }
            return try shared(fd, address, count: count)
        }
        if address.port != 0, !isShared {
            // SO_REUSEPORT would let two processes share the address silently.
            var raw = address.raw
            let code = squilla_probe_bind(&raw)
            if code < 0 { throw SystemError(code: -code, operation: "listen on \(address)") }
        }
        var sockets: [ListeningSocket] = []
        var bound = address
        for _ in 0..<max(1, count) {
            var raw = bound.raw
            let fd = squilla_listen(&raw, Int32(backlog))
            guard fd >= 0 else {
                for socket in sockets { socket.close() }
                throw SystemError(code: -fd, operation: "listen on \(address)")
            }
            var local = squilla_address()
            if squilla_local_address(fd, &local) == 0 { bound = SocketAddress(local) }
            sockets.append(ListeningSocket(fd: fd, address: bound))
        }
        return sockets
    }

    /// One socket that all loops accept from.
    private static func shared(
        _ fd: Int32, _ address: SocketAddress, count: Int
    ) throws(SystemError) -> [ListeningSocket] {
        var sockets = [ListeningSocket(fd: fd, address: address)]
        for _ in 1..<max(1, count) {
            let copy = fcntl(fd, F_DUPFD_CLOEXEC, 0)
            guard copy >= 0 else {
                let code = errno
                for socket in sockets { socket.close() }
                throw SystemError(code: code, operation: "listen on \(address)")
            }
            sockets.append(ListeningSocket(fd: copy, address: address))
        }
        return sockets
    }

    /// Further descriptors of a socket, for other loops that accept from it.
    public func copies(_ count: Int) throws(SystemError) -> [ListeningSocket] {
        let all = try ListeningSocket.shared(fd, address, count: count + 1)
        return Array(all.dropFirst())
    }

    /// Takes away the file of a Unix socket that nobody listens on any more.
    public static func removeFile(of address: SocketAddress) {
        if let path = address.path, !path.hasPrefix("@") { unlink(path) }
    }

    /// For a socket that was never attached.
    public func close() { Glibc.close(fd) }
}
