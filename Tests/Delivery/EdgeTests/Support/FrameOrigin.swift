import Runtime
import Synchronization

/// An origin that speaks HTTP/2 frame by frame, also where it must not. Each connection is a call of `serve` on a thread
/// of its own, after the preface.
final class FrameOrigin: Sendable {
    let port: UInt16
    private let listener: WireSocket
    private let accepted = Mutex(0)
    private let broken = Mutex(0)

    init(
        settings: [(UInt16, UInt32)] = [], _ serve: @escaping @Sendable (FrameClient, _ connection: Int) throws -> Void
    ) {
        let (listener, port) = WireSocket.listen()
        self.listener = listener
        self.port = port
        Thread.start(name: "origin") { [self] in
            while let socket = try? listener.accept() {
                let number = accepted.withLock { count in
                    count += 1
                    return count
                }
                Thread.start(name: "origin-conn") { [self] in
                    do {
                        try serve(try FrameClient(serving: socket, settings: settings), number)
                    } catch {
                        broken.withLock { $0 += 1 }
                    }
                    socket.close()
                }
            }
        }
    }

    deinit { listener.close() }

    var connectionCount: Int { accepted.withLock { $0 } }
    /// Connections that ended while they were served.
    var endedCount: Int { broken.withLock { $0 } }
}

extension FrameClient {
    /// The next request: its stream, and whether it ends with its head.
    func nextRequest() throws -> (stream: Int, ends: Bool) {
        while true {
            let frame = try next()
            if frame.type == Kind.headers { return (frame.stream, frame.endsStream) }
        }
    }

    /// `:status: 200` and a body.
    func answer(_ stream: Int, _ body: String) throws {
        try send(Kind.headers, flags: 4, stream: stream, payload: [0x88])
        try data(stream, Array(body.utf8), ends: true)
    }
}
