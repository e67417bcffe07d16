@testable import HTTPWire

/// Frames by hand.
enum Frames {
    static let settings = frame(4, 0, 0, [])
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    static func frame(_ type: UInt8, _ flags: UInt8, _ stream: Int32, _ payload: [UInt8]) -> [UInt8] {
        let size = payload.count
        let number = UInt32(bitPattern: stream)
        return [UInt8(size >> 16), UInt8(size >> 8 & 255), UInt8(size & 255), type, flags]
            + (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * UInt32($0))) } + payload
    }

    struct Frame: Equatable {
        var kind: UInt8
        var flags: UInt8
        var stream: Int32
        var payload: [UInt8]
    }

    static func parse(_ bytes: [UInt8]) -> [Frame] {
        var frames: [Frame] = []
        var rest = bytes[...]
        while rest.count >= 9 {
            let head = Array(rest.prefix(9))
            let size = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
            let stream = head[5...].reduce(Int32(0)) { $0 << 8 | Int32($1) }
            let payload = Array(rest.dropFirst(9).prefix(size))
            frames.append(Frame(kind: head[3], flags: head[4], stream: stream, payload: payload))
            rest = rest.dropFirst(9 + size)
        }
        return frames
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

    func request(
        _ head: String, _ method: Method = .get, takesTrailers: Bool = false, hasBody: Bool = false
    ) -> Int32? {
        let bytes = Array(head.utf8)
        return session.request(
            bytes.span, method: method, isSecure: false, takesTrailers: takesTrailers, hasBody: hasBody)
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

/// A server that answers when it is told to. Streams are named by their numbers here.
final class TestServer {
    var session: HTTP2Session
    var requests: [Int32: [String]] = [:]
    var errors: [Int32: WireError] = [:]
    var bodies: [Int32: String] = [:]
    var trailers: [Int32: String] = [:]
    var ended: Set<Int32> = []
    var closed: [Int32: UInt32] = [:]
    var out: [UInt8] = []
    /// Does not say that bodies are used up.
    var isPaused = false
    private var slots: [Int32: Int] = [:]
    private var numbers: [Int: Int32] = [:]
    private var answers: [Int32: [UInt8]] = [:]

    init(_ limits: HTTP2Limits = HTTP2Limits(), wire: WireLimits = .client) {
        session = HTTP2Session(limits: limits, wire: wire, now: 0)
    }

    var isFinished: Bool { session.isFinished }
    var streamCount: Int { session.streamCount }
    var slotCount: Int { session.streams.slots.count }

    func respond(_ stream: Int32, _ head: String, _ body: String) {
        guard let slot = slots[stream] else { return }
        let bytes = Array(head.utf8)
        session.respond(slot, head: bytes.span, ends: body.isEmpty)
        if body.isEmpty { return finish(stream) }
        answers[stream] = Array(body.utf8)
        session.requestTurn(slot)
    }

    func interim(_ stream: Int32, _ head: String) {
        let bytes = Array(head.utf8)
        if let slot = slots[stream] { session.respond(slot, head: bytes.span, ends: false) }
    }

    func finish(_ stream: Int32, trailers: HeaderBlock) {
        guard let slot = slots[stream] else { return }
        session.sendTrailers(slot, trailers)
        finish(stream)
    }

    func reset(_ stream: Int32, code: HTTP2Code) {
        guard let slot = slots[stream] else { return }
        session.reset(slot, code: code)
        forget(stream)
    }

    func consumed(_ stream: Int32, _ count: Int) {
        if let slot = slots[stream] { session.consumed(slot, count) }
    }

    private func finish(_ stream: Int32) {
        if let slot = slots[stream] { session.finish(slot) }
        forget(stream)
    }

    private func forget(_ stream: Int32) {
        if let slot = slots.removeValue(forKey: stream) { numbers[slot] = nil }
        answers[stream] = nil
    }

    /// Returns false when the connection can't go on.
    @discardableResult
    func feed(_ bytes: [UInt8], now: Int64 = 0) -> Bool {
        var position = 0
        while true {
            switch session.next(bytes.span, &position, now: now) {
            case .nothing: return true
            case .failed: return false
            case .request(let slot, let stream, let isComplete): begin(slot, stream, isComplete)
            case .body(let slot, let range, let ends):
                guard let stream = numbers[slot] else { continue }
                bodies[stream, default: ""] += String(decoding: bytes[range], as: UTF8.self)
                if !isPaused { session.consumed(slot, range.count) }
                if ends { ended.insert(stream) }
            case .ended(let slot):
                guard let stream = numbers[slot] else { continue }
                trailers[stream] = session.takeTrailers().string(named: "x-sum")
                ended.insert(stream)
            case .closed(let slot, let code):
                guard let stream = numbers[slot] else { continue }
                closed[stream] = code
                forget(stream)
            }
        }
    }

    private func begin(_ slot: Int, _ stream: Int32, _ isComplete: Bool) {
        slots[stream] = slot
        numbers[slot] = stream
        var head = RequestHead()
        errors[stream] = session.takeHead(&head)
        let start = [head.methodRange, head.originTarget].map { head.string($0) }
        requests[stream] = start + head.block.fields.map { "\(head.string($0.name)): \(head.string($0.value))" }
        if isComplete { ended.insert(stream) }
    }

    /// Makes frames until windows or answers end.
    func flush() {
        while out.count + session.output.count < 1 << 20, let turn = session.nextTurn() {
            guard let stream = numbers[turn.slot] else { return }
            let body = answers[stream] ?? []
            let count = min(turn.limit, body.count)
            let ends = count == body.count
            session.sendData(turn.slot, count: count, ends: ends, goesOn: !ends)
            session.output += body[..<count]
            answers[stream] = Array(body[count...])
            if ends { finish(stream) }
        }
        out += session.output
        session.output = []
    }

    /// What it has to say now, as frames.
    func frames() -> [Frames.Frame] {
        flush()
        defer { out = [] }
        return Frames.parse(out)
    }
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
            server.flush()
            if client.out.isEmpty, server.out.isEmpty { return }
            let up = client.out
            let down = server.out
            client.out = []
            server.out = []
            if !up.isEmpty { server.feed(up) }
            if !down.isEmpty { _ = client.session.receive(down.span, now: 0) }
        }
    }
}
