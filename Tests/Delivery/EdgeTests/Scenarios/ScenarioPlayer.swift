import Glibc

/// Performs one actor's steps on blocking sockets.
struct ScenarioPlayer {
    let actor: Scenario.Actor
    let edgePort: UInt16
    let listener: WireSocket
    let signal: @Sendable (String) -> Void
    /// Purges, and returns how many responses that met; nil for what is no target.
    let purge: @Sendable (String) -> Int?
    let `await`: @Sendable (String) -> Bool

    private var socket: WireSocket?
    private var head = WireResponse(head: "")
    private var lastMethod = ""

    init(
        actor: Scenario.Actor, edgePort: UInt16, listener: WireSocket, signal: @escaping @Sendable (String) -> Void,
        purge: @escaping @Sendable (String) -> Int?, `await`: @escaping @Sendable (String) -> Bool
    ) {
        self.actor = actor
        self.edgePort = edgePort
        self.listener = listener
        self.signal = signal
        self.purge = purge
        self.await = `await`
    }

    /// `nil`, or the line and what went wrong there.
    mutating func play() -> String? {
        for step in actor.steps {
            do {
                try perform(step)
            } catch let failure as Scenario.Failure {
                return "\(step.line): \(failure)"
            } catch {
                return "\(step.line): \(step.verb) \(step.text): the connection ended"
            }
        }
        return nil
    }

    private mutating func perform(_ step: Scenario.Step) throws {
        switch step.verb {
        case ">": try send(step.text + "\r\n")
        case ">>": try send(Self.unescape(step.text))
        case ">x":
            let count = Int(step.text.prefix { $0 != " " }) ?? 1
            let text = Self.unescape(String(step.text.drop { $0 != " " }.dropFirst()))
            try open().send([UInt8](String(repeating: text, count: count).utf8))
        case "<": try expectHead(step.text)
        case "<+": try expectField(step.text)
        case "<-":
            if let value = head.field(step.text) { throw Scenario.Failure(description: "\(step.text): \(value)") }
        case "<<": try expectBody(Self.unescape(step.text))
        case "<<*": try readBody()
        case "<<#": try expectBody(count: Int(step.text) ?? -1)
        case "<trailer":
            guard head.trailers.split(separator: "\n").contains(Substring(step.text)) else {
                throw Scenario.Failure(description: "trailers are \(head.trailers)")
            }
        case "accept": socket = try listener.accept()
        case "connect": socket = try WireSocket.connect(edgePort)
        case "close": socket?.close()
        case "reset": socket?.reset()
        case "end": socket?.endSending()
        case "closed":
            guard try open().isEnded() else { throw Scenario.Failure(description: "the connection is open") }
        case "torn": try expectTorn()
        case "sleep": usleep(UInt32(step.text).map { $0 * 1_000 } ?? 0)
        case "purge": try purge(expecting: step.text)
        case "signal": signal(step.text)
        case "wait":
            guard self.await(step.text) else { throw Scenario.Failure(description: "\(step.text) never came") }
        default: throw Scenario.Failure(description: "no step \(step.verb)")
        }
    }

    /// `COUNT [soft] url|prefix|tag|all [TARGET]`
    private func purge(expecting text: String) throws {
        let words = text.split(separator: " ", maxSplits: 1).map(String.init)
        guard words.count == 2, let wanted = Int(words[0]), let found = purge(words[1]) else {
            throw Scenario.Failure(description: "purge COUNT [soft] url|prefix|tag|all [TARGET], not \(text)")
        }
        guard found == wanted else { throw Scenario.Failure(description: "\(found) were purged, not \(wanted)") }
    }

    private mutating func open() throws -> WireSocket {
        if let socket { return socket }
        let socket = actor.kind == "client" ? try WireSocket.connect(edgePort) : try listener.accept()
        self.socket = socket
        return socket
    }

    private mutating func send(_ text: String) throws {
        if let space = text.firstIndex(of: " "), text.contains(" HTTP/1.") { lastMethod = String(text[..<space]) }
        try open().send(text)
    }

    private mutating func expectHead(_ start: String) throws {
        head = WireResponse(head: try open().readHead())
        guard head.head.hasPrefix(start) else {
            throw Scenario.Failure(description: "got \(head.head.prefix { $0 != "\r\n" }), not \(start)")
        }
    }

    private func expectField(_ text: String) throws {
        let name = String(text.prefix { $0 != ":" })
        let wanted = String(text.dropFirst(name.count + 1).drop { $0 == " " })
        guard let found = head.field(name) else { throw Scenario.Failure(description: "no field \(name)") }
        guard wanted.isEmpty || Self.matches(found, wanted) else {
            throw Scenario.Failure(description: "\(name) is \(found), not \(wanted)")
        }
    }

    /// Equal; a star at the end stands for anything.
    static func matches(_ found: String, _ wanted: String) -> Bool {
        wanted.hasSuffix("*") ? found.hasPrefix(wanted.dropLast()) : found == wanted
    }

    private mutating func readBody() throws {
        let socket = try open()
        if head.field("transfer-encoding")?.lowercased() == "chunked" {
            (head.body, head.trailers) = try socket.readChunked()
        } else if let length = head.field("content-length").flatMap({ Int($0) }) {
            head.body = try socket.read(length)
        } else if actor.kind == "client" {
            head.body = socket.readToEnd()
        }
    }

    private mutating func expectBody(_ text: String) throws {
        try readBody()
        guard head.text == text else { throw Scenario.Failure(description: "the body is \(head.text.prefix(200))") }
    }

    private mutating func expectBody(count: Int) throws {
        try readBody()
        guard head.body.count == count else {
            throw Scenario.Failure(description: "the body has \(head.body.count) bytes")
        }
    }

    /// The body that the head promises does not come whole.
    private mutating func expectTorn() throws {
        do {
            try readBody()
        } catch is WireSocket.Closed {
            return
        }
        throw Scenario.Failure(description: "the body is whole: \(head.text.prefix(200))")
    }

    private static func unescape(_ text: String) -> String {
        var out = ""
        var rest = Substring(text)
        while let character = rest.popFirst() {
            guard character == "\\", let code = rest.popFirst() else {
                out.append(character)
                continue
            }
            switch code {
            case "r": out += "\r"
            case "n": out += "\n"
            case "t": out += "\t"
            case "0": out += "\0"
            case "s": out += " "
            default: out.append(code)
            }
        }
        return out
    }
}
