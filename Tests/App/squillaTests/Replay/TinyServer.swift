import Glibc
import Runtime
import Synchronization

/// A server that answers every request with five bytes; a thread for each connection.
final class TinyServer: Sendable {
    let port: UInt16
    private let listener: Int32
    private let accepted = Atomic<Int>(0)

    struct Failure: Error {}

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(listener, generic, length) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, generic, &length) == 0
            }
        }
        guard bound else { throw Failure() }
        self.listener = listener
        port = UInt16(bigEndian: address.sin_port)
        Thread.start(name: "tiny-server") { self.serve() }
    }

    var connections: Int { accepted.load(ordering: .relaxed) }

    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func serve() {
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { break }
            accepted.add(1, ordering: .relaxed)
            Thread.start(name: "tiny-client") { Self.answer(connection) }
        }
        close(listener)
    }

    private static func answer(_ connection: Int32) {
        defer { close(connection) }
        let response = Array("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello".utf8)
        var buffer = [UInt8](repeating: 0, count: 4096)
        var tail: [UInt8] = []
        while true {
            let count = buffer.withUnsafeMutableBytes { recv(connection, $0.baseAddress, $0.count, 0) }
            guard count > 0 else { return }
            tail += buffer[..<count]
            while let end = tail.firstRange(of: Array("\r\n\r\n".utf8)) {
                tail.removeSubrange(..<end.upperBound)
                _ = response.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            }
        }
    }
}
