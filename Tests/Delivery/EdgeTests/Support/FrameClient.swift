import Testing

/// A client that speaks HTTP/2 frame by frame, also where it must not. Fields go out as literals without compression;
/// of what comes back only frames and the static codes of a status are looked at.
final class FrameClient {
    struct Frame {
        var type: UInt8
        var flags: UInt8
        var stream: Int
        var payload: [UInt8]

        var endsStream: Bool { flags & 1 != 0 }
        var isAcknowledgement: Bool { flags & 1 != 0 }
    }

    enum Kind {
        static let data: UInt8 = 0
        static let headers: UInt8 = 1
        static let reset: UInt8 = 3
        static let settings: UInt8 = 4
        static let ping: UInt8 = 6
        static let goAway: UInt8 = 7
        static let windowUpdate: UInt8 = 8
        static let continuation: UInt8 = 9
    }

    static let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

    let socket: WireSocket

    /// - Parameter settings: pairs of identifier and value.
    init(_ socket: WireSocket, settings: [(UInt16, UInt32)] = []) throws {
        self.socket = socket
        try socket.send(FrameClient.preface)
        try send(Kind.settings, payload: settings.flatMap { bytes($0.0, 2) + bytes($0.1, 4) })
    }

    /// The other side: awaits a client's preface.
    init(serving socket: WireSocket, settings: [(UInt16, UInt32)] = []) throws {
        self.socket = socket
        guard try socket.read(24) == Array(FrameClient.preface.utf8) else { throw WireSocket.Closed() }
        try send(Kind.settings, payload: settings.flatMap { bytes($0.0, 2) + bytes($0.1, 4) })
    }

    func send(_ type: UInt8, flags: UInt8 = 0, stream: Int = 0, payload: [UInt8] = []) throws {
        let frame = bytes(payload.count, 3) + [type, flags] + bytes(stream, 4) + payload
        if held == nil { try socket.send(frame) } else { held?.append(contentsOf: frame) }
    }

    /// Frames of `together`.
    private var held: [UInt8]?

    /// Sends the frames of a closure in one piece, so that nothing happens between them.
    func together(_ frames: () throws -> Void) throws {
        held = []
        try frames()
        let bytes = held ?? []
        held = nil
        try socket.send(bytes)
    }

    /// A request's head.
    func request(
        _ stream: Int, _ method: String = "GET", _ path: String = "/", authority: String? = "test",
        _ fields: [(String, String)] = [], ends: Bool = true
    ) throws {
        var all = [(":method", method), (":scheme", "http"), (":path", path)]
        if let authority { all.append((":authority", authority)) }
        try send(Kind.headers, flags: ends ? 5 : 4, stream: stream, payload: FrameClient.block(all + fields))
    }

    static func block(_ fields: [(String, String)]) -> [UInt8] {
        fields.flatMap { [0x10] + text($0.0) + text($0.1) }
    }

    /// A string literal without Huffman coding (RFC 7541, 5.2).
    private static func text(_ text: String) -> [UInt8] {
        var count = text.utf8.count
        var out: [UInt8] = []
        if count < 127 {
            out.append(UInt8(count))
        } else {
            out.append(127)
            count -= 127
            while count >= 128 {
                out.append(UInt8(count & 127) | 128)
                count >>= 7
            }
            out.append(UInt8(count))
        }
        return out + Array(text.utf8)
    }

    func data(_ stream: Int, _ bytes: [UInt8], ends: Bool) throws {
        try send(Kind.data, flags: ends ? 1 : 0, stream: stream, payload: bytes)
    }

    /// The next frame that is none of the connection's upkeep.
    func next() throws -> Frame {
        while true {
            let frame = try any()
            switch frame.type {
            case Kind.settings:
                if !frame.isAcknowledgement { try send(Kind.settings, flags: 1) }
            case Kind.windowUpdate: break
            default: return frame
            }
        }
    }

    func any() throws -> Frame {
        let head = try socket.read(9)
        let payload = try socket.read(number(head[0..<3]))
        return Frame(type: head[3], flags: head[4], stream: number(head[5..<9]) & 0x7fff_ffff, payload: payload)
    }

    /// Reads a response: the first byte of its head's block and its body.
    func response(_ stream: Int) throws -> (code: UInt8, body: [UInt8]) {
        var code: UInt8?
        var body: [UInt8] = []
        while true {
            let frame = try next()
            guard frame.stream == stream else { continue }
            switch frame.type {
            case Kind.headers:
                if code == nil { code = frame.payload.first }
            case Kind.data: body += frame.payload
            default: throw WireSocket.Closed()
            }
            if frame.endsStream { return (code ?? 0, body) }
        }
    }

    /// Reads until a frame of this type; nil when the connection ends before.
    func first(_ type: UInt8) -> Frame? {
        while let frame = try? any() {
            if frame.type == type { return frame }
        }
        return nil
    }

    private func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

    private func bytes(_ value: some BinaryInteger, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: Int(value) >> ((count - 1 - $0) * 8)) }
    }
}

extension FrameClient.Frame {
    /// The error code of a RST_STREAM or GOAWAY.
    var errorCode: Int {
        let start = type == FrameClient.Kind.goAway ? 4 : 0
        return payload[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
    }
}
