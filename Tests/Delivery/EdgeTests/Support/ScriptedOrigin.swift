import Runtime
import Synchronization

/// An origin in the test's own process: each connection is a call of `serve` on a thread of its own.
final class ScriptedOrigin: Sendable {
    let port: UInt16
    private let listener: WireSocket
    private let seen = Mutex<[String]>([])
    private let accepted = Mutex(0)

    init(_ serve: @escaping @Sendable (ScriptedOrigin, WireSocket) throws -> Void) {
        let (listener, port) = WireSocket.listen()
        self.listener = listener
        self.port = port
        Thread.start(name: "origin") { [self] in
            while let connection = try? listener.accept() {
                accepted.withLock { $0 += 1 }
                Thread.start(name: "origin-conn") {
                    try? serve(self, connection)
                    connection.close()
                }
            }
        }
    }

    /// Answers every request of every connection with what `answer` makes of its head. Request bodies with a length
    /// are read first.
    convenience init(answer: @escaping @Sendable (String) -> String) {
        self.init { origin, connection in
            while true {
                let head = try origin.request(connection)
                let length = WireResponse(head: head).field("content-length").flatMap { Int($0) } ?? 0
                if length > 0 { _ = try connection.read(length) }
                try connection.send(answer(head))
            }
        }
    }

    deinit { listener.close() }

    func stop() { listener.close() }

    /// Reads a request's head and notes it.
    func request(_ connection: WireSocket) throws -> String {
        let head = try connection.readHead()
        seen.withLock { $0.append(head) }
        return head
    }

    var requests: [String] { seen.withLock { $0 } }
    var connectionCount: Int { accepted.withLock { $0 } }

    /// The same with answers of any bytes.
    convenience init(bytes answer: @escaping @Sendable (String) -> [UInt8]) {
        self.init { origin, connection in
            while true { try connection.send(answer(try origin.request(connection))) }
        }
    }

    static func ok(_ body: [UInt8], _ fields: String = "") -> [UInt8] {
        Array("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\(fields)\r\n".utf8) + body
    }

    static func ok(_ body: String, _ fields: String = "") -> String {
        "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)"
    }
}
