import HTTPWire
import Testing

/// Parses one request given in pieces. Returns the head and the number of bytes used.
func parseRequest(_ pieces: [[UInt8]], limits: WireLimits = .client) throws -> (head: RequestHead, used: Int)? {
    var parser = RequestParser(limits: limits)
    var head = RequestHead()
    var used = 0
    for piece in pieces {
        let step = try parser.parse(piece.span, into: &head)
        used += step.consumed
        if step.isComplete { return (head, used) }
        #expect(step.consumed == piece.count)
    }
    return nil
}

func parseRequest(_ text: String, limits: WireLimits = .client) throws -> RequestHead? {
    try parseRequest([Array(text.utf8)], limits: limits)?.head
}

func parseResponse(
    _ pieces: [[UInt8]], method: Method = .get, limits: WireLimits = .origin
) throws -> (head: ResponseHead, used: Int)? {
    var parser = ResponseParser(limits: limits)
    var head = ResponseHead()
    var used = 0
    for piece in pieces {
        let step = try parser.parse(piece.span, requestMethod: method, into: &head)
        used += step.consumed
        if step.isComplete { return (head, used) }
    }
    return nil
}

func parseResponse(_ text: String, method: Method = .get, limits: WireLimits = .origin) throws -> ResponseHead? {
    try parseResponse([Array(text.utf8)], method: method, limits: limits)?.head
}

/// The error that a request is refused with.
func refusal(_ text: String, limits: WireLimits = .client) -> WireError? {
    do {
        _ = try parseRequest(text, limits: limits)
        return nil
    } catch {
        return error as? WireError
    }
}

/// What a request head means, for comparing two parses.
struct Meaning: Equatable, CustomStringConvertible {
    var description: String { lines.joined(separator: "|") }
    var lines: [String]

    init(_ head: RequestHead) {
        lines = [
            head.string(head.methodRange), "\(head.method)", "\(head.targetForm)", head.string(head.host),
            "\(head.port.map(Int.init) ?? -1)", head.string(head.path), "\(head.hasQuery)", head.string(head.query),
            "\(head.minorVersion) \(head.keepsAlive) \(head.framing) \(head.expectsContinue)",
        ]
        for field in head.block.fields {
            lines.append("\(field.id) \(head.string(field.name)): \(head.string(field.value))")
        }
    }

    init(_ head: ResponseHead) {
        lines = ["\(head.status)", head.string(head.reason), "\(head.minorVersion) \(head.keepsAlive) \(head.framing)"]
        for field in head.block.fields {
            lines.append("\(field.id) \(head.string(field.name)): \(head.string(field.value))")
        }
    }
}
