// modules: HTTPWire
@testable import HTTPWire

/// A client's bytes after the preface of HTTP/2: never a crash, the same meaning at every split, every request's head
/// reads like one of HTTP/1.1 again, no stream gets more than its window, and none is heard of after its end.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0".utf8)
    let input = bytes + Array(UnsafeBufferPointer(start: start, count: count))
    let whole = Peer()
    whole.feed(input, step: input.count)
    for step in [1, 7] {
        let peer = Peer()
        peer.feed(input, step: step)
        precondition(peer.story == whole.story, "another split, another meaning")
    }
    return 0
}

/// Answers each request with a short body, and every third with trailers.
final class Peer {
    private var session = HTTP2Session(limits: HTTP2Limits(), wire: WireLimits(headBytes: 4096), now: 0)
    /// By slot; nil for one that is free.
    private var open: [Stream?] = []
    /// What was heard of requests, for the comparison.
    private(set) var story: [String] = []
    private static let head: [UInt8] = Array("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n".utf8)

    private struct Stream {
        var number: Int32
        var held = 0
        var left = 100
        var body: [UInt8] = []
    }

    func feed(_ input: [UInt8], step: Int) {
        var start = 0
        while start < input.count {
            let end = min(input.count, start + step)
            let piece = Array(input[start..<end])
            start = end
            guard take(piece) else { break }
        }
        // Only now, so that answers come at the same time at every split.
        sendBodies()
        precondition(session.streamCount == open.filter { $0 != nil }.count, "streams are lost")
    }

    private func take(_ piece: [UInt8]) -> Bool {
        var position = 0
        while true {
            switch session.next(piece.span, &position, now: 0) {
            case .nothing:
                precondition(position == piece.count, "bytes are left over")
                return true
            case .failed: return false
            case .request(let slot, let number, let isComplete): begin(slot, number, isComplete)
            case .body(let slot, let range, let ends): received(slot, piece[range], ends)
            case .ended(let slot):
                _ = session.takeTrailers()
                story.append("\(stream(slot).number) ends: \(stream(slot).body)")
            case .closed(let slot, let code):
                story.append("\(stream(slot).number) closed: \(code)")
                open[slot] = nil
            }
        }
    }

    private func stream(_ slot: Int) -> Stream {
        guard slot < open.count, let stream = open[slot] else { preconditionFailure("a stream that is over") }
        return stream
    }

    private func begin(_ slot: Int, _ number: Int32, _ isComplete: Bool) {
        while open.count <= slot { open.append(nil) }
        precondition(open[slot] == nil, "a slot that is in use")
        open[slot] = Stream(number: number)
        var head = RequestHead()
        let error = session.takeHead(&head)
        if error == nil { check(head) }
        story.append(
            "\(stream(slot).number) begins: \(isComplete) \(head.string(head.target)) \(error?.description ?? "")")
        session.respond(slot, head: Peer.head.span, ends: false)
    }

    private func received(_ slot: Int, _ bytes: ArraySlice<UInt8>, _ ends: Bool) {
        var state = stream(slot)
        state.held += bytes.count
        precondition(state.held <= max(65_535, HTTP2Limits().streamWindowBytes), "more than the window")
        state.body += bytes
        if state.body.count % 3 == 0 {
            session.consumed(slot, state.held)
            state.held = 0
        }
        if ends { story.append("\(state.number) ends: \(state.body)") }
        open[slot] = state
    }

    private func sendBodies() {
        for slot in open.indices where open[slot] != nil { session.requestTurn(slot) }
        while let turn = session.nextTurn() {
            var state = stream(turn.slot)
            let count = min(turn.limit, state.left)
            precondition(count > 0, "a turn for nothing")
            state.left -= count
            open[turn.slot] = state
            let hasTrailers = state.number % 3 == 0
            let isOver = state.left == 0
            session.sendData(turn.slot, count: count, ends: isOver && !hasTrailers, goesOn: !isOver)
            guard isOver else { continue }
            if hasTrailers {
                var trailers = HeaderBlock()
                trailers.append("x-sum", "1")
                session.sendTrailers(turn.slot, trailers)
            }
            session.finish(turn.slot)
            open[turn.slot] = nil
        }
    }

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
