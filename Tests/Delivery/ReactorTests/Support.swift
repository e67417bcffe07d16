import Glibc
import Reactor
import Synchronization

/// Polls until the condition holds; ten seconds at most, so that a loaded machine does not fail a test.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<5_000 {
        if condition() { return true }
        usleep(2_000)
    }
    return condition()
}

/// Runs `body` on the loop and returns its result.
func on<T: Sendable>(_ loop: EventLoop, _ body: @escaping @Sendable () -> T) -> T {
    let result = Mutex<T?>(nil)
    loop.execute {
        let value = body()
        result.withLock { $0 = value }
    }
    while true {
        if let value = result.withLock({ $0 }) { return value }
        usleep(200)
    }
}

/// A loop with a listener on an ephemeral loopback port.
final class Server: Sendable {
    let loop: EventLoop
    let port: UInt16
    let accepted = Mutex<[Recorder]>([])

    init(
        maximumConnections: Int = 1_000, tls: TLSServer? = nil, options: EventLoopOptions = EventLoopOptions(),
        configure: @escaping @Sendable (Recorder) -> Void = { _ in }
    ) throws {
        loop = try EventLoop(name: "server", options: options)
        loop.start()
        let sockets = try ListeningSocket.open(.loopback(port: 0), count: 1)
        port = sockets[0].address.port
        on(loop) {
            _ = Listener.attach(sockets[0], to: self.loop, maximumConnections: maximumConnections) { connection in
                let recorder = Recorder()
                recorder.connection = connection
                configure(recorder)
                connection.setHandler(recorder)
                self.accepted.withLock { $0.append(recorder) }
                if let tls { connection.startTLS(tls) }
            }
        }
    }

    func connect(
        tls: TLSClient? = nil, _ configure: @escaping @Sendable (Recorder) -> Void = { _ in }
    ) -> Recorder {
        let recorder = Recorder()
        configure(recorder)
        let address = SocketAddress.loopback(port: port)
        on(loop) {
            recorder.connection = try? TCPConnection.connect(to: address, on: self.loop, tls: tls, handler: recorder)
        }
        return recorder
    }
}
