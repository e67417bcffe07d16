public import Reactor

/// Serves a `Responder` over UDP and TCP on one loop.
public final class NameService {
    /// What one connection over TCP may do (RFC 7766).
    public struct Limits: Sendable {
        public var maxConnections = 1000
        /// Without a question before the connection is closed.
        public var idleMilliseconds = 10_000

        public init() {}
    }

    private var responder: Responder
    private var rate: AnswerRate
    private let world: Responder.Surroundings
    private let loop: EventLoop
    private let limits: Limits
    private var datagrams: [DatagramListener] = []
    private var listeners: [Listener] = []

    /// On the loop's thread, or before it is started.
    public init(
        _ responder: Responder, rate: AnswerRate, world: Responder.Surroundings, limits: Limits, loop: EventLoop
    ) {
        self.responder = responder
        self.rate = rate
        self.world = world
        self.limits = limits
        self.loop = loop
    }

    public func attach(_ datagrams: DatagramSocket, _ stream: ListeningSocket) {
        self.datagrams.append(
            DatagramListener(datagrams, loop: loop, maximumBytes: 4096) { [unowned self] bytes, from in
                answer(bytes, to: from)
            })
        listeners.append(
            Listener.attach(stream, to: loop, maximumConnections: limits.maxConnections) { [unowned self] connection in
                let handler = StreamHandler(connection, idleMilliseconds: limits.idleMilliseconds) { bytes in
                    let peer = connection.peer
                    return self.responder.answer(bytes, over: .stream, high: peer.high, low: peer.low, self.world)
                }
                connection.setHandler(handler)
            })
    }

    public func replace(_ responder: Responder) { self.responder = responder }

    /// How many answers of each kind were given since the zones were read, in words.
    public var summary: String {
        let counters = responder.counters
        let codes = counters.byCode.sorted { $0.key.rawValue < $1.key.rawValue }
        let answers = codes.map { "\($1) \($0)" }.joined(separator: ", ")
        return """
            answered \(answers.isEmpty ? "nothing" : answers); \(counters.ignored) messages were no questions; \
            \(rate.limited) answers to networks that asked too often were cut or left out
            """
    }

    private func answer(_ bytes: ArraySlice<UInt8>, to from: SocketAddress) -> [UInt8]? {
        switch rate.verdict(high: from.high, low: from.low, now: loop.now) {
        case .answer: responder.answer(bytes, over: .datagram, high: from.high, low: from.low, world)
        case .truncate: responder.truncated(bytes)
        case .drop: nil
        }
    }
}

/// Questions over TCP, each behind its length (RFC 1035, 4.2.2).
private final class StreamHandler: TCPHandler {
    private static let maximumQuestionBytes = 4096
    private let connection: TCPConnection
    private let idleMilliseconds: Int
    private let answer: (ArraySlice<UInt8>) -> [UInt8]?
    private var waiting: [UInt8] = []

    init(_ connection: TCPConnection, idleMilliseconds: Int, answer: @escaping (ArraySlice<UInt8>) -> [UInt8]?) {
        self.connection = connection
        self.idleMilliseconds = idleMilliseconds
        self.answer = answer
        connection.setDeadline(afterMilliseconds: idleMilliseconds)
    }

    func received(_ bytes: Span<UInt8>) {
        for index in bytes.indices { waiting.append(bytes[index]) }
        var start = 0
        while waiting.count - start >= 2 {
            let length = Int(waiting[start]) << 8 | Int(waiting[start + 1])
            guard length <= Self.maximumQuestionBytes else { return connection.close() }
            guard waiting.count - start >= 2 + length else { break }
            guard let text = answer(waiting[start + 2..<start + 2 + length]) else { return connection.close() }
            connection.send { out in
                out.append(UInt8(text.count >> 8))
                out.append(UInt8(text.count & 0xFF))
                out.append(contentsOf: text)
            }
            connection.setDeadline(afterMilliseconds: idleMilliseconds)
            start += 2 + length
            // Who asks and does not read is not answered any further.
            guard !connection.isCongested else { return connection.close() }
        }
        waiting.removeFirst(start)
    }

    func connected() {}
    func receivedEnd() { connection.closeAfterFlush(linger: false) }
    func canSendMore() {}
    func drained() {}
    func deadlinePassed() { connection.close() }
    func closed(_ reason: CloseReason) {}
}
