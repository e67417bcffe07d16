import HTTPWire
public import Reactor

/// A request that might be made.
public struct RequestQuestion: Sendable {
    public var method = "GET"
    /// `http://HOST[:PORT]/PATH` or with `https`.
    public var url: String
    public var headers: [(name: String, value: String)] = []
    /// Where it comes from.
    public var client: SocketAddress
    /// What the origin might answer; nil says nothing about it.
    public var answer: (status: Int, headers: [(name: String, value: String)])?

    public init(url: String, client: SocketAddress) {
        self.url = url
        self.client = client
    }

    /// A question that is none.
    public struct Fault: Error, Sendable {
        public let message: String

        public init(_ message: String) { self.message = message }
    }

    /// A field of its line, `NAME: VALUE`; nil where it has no colon.
    public static func header(_ line: String) -> (name: String, value: String)? {
        guard let colon = line.firstIndex(of: ":") else { return nil }
        let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
        return (String(line[..<colon]), String(value))
    }

    /// The request as a client would send it, and whether over TLS.
    func text() throws(Fault) -> (bytes: [UInt8], isSecure: Bool) {
        let isSecure = url.lowercased().hasPrefix("https://")
        guard isSecure || url.lowercased().hasPrefix("http://") else {
            throw Fault("expected http://HOST/PATH or https://HOST/PATH, found \"\(url.prefix(200))\"")
        }
        let rest = url.dropFirst(isSecure ? 8 : 7).prefix { $0 != "#" }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let target = rest.dropFirst(authority.count)
        let hasHost = headers.contains { $0.name.lowercased() == "host" }
        var lines = ["\(method) \(target.hasPrefix("/") ? "" : "/")\(target) HTTP/1.1"]
        if !hasHost { lines.append("Host: \(authority)") }
        for (name, value) in headers { lines.append("\(name): \(value)") }
        guard !lines.contains(where: { $0.utf8.contains { $0 == 0x0A || $0 == 0x0D } }) else {
            throw Fault("a line end in the method, the URL or a header")
        }
        return (Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8), isSecure)
    }

    static func head(of answer: (status: Int, headers: [(name: String, value: String)])) throws(Fault) -> ResponseHead {
        var head = ResponseHead()
        head.status = answer.status
        guard (200...599).contains(answer.status) else {
            throw Fault("an answer's status is from 200 to 599, and this is \(answer.status)")
        }
        let lines = answer.headers.map { "\($0.name): \($0.value)\r\n" }.joined()
        let bytes = Array(lines.utf8)
        head.block = HeaderBlock(fieldLines: bytes.span)
        guard head.block.fields.count == answer.headers.count else {
            throw Fault("a header of the answer is none")
        }
        return head
    }
}
