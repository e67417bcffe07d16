import Glibc

/// A blocking TCP socket on the loopback with bounded waits, for scripted clients and origins.
final class WireSocket: @unchecked Sendable {
    struct Closed: Error {}

    private let fd: Int32
    private var buffer: [UInt8] = []
    private var isOpen = true

    private init(fd: Int32, timeoutMilliseconds: Int = 20_000) {
        self.fd = fd
        var time = timeval(tv_sec: timeoutMilliseconds / 1000, tv_usec: timeoutMilliseconds % 1000 * 1000)
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close() }

    static func connect(
        _ port: UInt16, receiveBuffer: Int32? = nil, timeoutMilliseconds: Int = 20_000
    ) throws -> WireSocket {
        let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var size = receiveBuffer { setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, 4) }
        var address = loopback(port)
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else {
            Glibc.close(fd)
            throw Closed()
        }
        return WireSocket(fd: fd, timeoutMilliseconds: timeoutMilliseconds)
    }

    /// A listening socket and its port.
    /// - Parameter isDead: nobody else gets the port, and who connects is refused.
    static func listen(isDead: Bool = false) -> (socket: WireSocket, port: UInt16) {
        let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(fd, $0, length)
                if !isDead { _ = Glibc.listen(fd, 512) }
                _ = getsockname(fd, $0, &length)
            }
        }
        return (WireSocket(fd: fd), UInt16(bigEndian: address.sin_port))
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return address
    }

    func accept() throws -> WireSocket {
        let accepted = Glibc.accept(fd, nil, nil)
        guard accepted >= 0 else { throw Closed() }
        return WireSocket(fd: accepted)
    }

    /// Ends a blocked `accept` of another thread too.
    func close() {
        guard isOpen else { return }
        isOpen = false
        shutdown(fd, Int32(SHUT_RDWR))
        Glibc.close(fd)
    }

    func reset() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        guard isOpen else { return }
        isOpen = false
        Glibc.close(fd)
    }

    func endSending() { shutdown(fd, Int32(SHUT_WR)) }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(fd, $0.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Closed() }
            sent += count
        }
    }

    /// Reads more into the buffer; false at the end, on a reset or when the time is up.
    private func fill() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = recv(fd, &bytes, bytes.count, 0)
        guard count > 0 else { return false }
        buffer += bytes[..<count]
        return true
    }

    /// A head up to and including its empty line.
    func readHead() throws -> String {
        var searched = 0
        while true {
            if buffer.count >= 4 {
                for index in max(0, searched - 3)...(buffer.count - 4)
                where buffer[index] == 13 && buffer[index + 1] == 10 && buffer[index + 2] == 13
                    && buffer[index + 3] == 10
                {
                    defer { buffer.removeFirst(index + 4) }
                    return String(decoding: buffer[..<(index + 4)], as: UTF8.self)
                }
                searched = buffer.count
            }
            guard fill() else { throw Closed() }
        }
    }

    func read(_ count: Int) throws -> [UInt8] {
        while buffer.count < count { guard fill() else { throw Closed() } }
        defer { buffer.removeFirst(count) }
        return Array(buffer[..<count])
    }

    /// Everything until the peer ends.
    func readToEnd() -> [UInt8] {
        while fill() {}
        defer { buffer = [] }
        return buffer
    }

    /// Reads and forgets; returns how many bytes came until the end.
    func drain() -> Int {
        var total = buffer.count
        buffer = []
        var bytes = [UInt8](repeating: 0, count: 262_144)
        while true {
            let count = recv(fd, &bytes, bytes.count, 0)
            if count <= 0 { return total }
            total += count
        }
    }

    /// True when the peer ends or resets without another byte.
    func isEnded() -> Bool { buffer.isEmpty && !fill() }

    /// A chunked body, decoded, and its trailer section.
    func readChunked() throws -> (body: [UInt8], trailers: String) {
        var body: [UInt8] = []
        while true {
            let line = try readLine()
            guard let size = Int(line.prefix { $0 != ";" }, radix: 16) else { throw Closed() }
            if size == 0 { break }
            body += try read(size)
            guard try readLine() == "" else { throw Closed() }
        }
        var trailers = ""
        while true {
            let line = try readLine()
            if line.isEmpty { return (body, trailers) }
            trailers += line + "\n"
        }
    }

    private func readLine() throws -> String {
        while true {
            if let end = buffer.firstIndex(of: 10) {
                defer { buffer.removeFirst(end + 1) }
                return String(decoding: buffer[..<max(0, end - 1)], as: UTF8.self)
            }
            guard fill() else { throw Closed() }
        }
    }
}
