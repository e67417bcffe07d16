// modules: HTTPWire
import HTTPWire

/// Requests and their bodies as a client could send them: whatever the split, the same heads, the same data, the same
/// refusal; and what is accepted stands in bounds.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let whole = Conversation(bytes, step: bytes.count)
    for step in [1, 3, 64] {
        let cut = Conversation(bytes, step: step)
        precondition(cut.lines == whole.lines, "another split, another meaning")
    }
    return 0
}

/// What a connection's bytes mean.
struct Conversation {
    var lines: [String] = []

    init(_ bytes: [UInt8], step: Int) {
        var parser = RequestParser(limits: WireLimits(startLineBytes: 200, fieldLineBytes: 300, headBytes: 800))
        var head = RequestHead()
        var decoder = BodyDecoder(.none, limits: .client, isLenient: false)
        var body: [UInt8] = []
        var position = 0
        do throws(WireError) {
            while position < bytes.count {
                let input = bytes.span.extracting(position..<min(bytes.count, position + max(1, step)))
                if !decoder.isComplete {
                    let taken = try decoder.decode(input)
                    for index in taken.data { body.append(input[index]) }
                    position += taken.consumed
                    if decoder.isComplete { lines.append("body \(body) \(decoder.trailers.fields.count)") }
                    continue
                }
                let parsed = try parser.parse(input, into: &head)
                position += parsed.consumed
                guard parsed.isComplete else { continue }
                describe(head)
                body = []
                decoder = BodyDecoder(head.framing, limits: .client, isLenient: false)
            }
            lines.append("open \(body)")
        } catch {
            lines.append("\(error)")
        }
    }

    private mutating func describe(_ head: RequestHead) {
        lines.append("\(head.method) \(head.string(head.methodRange)) \(head.string(head.originTarget))")
        lines.append("\(head.string(head.host)) \(String(describing: head.port)) \(head.keepsAlive) \(head.framing)")
        precondition(!head.host.isEmpty || head.minorVersion == 0 || head.targetForm == .asterisk)
        for field in head.block.fields {
            precondition(field.nameLength > 0)
            lines.append("\(field.id) \(head.string(field.name)): \(head.string(field.value))")
            for octet in head.block.bytes[field.value.range] {
                precondition(octet >= 0x20 || octet == 0x09, "a control in a value")
            }
        }
        writeOn(head)
    }

    /// What is sent to the next hop must read the same there.
    private func writeOn(_ head: RequestHead) {
        var writer = HeadWriter()
        writer.requestLine(method: head.slice(head.methodRange), target: head.slice(head.originTarget))
        writer.copyFields(of: head.block, except: [.host, .contentLength, .expect])
        writer.field("Host", "a")
        writer.endHead()
        guard head.targetForm != .asterisk, head.method != .connect else { return }
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
