// modules: HTTPWire
import HTTPWire

/// What a server sends over HTTP/2: never a crash, heads that can be written again as ones of HTTP/1.1, no stream gets
/// more than its window, and none is heard of after its end.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let input: [UInt8] = [0, 0, 0, 4, 0, 0, 0, 0, 0] + Array(UnsafeBufferPointer(start: start, count: count))
    for step in [input.count, 7] {
        let peer = Peer()
        peer.ask()
        var position = 0
        var now: Int64 = 0
        while position < input.count {
            let end = min(input.count, position + step)
            guard peer.session.receive(input.span.extracting(position..<end), now: now) else { break }
            peer.session.flush()
            position = end
            now += 1_000_000
        }
        peer.session.end()
        peer.session.flush()
    }
    return 0
}

/// Asks for three things, one of them with a body; uses up what comes for every other stream at once.
final class Peer: HTTP2ClientHandler {
    private(set) lazy var session = HTTP2ClientSession(
        handler: self, limits: HTTP2ClientLimits(), wire: WireLimits(headBytes: 4096), now: 0)
    private var held: [Int32: Int] = [:]
    private var left = 5_000
    private var open: Set<Int32> = []
    private var responded: Set<Int32> = []

    func ask() {
        for method in [Method.get, .head, .post] {
            let name = method == .head ? "HEAD" : method == .get ? "GET" : "POST"
            let head = Array("\(name) /a HTTP/1.1\r\nHost: a\r\nX-A: b\r\n\r\n".utf8)
            if let stream = session.request(head.span, method: method, isSecure: true, hasBody: method == .post) {
                open.insert(stream)
            }
        }
        session.flush()
    }

    func responseReceived(_ stream: Int32, _ head: ResponseHead) {
        precondition(open.contains(stream), "a response to nobody")
        precondition(head.isInterim || responded.insert(stream).inserted, "two responses to one request")
        check(head)
    }

    func bodyReceived(_ stream: Int32, _ bytes: Span<UInt8>) {
        precondition(responded.contains(stream), "a body without a head")
        held[stream, default: 0] += bytes.count
        precondition(held[stream, default: 0] <= HTTP2ClientLimits().streamWindowBytes, "more than the window")
        if stream % 4 == 1 { session.consumed(stream, held.removeValue(forKey: stream) ?? 0) }
    }

    func responseEnded(_ stream: Int32, trailers: HeaderBlock) {
        precondition(responded.contains(stream), "an end without a head")
    }

    func streamClosed(_ stream: Int32, _ end: HTTP2StreamEnd) {
        precondition(open.remove(stream) != nil, "a stream ends twice")
    }

    func settingsReceived() { precondition(session.maximumStreams <= 100, "more than our own limit") }

    func goingAway(code: UInt32) {}

    func bodyAvailable(_ stream: Int32, limit: Int) -> (count: Int, end: HTTP2BodyEnd) {
        let count = min(limit, left)
        return (count, count == left ? .ends : .goesOn)
    }

    func sendData(_ stream: Int32, frameHead: Span<UInt8>, count: Int) { left -= count }
    func send(_ bytes: Span<UInt8>) {}
    var canSend: Bool { true }

    /// What a client gets must read the same there.
    private func check(_ head: ResponseHead) {
        var writer = HeadWriter()
        writer.statusLine(head.status)
        writer.copyFields(of: head.block, except: [.contentLength])
        writer.endHead()
        var parser = ResponseParser(limits: WireLimits(headBytes: 100_000, fieldCount: 1000))
        var next = ResponseHead()
        do throws(WireError) {
            let step = try parser.parse(writer.bytes.span, requestMethod: .get, into: &next)
            precondition(step.isComplete && step.consumed == writer.bytes.count, "a head that does not end")
            precondition(next.status == head.status, "another status")
        } catch {
            preconditionFailure("our own head is refused: \(error)")
        }
    }
}
