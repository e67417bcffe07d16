import HTTPWire

/// Frames by hand.
enum Frames {
    static let settings = frame(4, 0, 0, [])

    static func frame(_ type: UInt8, _ flags: UInt8, _ stream: Int32, _ payload: [UInt8]) -> [UInt8] {
        let size = payload.count
        let number = UInt32(bitPattern: stream)
        return [UInt8(size >> 16), UInt8(size >> 8 & 255), UInt8(size & 255), type, flags]
            + (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * UInt32($0))) } + payload
    }

    static func headers(_ stream: Int32, _ block: [UInt8], ends: Bool) -> [UInt8] {
        frame(1, ends ? 5 : 4, stream, block)
    }

    static func goAway(last: Int32, code: UInt8) -> [UInt8] {
        frame(7, 0, 0, [0, 0, 0, UInt8(last), 0, 0, 0, code])
    }
}

/// Hears a client's session and keeps what it says.
final class TestClient: HTTP2ClientHandler {
    struct Answer {
        var interim: [Int] = []
        var status = 0
        var framing = BodyFraming.none
        var fields: [String] = []
        var body = ""
        var isComplete = false
        var end: HTTP2StreamEnd?
    }

    private(set) lazy var session = HTTP2ClientSession(handler: self, limits: limits, wire: .origin, now: 0)
    private let limits: HTTP2ClientLimits
    var answers: [Int32: Answer] = [:]
    var out: [UInt8] = []
    var paused: Set<Int32> = []
    var settings = 0
    var goodbyes: [UInt32] = []
    private var uploads: [Int32: (bytes: [UInt8], trailers: HeaderBlock?)] = [:]

    init(_ limits: HTTP2ClientLimits = HTTP2ClientLimits()) { self.limits = limits }

    func request(_ head: String, _ method: Method = .get, hasBody: Bool = false) -> Int32? {
        let bytes = Array(head.utf8)
        return session.request(bytes.span, method: method, isSecure: false, hasBody: hasBody)
    }

    func upload(_ stream: Int32, _ text: String, trailers: HeaderBlock? = nil) {
        uploads[stream, default: ([], nil)].bytes += Array(text.utf8)
        uploads[stream]?.trailers = trailers
        session.bodyGrew(stream)
    }

    func feed(_ bytes: [UInt8]) -> Bool { session.receive(bytes.span, now: 0) }

    func responseReceived(_ stream: Int32, _ head: ResponseHead) {
        if head.isInterim {
            answers[stream, default: Answer()].interim.append(head.status)
            return
        }
        answers[stream, default: Answer()].status = head.status
        answers[stream]?.framing = head.framing
        answers[stream]?.fields = head.block.fields.map { "\(head.string($0.name)): \(head.string($0.value))" }
    }

    func bodyReceived(_ stream: Int32, _ bytes: Span<UInt8>) {
        answers[stream]?.body += bytes.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        if !paused.contains(stream) { session.consumed(stream, bytes.count) }
    }

    func responseEnded(_ stream: Int32, trailers: HeaderBlock) { answers[stream]?.isComplete = true }

    func streamClosed(_ stream: Int32, _ end: HTTP2StreamEnd) { answers[stream, default: Answer()].end = end }

    func settingsReceived() { settings += 1 }

    func goingAway(code: UInt32) { goodbyes.append(code) }

    func bodyAvailable(_ stream: Int32, limit: Int) -> (count: Int, end: HTTP2BodyEnd) {
        guard let upload = uploads[stream] else { return (0, .goesOn) }
        let count = min(limit, upload.bytes.count)
        guard count == upload.bytes.count, let trailers = upload.trailers else { return (count, .goesOn) }
        return (count, .endsWithTrailers(trailers))
    }

    func sendData(_ stream: Int32, frameHead: Span<UInt8>, count: Int) {
        send(frameHead)
        out += uploads[stream]?.bytes.prefix(count) ?? []
        uploads[stream]?.bytes.removeFirst(count)
    }

    func send(_ bytes: Span<UInt8>) { bytes.withUnsafeBufferPointer { out += $0 } }

    var canSend: Bool { true }
}

/// A server that answers when it is told to.
final class TestServer: HTTP2Handler {
    private(set) lazy var session = HTTP2Session(handler: self, limits: limits, wire: .client, now: 0)
    private let limits: HTTP2Limits
    var requests: [Int32: [String]] = [:]
    var bodies: [Int32: String] = [:]
    var trailers: [Int32: String] = [:]
    var out: [UInt8] = []
    private var answers: [Int32: [UInt8]] = [:]

    init(_ limits: HTTP2Limits) { self.limits = limits }

    func respond(_ stream: Int32, _ head: String, _ body: String) {
        answers[stream] = Array(body.utf8)
        let bytes = Array(head.utf8)
        session.respond(stream, head: bytes.span, hasBody: !body.isEmpty)
    }

    func requestReceived(_ stream: Int32, _ head: inout RequestHead, error: WireError?, isComplete: Bool) {
        let start = [head.methodRange, head.originTarget].map { head.string($0) }
        requests[stream] = start + head.block.fields.map { "\(head.string($0.name)): \(head.string($0.value))" }
    }

    func bodyReceived(_ stream: Int32, _ bytes: Span<UInt8>) {
        bodies[stream, default: ""] += bytes.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        session.consumed(stream, bytes.count)
    }

    func requestEnded(_ stream: Int32, trailers: HeaderBlock) {
        self.trailers[stream] = trailers.string(named: "x-sum")
    }

    func streamClosed(_ stream: Int32, code: UInt32) {}

    func bodyAvailable(_ stream: Int32, limit: Int) -> (count: Int, end: HTTP2BodyEnd) {
        let left = answers[stream]?.count ?? 0
        return left <= limit ? (left, .ends) : (limit, .goesOn)
    }

    func sendData(_ stream: Int32, frameHead: Span<UInt8>, count: Int) {
        send(frameHead)
        out += answers[stream]?.prefix(count) ?? []
        answers[stream]?.removeFirst(count)
    }

    func send(_ bytes: Span<UInt8>) { bytes.withUnsafeBufferPointer { out += $0 } }

    var canSend: Bool { out.count < 1 << 20 }
}

/// Both sides of a connection in memory.
struct SessionPair {
    let client: TestClient
    let server: TestServer

    init(
        _ change: (inout HTTP2ClientLimits) -> Void = { _ in },
        server changeServer: (inout HTTP2Limits) -> Void = { _ in }
    ) {
        var limits = HTTP2ClientLimits()
        change(&limits)
        client = TestClient(limits)
        var serverLimits = HTTP2Limits()
        changeServer(&serverLimits)
        server = TestServer(serverLimits)
    }

    /// Until neither has anything to say.
    func run() {
        for _ in 0..<10_000 {
            client.session.flush()
            server.session.flush()
            if client.out.isEmpty, server.out.isEmpty { return }
            let up = client.out
            let down = server.out
            client.out = []
            server.out = []
            if !up.isEmpty { _ = server.session.receive(up.span, now: 0) }
            if !down.isEmpty { _ = client.session.receive(down.span, now: 0) }
        }
    }
}
