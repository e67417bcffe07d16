import Glibc

/// A TCP connection for the command line: blocking, one thread, bounded waits.
final class BlockingSocket {
    private let descriptor: Int32

    /// - Throws: `Failure` naming the address and the system's reason.
    init(host: String, port: Int, connectTimeoutMilliseconds: Int = 3000) throws {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, "\(port)", &hints, &found)
        guard code == 0 else { throw Failure("\(host): \(String(cString: gai_strerror(code)))") }
        defer { freeaddrinfo(found) }
        var reason: Int32 = ECONNREFUSED
        var candidate = found
        while let address = candidate {
            let attempt = socket(
                address.pointee.ai_family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            var timeout = timeval(
                tv_sec: connectTimeoutMilliseconds / 1000, tv_usec: connectTimeoutMilliseconds % 1000 * 1000)
            setsockopt(attempt, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
            if connect(attempt, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0 {
                descriptor = attempt
                return
            }
            reason = errno
            close(attempt)
            candidate = address.pointee.ai_next
        }
        throw Failure("cannot reach \(host):\(port): \(String(cString: strerror(reason)))")
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw Failure("the connection broke while sending: \(String(cString: strerror(errno)))")
            }
            sent += count
        }
    }

    /// The next bytes; empty at the peer's end.
    func receive(upTo limit: Int = 65_536) throws -> [UInt8] {
        while true {
            var failure: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
                let received = recv(descriptor, buffer.baseAddress, limit, 0)
                if received < 0 { failure = errno }
                count = max(0, received)
            }
            if failure == 0 { return bytes }
            if failure != EINTR { throw Failure("the connection broke: \(String(cString: strerror(failure)))") }
        }
    }
}
