import CPlatform
import Glibc

/// A bound, listening socket that no loop serves yet, so that a busy address is reported before anything starts.
public struct ListeningSocket: Sendable {
    let fd: Int32
    /// The bound address with the real port.
    public let address: SocketAddress

    /// One socket for each of `count` loops on the same address (SO_REUSEPORT); port 0 lets the system choose.
    /// - Parameter unixMode: permissions of a Unix socket's file: who may write to it may connect.
    /// - Throws: `SystemError` with EADDRINUSE when another process listens there.
    public static func open(
        _ address: SocketAddress, count: Int, backlog: Int = 1024, unixMode: Int32 = 0o660
    ) throws(SystemError) -> [ListeningSocket] {
        if let path = address.path {
            let fd = squilla_listen_unix(path, unixMode, Int32(backlog))
            guard fd >= 0 else { throw SystemError(code: -fd, operation: "listen on \(address)") }
            return try shared(fd, address, count: count)
        }
        if address.port != 0 {
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

    /// Takes away the file of a Unix socket that nobody listens on any more.
    public static func removeFile(of address: SocketAddress) {
        if let path = address.path, !path.hasPrefix("@") { unlink(path) }
    }

    /// For a socket that was never attached.
    public func close() { Glibc.close(fd) }
}
