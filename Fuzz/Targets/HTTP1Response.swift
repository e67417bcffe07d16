// modules: HTTPWire
import HTTPWire

/// Responses and their bodies as an origin could send them: whatever the split, the same; and field values through the
/// field parsers.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let whole = Answers(bytes, step: bytes.count)
    for step in [1, 5, 64] {
        precondition(Answers(bytes, step: step).lines == whole.lines, "another split, another meaning")
    }
    return 0
}

struct Answers {
    var lines: [String] = []

    init(_ bytes: [UInt8], step: Int) {
        var parser = ResponseParser(limits: WireLimits(startLineBytes: 200, fieldLineBytes: 300, headBytes: 800))
        var head = ResponseHead()
        var decoder = BodyDecoder(.none, limits: .origin, isLenient: true)
        var body: [UInt8] = []
        var position = 0
        do throws(WireError) {
            while position < bytes.count {
                let input = bytes.span.extracting(position..<min(bytes.count, position + max(1, step)))
                if !decoder.isComplete {
                    let taken = try decoder.decode(input)
                    for index in taken.data { body.append(input[index]) }
                    position += taken.consumed
                    if decoder.isComplete { lines.append("body \(body)") }
                    continue
                }
                let parsed = try parser.parse(input, requestMethod: .get, into: &head)
                position += parsed.consumed
                guard parsed.isComplete else { continue }
                lines.append("\(head.status) \(head.string(head.reason)) \(head.keepsAlive) \(head.framing)")
                for field in head.block.fields {
                    lines.append("\(field.id) \(head.string(field.name)): \(head.string(field.value))")
                }
                readFields(head)
                body = []
                decoder = BodyDecoder(head.framing, limits: .origin, isLenient: true)
            }
            lines.append("open \(body)")
        } catch {
            lines.append("\(error)")
        }
    }

    private func readFields(_ head: ResponseHead) {
        let control = CacheControl(head.block)
        precondition((control.maxAge ?? 0) >= 0 && (control.sharedMaxAge ?? 0) <= DeltaSeconds.maximum)
        _ = VaryList(head.block)
        _ = ConnectionOptions(head.block)
        _ = EntityTag.matches(head.block, .etag, tag: head.block.value(of: .etag), isStrong: false)
        for field in head.block.fields {
            let value = head.slice(field.value)
            if let seconds = HTTPDate.parse(value, now: 1_700_000_000) {
                var out: [UInt8] = []
                HTTPDate.append(seconds, to: &out)
                precondition(HTTPDate.parse(out.span, now: 1_700_000_000) == seconds, "a date that changes")
            }
            if case .parts(let parts) = ByteRanges.select(value, length: 1000, maximumCount: 5) {
                for part in parts { precondition(!part.isEmpty && part.upperBound <= 1000) }
            }
            _ = ByteRanges.contentRange(value)
        }
        var writer = HeadWriter()
        writer.copyFields(of: head.block)
        let lines = HeaderBlock(fieldLines: writer.bytes.span)
        precondition(writer.bytes.isEmpty == lines.fields.isEmpty, "stored fields that can't be read back")
    }
}
