import Testing

@testable import HTTPWire

@Suite struct HTTP2SessionTests {
    /// `:method GET`, `:scheme http`, `:path /`, `:authority a`.
    static let get: [UInt8] = [0x82, 0x86, 0x84, 0x01, 1, 0x61]
    static let post: [UInt8] = [0x83, 0x86, 0x84, 0x01, 1, 0x61]
    static let start = Frames.preface + Frames.settings

    static func get(_ stream: Int32, ends: Bool = true) -> [UInt8] { Frames.headers(stream, get, ends: ends) }
    static func post(_ stream: Int32) -> [UInt8] { Frames.headers(stream, post, ends: false) }
    static func literal(_ name: String, _ value: String) -> [UInt8] {
        [0, UInt8(name.utf8.count)] + Array(name.utf8) + [UInt8(value.utf8.count)] + Array(value.utf8)
    }
    static func number(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(value >> $0 & 0xff) } }
    static func setting(_ id: Int, _ value: Int) -> [UInt8] { [0, UInt8(id)] + number(value) }
    static func windowUpdate(_ stream: Int32, _ more: Int) -> [UInt8] {
        Frames.frame(8, 0, stream, number(more))
    }

    /// The code of the GOAWAY and of the first RST_STREAM among frames.
    func codes(_ frames: [Frames.Frame]) -> (goAway: Int?, reset: Int?) {
        let goAway = frames.first { $0.kind == 7 }.map { Int($0.payload[7]) }
        return (goAway, frames.first { $0.kind == 3 }.map { Int($0.payload[3]) })
    }

    // MARK: Errors

    /// Ends the connection (RFC 9113, 5.4.1), with this code.
    @Test(
        arguments: [
            ("no preface", 1, Array("GET / HTTP/1.1\r\n\r\n".utf8)),
            ("a preface that ends wrongly", 1, Frames.preface.dropLast() + [0]),
            ("no SETTINGS first", 1, Frames.preface + Frames.frame(6, 0, 0, [UInt8](repeating: 0, count: 8))),
            ("an acknowledgement first", 1, Frames.preface + Frames.frame(4, 1, 0, [])),
            ("a large frame", 6, start + [0, 0x40, 1, 0xfe, 0, 0, 0, 0, 0]),
            ("SETTINGS on a stream", 1, start + Frames.frame(4, 0, 1, [])),
            ("SETTINGS of 5 octets", 6, start + Frames.frame(4, 0, 0, [0, 1, 0, 0, 0])),
            ("an acknowledgement with octets", 6, start + Frames.frame(4, 1, 0, setting(3, 1))),
            ("ENABLE_PUSH of 2", 1, start + Frames.frame(4, 0, 0, setting(2, 2))),
            ("a window of 2^31", 3, start + Frames.frame(4, 0, 0, setting(4, 1 << 31))),
            ("frames of 100 octets", 1, start + Frames.frame(4, 0, 0, setting(5, 100))),
            ("frames of 2^24 octets", 1, start + Frames.frame(4, 0, 0, setting(5, 1 << 24))),
            ("33 settings", 11, start + Frames.frame(4, 0, 0, (0..<33).flatMap { _ in setting(3, 1) })),
            ("PING on a stream", 1, start + Frames.frame(6, 0, 1, [UInt8](repeating: 0, count: 8))),
            ("PING of 7 octets", 6, start + Frames.frame(6, 0, 0, [UInt8](repeating: 0, count: 7))),
            ("GOAWAY on a stream", 1, start + Frames.frame(7, 0, 1, [UInt8](repeating: 0, count: 8))),
            ("GOAWAY of 7 octets", 6, start + Frames.frame(7, 0, 0, [UInt8](repeating: 0, count: 7))),
            ("RST_STREAM of 3 octets", 6, start + get(1) + Frames.frame(3, 0, 1, [0, 0, 0])),
            ("RST_STREAM of the connection", 1, start + Frames.frame(3, 0, 0, number(8))),
            ("RST_STREAM of a stream to come", 1, start + Frames.frame(3, 0, 1, number(8))),
            ("a window of a stream to come", 1, start + windowUpdate(1, 1)),
            ("WINDOW_UPDATE of 3 octets", 6, start + Frames.frame(8, 0, 0, [0, 0, 1])),
            ("nothing more for the connection", 1, start + windowUpdate(0, 0)),
            ("too much for the connection", 3, start + windowUpdate(0, 0x7fff_ffff)),
            ("PRIORITY of the connection", 1, start + Frames.frame(2, 0, 0, [0, 0, 0, 3, 1])),
            ("PRIORITY of 4 octets", 6, start + Frames.frame(2, 0, 1, [0, 0, 0, 3])),
            ("PRIORITY of a stream by itself", 1, start + Frames.frame(2, 0, 3, [0, 0, 0, 3, 1])),
            ("PRIORITY_UPDATE on a stream", 1, start + Frames.frame(16, 0, 1, number(1))),
            ("PRIORITY_UPDATE of 3 octets", 6, start + Frames.frame(16, 0, 0, [0, 0, 1])),
            ("PRIORITY_UPDATE of the connection", 1, start + Frames.frame(16, 0, 0, number(0))),
            ("PUSH_PROMISE", 1, start + get(1) + Frames.frame(5, 4, 1, number(2) + get)),
            ("DATA of the connection", 1, start + Frames.frame(0, 0, 0, [1])),
            ("DATA of a stream to come", 1, start + Frames.frame(0, 0, 1, [1])),
            ("DATA of a stream of ours", 1, start + get(3) + Frames.frame(0, 0, 2, [1])),
            ("DATA after a reset", 5, start + post(1) + Frames.frame(3, 0, 1, number(8)) + Frames.frame(0, 0, 1, [1])),
            ("more padding than DATA", 1, start + post(1) + Frames.frame(0, 8, 1, [3, 0, 0])),
            ("no length of the padding", 6, start + post(1) + Frames.frame(0, 8, 1, [])),
            ("HEADERS of the connection", 1, start + get(0)),
            ("HEADERS of an even stream", 1, start + get(2)),
            ("HEADERS of a stream that was passed over", 1, start + get(5) + get(3)),
            ("HEADERS on a request that is complete", 5, start + get(1) + get(1)),
            ("HEADERS after a reset", 5, start + post(1) + Frames.frame(3, 0, 1, number(8)) + get(1)),
            ("HEADERS of a stream by itself", 1, start + Frames.frame(1, 0x25, 3, number(3) + [1] + get)),
            ("HEADERS too short for a priority", 6, start + Frames.frame(1, 0x25, 3, [0, 0, 0])),
            ("more padding than HEADERS", 1, start + Frames.frame(1, 0x0d, 3, [9] + get)),
            ("no block that can be read", 9, start + Frames.frame(1, 5, 1, [0xbe])),
            ("CONTINUATION alone", 1, start + Frames.frame(9, 4, 1, get)),
            ("CONTINUATION of another stream", 1, start + Frames.frame(1, 1, 1, get) + Frames.frame(9, 4, 3, [])),
            (
                "PING within a block", 1,
                start + Frames.frame(1, 1, 1, get) + Frames.frame(6, 0, 0, number(0) + number(0))
            ),
            ("an unknown frame within a block", 1, start + Frames.frame(1, 1, 1, get) + Frames.frame(99, 0, 0, [])),
        ] as [(String, Int, [UInt8])])
    func endsTheConnection(what: String, code: Int, bytes: [UInt8]) {
        let server = TestServer()
        #expect(!server.feed(bytes))
        let frames = server.frames()
        #expect(codes(frames).goAway == code, "\(what)")
        #expect(server.isFinished)
        #expect(!server.feed(Self.get(101)))
        #expect(server.frames().isEmpty)
        // The same where it comes octet by octet.
        let slow = TestServer()
        var goesOn = true
        for byte in bytes where goesOn { goesOn = slow.feed([byte]) }
        #expect(!goesOn)
        #expect(slow.frames() == frames, "\(what)")
    }

    /// Resets the stream (5.4.2), and nothing else.
    @Test(
        arguments: [
            ("upper case", 1, Frames.headers(1, get + literal("X", "1"), ends: true)),
            ("no token", 1, Frames.headers(1, get + literal("x y", "1"), ends: true)),
            ("no name", 1, Frames.headers(1, get + literal("", "1"), ends: true)),
            ("a line end", 1, Frames.headers(1, get + literal("x", "1\r\ny: 2"), ends: true)),
            ("a blank in front", 1, Frames.headers(1, get + literal("x", " 1"), ends: true)),
            ("connection", 1, Frames.headers(1, get + literal("connection", "x"), ends: true)),
            ("transfer-encoding", 1, Frames.headers(1, get + literal("transfer-encoding", "chunked"), ends: true)),
            ("te", 1, Frames.headers(1, get + literal("te", "gzip"), ends: true)),
            ("status", 1, Frames.headers(1, get + [0x88], ends: true)),
            ("an unknown pseudo-header field", 1, Frames.headers(1, get + literal(":x", "1"), ends: true)),
            ("a late one", 1, Frames.headers(1, [0x82, 0x86] + literal("x", "1") + [0x84], ends: true)),
            ("two methods", 1, Frames.headers(1, get + [0x82], ends: true)),
            ("two paths", 1, Frames.headers(1, get + [0x84], ends: true)),
            ("no method", 1, Frames.headers(1, [0x86, 0x84], ends: true)),
            ("no scheme", 1, Frames.headers(1, [0x82, 0x84], ends: true)),
            ("no path", 1, Frames.headers(1, [0x82, 0x86], ends: true)),
            ("an empty path", 1, Frames.headers(1, [0x82, 0x86, 0x04, 0], ends: true)),
            (
                "CONNECT with a path", 1,
                Frames.headers(1, [0x02, 7] + Array("CONNECT".utf8) + [0x86, 0x84], ends: true)
            ),
            ("a length and no body", 1, Frames.headers(1, post + literal("content-length", "1"), ends: true)),
            (
                "a body that is too short", 1,
                Frames.headers(1, post + literal("content-length", "2"), ends: false) + Frames.frame(0, 1, 1, [1])
            ),
            (
                "a body that is too long", 1,
                Frames.headers(1, post + literal("content-length", "1"), ends: false) + Frames.frame(0, 0, 1, [1, 2])
            ),
            (
                "a body that trailers cut short", 1,
                Frames.headers(1, post + literal("content-length", "1"), ends: false)
                    + Frames.headers(1, literal("x", "1"), ends: true)
            ),
            ("trailers that do not end", 1, post(1) + Frames.headers(1, literal("x", "1"), ends: false)),
            ("trailers with a path", 1, post(1) + Frames.headers(1, [0x84], ends: true)),
            ("DATA on a request that is complete", 5, get(1) + Frames.frame(0, 0, 1, [1])),
            ("nothing more for a stream", 1, get(1) + windowUpdate(1, 0)),
            ("too much for a stream", 3, get(1) + windowUpdate(1, 0x7fff_ffff)),
        ] as [(String, Int, [UInt8])])
    func resetsTheStream(what: String, code: Int, bytes: [UInt8]) {
        let server = TestServer()
        #expect(server.feed(Self.start + bytes))
        let frames = server.frames()
        #expect(codes(frames).goAway == nil && codes(frames).reset == code, "\(what)")
        if let closed = server.closed[1] {
            #expect(closed == UInt32(code))
        } else {
            #expect(server.requests[1] == nil)
        }
        // What the client sent before it heard of it is passed over; others are served.
        #expect(server.feed(Frames.frame(0, 1, 1, [1]) + Self.get(1) + windowUpdateOf1 + Self.get(3)))
        #expect(server.requests[3] != nil && codes(server.frames()).goAway == nil)
        #expect(server.streamCount == 1)
        // Its frames must be well-formed all the same.
        #expect(server.feed(Frames.frame(0, 8, 1, [2, 7, 0, 0]) + Self.get(5)))
        #expect(server.requests[5] != nil)
        #expect(!server.feed(Frames.frame(0, 8, 1, [3, 7, 0])))
        #expect(codes(server.frames()).goAway == 1)
    }

    private var windowUpdateOf1: [UInt8] { Self.windowUpdate(1, 1) }

    /// Heads that are answered instead.
    @Test(arguments: [
        (400, literal("host", "b")), (400, literal("content-length", "x")), (417, literal("expect", "x")),
        (431, (0..<101).flatMap { literal("x-\($0)", "1") }),
    ])
    func answersWithAnError(status: Int, fields: [UInt8]) {
        let server = TestServer()
        #expect(server.feed(Self.start + Frames.headers(1, Self.get + fields, ends: true)))
        #expect(server.errors[1]?.status == status)
        #expect(server.feed(Self.get(3)))
        #expect(server.requests[3] != nil && server.errors[3] == nil)
    }

    // MARK: Whatever the split

    @Test func anySplitMeansTheSame() {
        let trailers = Frames.headers(3, Self.literal("x-sum", "7"), ends: true)
        let body = Frames.frame(0, 8, 3, [2, 0x61, 0x62, 0, 0]) + Frames.frame(0, 0, 3, [0x63])
        let split = Frames.frame(1, 0x29, 5, [1] + Self.number(1) + [9] + Self.get.prefix(3) + [0])
        let bytes =
            Self.start + Self.get(1) + Frames.frame(99, 0xff, 7, [1, 2, 3]) + Self.post(3) + body
            + Frames.frame(6, 0, 0, Self.number(1) + Self.number(2)) + trailers + split
            + Frames.frame(9, 0, 5, []) + Frames.frame(9, 4, 5, Array(Self.get.dropFirst(3)))
            + Frames.frame(0, 0x80 | 1, 1, []).prefix(0) + Frames.frame(4, 0, 0, Self.setting(0x99, 5))
        let whole = TestServer()
        #expect(whole.feed(bytes))
        #expect(whole.requests[1] == ["GET", "/", "host: a"] && whole.requests[5] == ["GET", "/", "host: a"])
        #expect(whole.bodies[3] == "abc" && whole.trailers[3] == "7" && whole.ended == [1, 3, 5])
        let frames = whole.frames()
        for size in 1...bytes.count {
            let server = TestServer()
            for start in stride(from: 0, to: bytes.count, by: size) {
                #expect(server.feed(Array(bytes[start..<min(bytes.count, start + size)])))
            }
            #expect(server.requests == whole.requests && server.bodies == whole.bodies && server.ended == whole.ended)
            #expect(server.trailers == whole.trailers)
            #expect(server.frames() == frames)
        }
    }

    // MARK: Windows

    @Test func bodiesWaitForWindows() {
        let server = TestServer()
        let small = Frames.preface + Frames.frame(4, 0, 0, Self.setting(4, 10))
        server.feed(small + Self.get(1) + Self.get(3))
        let body = String(repeating: "x", count: 100_000)
        server.respond(1, "HTTP/1.1 200 OK\r\n\r\n", body)
        #expect(sizes(server.frames()) == [1: 10])
        // Taken away after it was used: negative (6.9.2).
        server.feed(Frames.frame(4, 0, 0, Self.setting(4, 5)) + Self.windowUpdate(1, 5))
        #expect(sizes(server.frames()) == [:])
        server.feed(Self.windowUpdate(1, 1))
        #expect(sizes(server.frames()) == [1: 1])
        // 65,535 in all for the connection.
        server.feed(Frames.frame(4, 0, 0, Self.setting(4, 1 << 20)))
        #expect(sizes(server.frames()) == [1: 65_535 - 11])
        server.respond(3, "HTTP/1.1 200 OK\r\n\r\n", "y")
        #expect(sizes(server.frames()) == [:])
        server.feed(Self.windowUpdate(0, 1 << 20))
        let frames = server.frames()
        #expect(sizes(frames) == [1: 100_000 - 65_535, 3: 1])
        #expect(frames.allSatisfy { $0.payload.count <= 16_384 })
        #expect(server.streamCount == 0)
    }

    /// Octets of bodies by stream.
    private func sizes(_ frames: [Frames.Frame]) -> [Int32: Int] {
        var sizes: [Int32: Int] = [:]
        for frame in frames where frame.kind == 0 { sizes[frame.stream, default: 0] += frame.payload.count }
        return sizes
    }

    @Test func aClientThatKeepsToItsWindowGetsMore() {
        var limits = HTTP2Limits()
        limits.streamWindowBytes = 100_000
        limits.connectionWindowBytes = 150_000
        let server = TestServer(limits)
        server.feed(Self.start + Frames.frame(4, 1, 0, []) + Self.post(1) + Self.post(3))
        _ = server.frames()
        let piece = [UInt8](repeating: 0x61, count: 10_000)
        for _ in 0..<100 { #expect(server.feed(Frames.frame(0, 0, 1, piece))) }
        let updates = server.frames().filter { $0.kind == 8 }
        #expect(updates.filter { $0.stream == 1 }.count == 20)
        #expect(updates.filter { $0.stream == 0 }.count == 12)
        server.isPaused = true
        for _ in 0..<9 { #expect(server.feed(Frames.frame(0, 0, 3, piece))) }
        #expect(server.feed(Frames.frame(0, 0, 3, piece)))
        #expect(server.feed(Frames.frame(0, 0, 3, [1])))
        #expect(codes(server.frames()).reset == 3)
        // What the stream held is given back to the connection.
        server.isPaused = false
        for _ in 0..<20 { #expect(server.feed(Frames.frame(0, 0, 1, piece))) }
    }

    @Test func aConnectionsWindowBoundsAll() {
        var limits = HTTP2Limits()
        limits.connectionWindowBytes = 70_000
        let server = TestServer(limits)
        server.isPaused = true
        server.feed(Self.start + Self.post(1))
        let piece = [UInt8](repeating: 0x61, count: 14_000)
        for _ in 0..<5 { #expect(server.feed(Frames.frame(0, 0, 1, piece))) }
        #expect(!server.feed(Frames.frame(0, 0, 1, [1])))
        #expect(codes(server.frames()).goAway == 3)
    }

    /// Before it has heard of ours, a client goes by the window that all start with.
    @Test func smallWindowsHoldOnceTheyAreKnown() {
        var limits = HTTP2Limits()
        limits.streamWindowBytes = 1_000
        let early = TestServer(limits)
        early.isPaused = true
        let data = Frames.frame(0, 0, 1, [UInt8](repeating: 0x61, count: 5_000))
        #expect(early.feed(Self.start + Self.post(1) + data))
        #expect(codes(early.frames()).reset == nil)
        let late = TestServer(limits)
        late.isPaused = true
        #expect(late.feed(Self.start + Frames.frame(4, 1, 0, []) + Self.post(1) + data))
        #expect(codes(late.frames()).reset == 3)
    }

    // MARK: Priorities (RFC 9218)

    private func order(_ priorities: [String], update: [UInt8] = []) -> [Int32] {
        let server = TestServer()
        server.feed(Self.start + Frames.frame(4, 0, 0, Self.setting(4, 1 << 20)) + Self.windowUpdate(0, 1 << 20))
        for (index, priority) in priorities.enumerated() {
            let stream = Int32(2 * index + 1)
            server.feed(Frames.headers(stream, Self.get + Self.literal("priority", priority), ends: true))
        }
        server.feed(update)
        for index in priorities.indices {
            server.respond(Int32(2 * index + 1), "HTTP/1.1 200 OK\r\n\r\n", String(repeating: "x", count: 32_768))
        }
        return server.frames().filter { $0.kind == 0 }.map(\.stream)
    }

    @Test func whatIsUrgentGoesFirst() {
        #expect(order(["u=5", "u=1", "", "u=0;x=1"]) == [7, 7, 3, 3, 5, 5, 1, 1])
        // One after the other, or in turns.
        #expect(order(["", "", "u=3"]) == [1, 1, 3, 3, 5, 5])
        #expect(order(["i", "u=3,i", "i=?0"]) == [1, 3, 5, 5, 1, 3])
        #expect(order(["u=9", "u", "i=5", "x;u=1"]) == [1, 1, 3, 3, 5, 5, 7, 7])
    }

    @Test func prioritiesMayChange() {
        let update = Frames.frame(16, 0, 0, Self.number(3) + Array("u=1".utf8))
        #expect(order(["", ""], update: update) == [3, 3, 1, 1])
        let server = TestServer()
        server.feed(Self.start + update + Frames.frame(16, 0, 0, Self.number(9) + Array("u=7".utf8)))
        server.feed(Self.get(1) + Self.get(3))
        let body = String(repeating: "x", count: 20_000)
        server.respond(1, "HTTP/1.1 200 OK\r\n\r\n", body)
        server.respond(3, "HTTP/1.1 200 OK\r\n\r\n", body)
        #expect(server.frames().filter { $0.kind == 0 }.map(\.stream) == [3, 3, 1, 1])
        #expect(server.streamCount == 0)
    }

    @Test func aChangeOfWhatWaits() {
        let server = TestServer()
        server.feed(Frames.preface + Frames.frame(4, 0, 0, Self.setting(4, 1 << 20)))
        for stream in [1, 3, 5] as [Int32] { server.feed(Self.get(stream)) }
        for stream in [1, 3, 5] as [Int32] {
            server.respond(stream, "HTTP/1.1 200 OK\r\n\r\n", String(repeating: "x", count: 30_000))
        }
        server.feed(Frames.frame(16, 0, 0, Self.number(5) + Array("u=0".utf8)))
        server.feed(Frames.frame(3, 0, 1, Self.number(8)))
        #expect(server.frames().filter { $0.kind == 0 }.map(\.stream) == [5, 5, 3, 3])
    }
}
