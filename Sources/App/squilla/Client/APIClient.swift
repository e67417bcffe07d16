import HTTPWire

/// Speaks to a running server's management API. A connection for each request; answers can be read as they come.
struct APIClient {
    let host: String
    let port: Int
    let token: String?

    /// Sends a request and reads the answer's head.
    /// - Throws: `Failure` when the server can't be reached, or with its words when it refuses.
    func open(
        _ method: String, _ target: String, body: [UInt8] = [], headers: [(String, String)] = []
    ) throws -> APIReply {
        let socket = try BlockingSocket(host: host, port: port)
        let authority = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        var head = "\(method) \(target) HTTP/1.1\r\nHost: \(authority)\r\nConnection: close\r\n"
        if let token { head += "Authorization: Bearer \(token)\r\n" }
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if !body.isEmpty || method == "POST" { head += "Content-Length: \(body.count)\r\n" }
        try socket.send(Array((head + "\r\n").utf8) + body)
        let reply = try APIReply(socket)
        guard reply.status < 400 else {
            throw APIFailure(status: reply.status, body: try reply.readAll(limit: 65_536))
        }
        return reply
    }
}

/// An answer of the API: status, then a body that is read piece by piece.
final class APIReply {
    let status: Int
    private let socket: BlockingSocket
    private var decoder: BodyDecoder
    private var input: [UInt8]
    private var hasEnded = false

    fileprivate init(_ socket: BlockingSocket) throws {
        self.socket = socket
        var parser = ResponseParser()
        var head = ResponseHead()
        while true {
            let bytes = try socket.receive()
            if bytes.isEmpty { throw Failure("the server closed the connection without an answer") }
            let step = try Self.explained { () throws(WireError) in
                let input = bytes.span
                return try parser.parse(input, requestMethod: .get, into: &head)
            }
            if step.isComplete {
                input = Array(bytes[step.consumed...])
                break
            }
        }
        status = head.status
        decoder = BodyDecoder(head.framing, limits: .origin, isLenient: false)
    }

    /// The next piece of the body; nil at its end.
    func next() throws -> [UInt8]? {
        while !hasEnded {
            var offset = 0
            var piece: [UInt8] = []
            let input = self.input
            while offset < input.count {
                let step = try Self.explained { () throws(WireError) in
                    let rest = input.span
                    return try decoder.decode(rest.extracting(offset...))
                }
                piece.append(contentsOf: input[offset + step.data.lowerBound..<offset + step.data.upperBound])
                offset += step.consumed
                if step.isComplete || step.consumed == 0 { break }
            }
            hasEnded = decoder.isComplete
            self.input = []
            if !piece.isEmpty { return piece }
            if hasEnded { break }
            self.input = try socket.receive()
            if self.input.isEmpty {
                try Self.explained { () throws(WireError) in try decoder.inputEnded() }
                hasEnded = true
            }
        }
        return nil
    }

    func readAll(limit: Int) throws -> [UInt8] {
        var all: [UInt8] = []
        while all.count < limit, let piece = try next() { all += piece }
        return all
    }

    /// Calls `body` with each line of the body as it comes, without its line end; false ends the reading.
    func forEachLine(_ body: (ArraySlice<UInt8>) throws -> Bool, pieceEnded: () -> Void = {}) throws {
        var rest: [UInt8] = []
        while let piece = try next() {
            rest += piece
            var start = 0
            while let end = rest[start...].firstIndex(of: 0x0A) {
                if end > start, try !body(rest[start..<end]) { return }
                start = end + 1
            }
            rest.removeSubrange(0..<start)
            pieceEnded()
        }
        if !rest.isEmpty { _ = try body(rest[...]) }
    }

    private static func explained<Result>(_ body: () throws(WireError) -> Result) throws -> Result {
        do {
            return try body()
        } catch {
            throw Failure("the server's answer is not HTTP/1.1: \(error)")
        }
    }
}
