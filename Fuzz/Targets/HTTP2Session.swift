// modules: HTTPWire
import HTTPWire

/// A client's bytes after the preface of HTTP/2: never a crash, every request's head reads like one of HTTP/1.1 again,
/// and no stream gets more than its window.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0".utf8)
    let input = bytes + Array(UnsafeBufferPointer(start: start, count: count))
    for step in [input.count, 7] {
        let peer = Peer()
        var position = 0
        var now: Int64 = 0
        while position < input.count {
            let end = min(input.count, position + step)
            guard peer.session.receive(input.span.extracting(position..<end), now: now) else { break }
            peer.session.flush()
            position = end
            now += 1_000_000
        }
    }
    return 0
}

/// Answers each request with a short body, and every third with trailers.
final class Peer: HTTP2Handler {
    private(set) lazy var session = HTTP2Session(
        handler: self, limits: HTTP2Limits(), wire: WireLimits(headBytes: 4096), now: 0)
    private var held: [Int32: Int] = [:]
    private var left: [Int32: Int] = [:]
    private static let head: [UInt8] = Array("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n".utf8)

    func requestReceived(_ stream: Int32, _ head: inout RequestHead, error: WireError?, isComplete: Bool) {
        if error == nil { check(head) }
        left[stream] = 100
        session.respond(stream, head: Peer.head.span, hasBody: stream % 2 == 1)
    }

    func bodyReceived(_ stream: Int32, _ bytes: Span<UInt8>) {
        held[stream, default: 0] += bytes.count
        precondition(held[stream, default: 0] <= window, "more than the window")
    }

    private var window: Int { HTTP2Limits().streamWindowBytes }

    func requestEnded(_ stream: Int32, trailers: HeaderBlock) {
        session.consumed(stream, held.removeValue(forKey: stream) ?? 0)
    }

    func streamClosed(_ stream: Int32, code: UInt32) {
        held[stream] = nil
        left[stream] = nil
    }

    func bodyAvailable(_ stream: Int32, limit: Int) -> (count: Int, end: HTTP2BodyEnd) {
        let count = min(limit, left[stream] ?? 0)
        left[stream, default: count] -= count
        guard left[stream] == 0 else { return (count, .goesOn) }
        guard stream % 3 == 0 else { return (count, .ends) }
        var trailers = HeaderBlock()
        trailers.append("x-sum", "1")
        return (count, .endsWithTrailers(trailers))
    }

    func sendData(_ stream: Int32, frameHead: Span<UInt8>, count: Int) {}
    func send(_ bytes: Span<UInt8>) {}
    var canSend: Bool { true }

    /// What is sent to an origin must read the same there.
    private func check(_ head: RequestHead) {
        guard head.targetForm == .origin, head.method != .connect else { return }
        var writer = HeadWriter()
        writer.requestLine(method: head.slice(head.methodRange), target: head.slice(head.originTarget))
        writer.copyFields(of: head.block, except: [.host, .contentLength, .expect])
        writer.field("Host", "a")
        writer.endHead()
        var parser = RequestParser(limits: WireLimits(startLineBytes: 10_000, headBytes: 100_000, fieldCount: 1000))
        var next = RequestHead()
        do throws(WireError) {
            let step = try parser.parse(writer.bytes.span, into: &next)
            precondition(step.isComplete && step.consumed == writer.bytes.count, "a head that does not end")
            precondition(next.framing == .none, "a body was smuggled")
        } catch {
            preconditionFailure("our own head is refused: \(error)")
        }
    }
}
