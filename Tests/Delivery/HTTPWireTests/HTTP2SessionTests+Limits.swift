import Testing

@testable import HTTPWire

/// What a session bounds, and how it ends.
extension HTTP2SessionTests {
    // MARK: Limits

    @Test func streamsOverTheLimitAreRefused() {
        var limits = HTTP2Limits()
        limits.maximumStreams = 2
        let server = TestServer(limits)
        server.feed(Self.start + Self.get(1) + Self.get(3) + Self.get(5))
        #expect(server.requests.keys.sorted() == [1, 3])
        #expect(codes(server.frames()).reset == 7)
        server.respond(1, "HTTP/1.1 204 No Content\r\n\r\n", "")
        server.feed(Self.get(7))
        #expect(server.requests[7] != nil)
    }

    /// Frames of a head that takes so many, all but the first of them empty.
    @Test(arguments: [0, 3, 40]) func aHeadMayComeInSoManyFrames(limit: Int) {
        var limits = HTTP2Limits()
        limits.continuationFrames = limit
        var wire = WireLimits.client
        wire.headBytes = 4096
        // What a large head needs is allowed beside.
        let most = limit + (2 * wire.headBytes + HTTP2Frame.maximumBytes) / HTTP2Frame.maximumBytes
        for (count, passes) in [(most, true), (most + 1, false)] {
            let server = TestServer(limits, wire: wire)
            var bytes = Self.start + Frames.frame(1, 1, 1, Self.get)
            for index in 1...count { bytes += Frames.frame(9, index == count ? 4 : 0, 1, []) }
            #expect(server.feed(bytes) == passes)
            #expect((server.requests[1] != nil) == passes)
            #expect(codes(server.frames()).goAway == (passes ? nil : 11))
        }
    }

    @Test(arguments: [6, 100]) func aFrameMayHaveSoManySettings(limit: Int) {
        var limits = HTTP2Limits()
        limits.settingsPerFrame = limit
        // Of a number that nobody knows, which is ignored.
        let setting: [UInt8] = [0xF0, 0, 0, 0, 0, 1]
        for (count, passes) in [(limit, true), (limit + 1, false)] {
            let server = TestServer(limits)
            let payload = Array((0..<count).map { _ in setting }.joined())
            #expect(server.feed(Self.start + Frames.frame(4, 0, 0, payload) + Self.get(1)) == passes)
            #expect((server.requests[1] != nil) == passes)
            #expect(codes(server.frames()).goAway == (passes ? nil : 11))
        }
    }

    @Test(arguments: ["reset", "refused", "malformed", "continuation", "ping", "settings", "data", "priority"])
    func floodsEnd(kind: String) {
        let server = TestServer()
        server.feed(Self.start)
        if kind == "data" { server.feed(Self.post(1)) }
        if kind == "refused" { for index in 0..<128 { server.feed(Self.get(Int32(2 * index + 1))) } }
        if kind == "continuation" { server.feed(Frames.frame(1, 1, 1, Self.get)) }
        var count = 0
        var goesOn = true
        while goesOn, count < 1_000 {
            let stream = Int32(2 * count + 1_001)
            let bytes: [UInt8] =
                switch kind {
                case "reset": Self.get(stream) + Frames.frame(3, 0, stream, Self.number(8))
                case "refused": Self.get(stream)
                case "malformed": Frames.headers(stream, [0x82], ends: true)
                case "continuation": Frames.frame(9, 0, 1, [])
                case "ping": Frames.frame(6, 0, 0, Self.number(0) + Self.number(0))
                case "settings": Frames.settings
                case "data": Frames.frame(0, 0, 1, [])
                default: Frames.frame(2, 0, 3, [0, 0, 0, 1, 1])
                }
            goesOn = server.feed(bytes, now: Int64(count) * 1_000)
            server.flush()
            count += 1
        }
        #expect(!goesOn && count <= 310)
        // Slowly, it is nothing bad.
        guard kind != "continuation", kind != "refused" else { return }
        let patient = TestServer()
        patient.feed(Self.start + Self.post(1))
        for round in 0..<600 where kind == "ping" {
            #expect(
                patient.feed(Frames.frame(6, 0, 0, Self.number(0) + Self.number(0)), now: Int64(round) * 30_000_000))
        }
    }

    @Test func aBlockHasABound() {
        let server = TestServer(wire: WireLimits(headBytes: 2_000))
        server.feed(Self.start + Frames.frame(1, 1, 1, Self.get))
        #expect(server.feed(Frames.frame(9, 0, 1, [UInt8](repeating: 0x84, count: 16_000))))
        #expect(!server.feed(Frames.frame(9, 0, 1, [UInt8](repeating: 0x84, count: 16_000))))
        #expect(codes(server.frames()).goAway == 11)
    }

    /// A small block that stands for much (CVE-2016-6581).
    @Test func aBombIsAnswered431() {
        let server = TestServer()
        let value = [0x40, 1, 0x61, 0x7F, 0xA1, 0x1E] + [UInt8](repeating: 0x62, count: 4_000)
        server.feed(
            Self.start + Frames.headers(1, Self.get + value + [UInt8](repeating: 0xBE, count: 5_000), ends: true))
        #expect(server.errors[1]?.status == 431)
        // The tables are still those of the client.
        server.feed(Frames.headers(3, Self.get + [0xBE], ends: true))
        #expect(server.requests[3]?.count == 4 && server.errors[3] == nil)
    }

    // MARK: Ends

    @Test func goodbyeInTwoSteps() {
        let server = TestServer()
        server.feed(Self.start + Self.get(1))
        server.session.announceEnd()
        server.feed(Self.get(3))
        #expect(server.requests[3] != nil && !server.isFinished)
        server.session.end()
        server.feed(Self.post(5) + Frames.frame(0, 1, 5, [1]))
        #expect(server.requests[5] == nil)
        let goodbyes = server.frames().filter { $0.kind == 7 }
        #expect(goodbyes.map(\.payload) == [[0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0], [0, 0, 0, 3, 0, 0, 0, 0]])
        for stream in [1, 3] as [Int32] {
            #expect(!server.isFinished)
            server.respond(stream, "HTTP/1.1 204 No Content\r\n\r\n", "")
        }
        #expect(server.isFinished)
    }

    @Test func aClientThatLeavesIsServedToTheEnd() {
        let server = TestServer()
        server.feed(Self.start + Self.get(1) + Frames.goAway(last: 0, code: 0))
        #expect(!server.isFinished)
        server.respond(1, "HTTP/1.1 204 No Content\r\n\r\n", "")
        #expect(server.isFinished)
    }

    /// The rest of a request is not wanted once it is answered (8.1).
    @Test func anAnswerBeforeTheEndOfTheRequest() {
        let server = TestServer()
        server.feed(Self.start + Self.post(1))
        server.respond(1, "HTTP/1.1 200 OK\r\n\r\n", "early")
        let frames = server.frames().filter { $0.kind != 4 && $0.kind != 8 }
        #expect(frames.map(\.kind) == [1, 0, 3] && frames[1].flags == 1 && frames[2].payload == [0, 0, 0, 0])
        #expect(server.feed(Frames.frame(0, 1, 1, [1, 2, 3])))
        #expect(codes(server.frames()).goAway == nil)
    }

    /// Our reset and the client's may cross; after its own a client sends nothing more (5.1).
    @Test(arguments: ["headers", "data"]) func nothingComesAfterAClientsReset(kind: String) {
        let server = TestServer()
        server.feed(Self.start + Self.post(1))
        server.respond(1, "HTTP/1.1 200 OK\r\n\r\n", "early")
        #expect(codes(server.frames()).reset == 0)
        #expect(server.feed(Frames.frame(3, 0, 1, Self.number(8))))
        #expect(!server.feed(kind == "data" ? Frames.frame(0, 1, 1, [1]) : Self.get(1)))
        #expect(codes(server.frames()).goAway == 5)
    }

    /// A window is opened by nothing on no stream, also on one that we broke off (6.9).
    @Test func nothingMoreForAStreamOfBefore() {
        let server = TestServer()
        server.feed(Self.start + Self.post(1))
        server.respond(1, "HTTP/1.1 200 OK\r\n\r\n", "early")
        #expect(codes(server.frames()).reset == 0)
        #expect(!server.feed(Self.windowUpdate(1, 0)))
        #expect(codes(server.frames()).goAway == 1)
    }

    @Test func slotsAreUsedAgain() {
        let server = TestServer()
        server.feed(Self.start)
        for stream in stride(from: Int32(1), to: 2_001, by: 2) {
            server.feed(Self.get(stream))
            #expect(server.requests[stream] != nil)
            // One stays, all others go.
            if stream != 1 { server.respond(stream, "HTTP/1.1 204 No Content\r\n\r\n", "") }
            _ = server.frames()
        }
        #expect(server.streamCount == 1 && server.slotCount == 2)
        server.feed(Self.get(0x7fff_ffff))
        #expect(server.requests[0x7fff_ffff] != nil)
        #expect(!server.feed(Self.get(9)))
    }

    @Test func aLargeHeadGoesOnInContinuations() {
        let server = TestServer()
        server.feed(Self.start + Self.get(1))
        let value = String(repeating: "v", count: 40_000)
        server.respond(1, "HTTP/1.1 200 OK\r\nX-Large: \(value)\r\n\r\n", "")
        let frames = server.frames().filter { $0.kind == 1 || $0.kind == 9 }
        #expect(frames.map(\.kind) == [1, 9, 9] && frames.map(\.flags) == [1, 0, 4])
        #expect(frames.map(\.payload.count).reduce(0, +) > 40_000 && frames[0].payload.count == 16_384)
    }

    /// A client that makes its table smaller hears that it is known (RFC 7541, 4.2).
    @Test func aSmallerTableIsConfirmed() {
        let server = TestServer()
        server.feed(
            Frames.preface + Frames.frame(4, 0, 0, Self.setting(1, 100) + Self.setting(1, 4096)) + Self.get(1)
                + Self.get(3))
        server.respond(1, "HTTP/1.1 204 No Content\r\n\r\n", "")
        server.respond(3, "HTTP/1.1 204 No Content\r\n\r\n", "")
        #expect(server.frames().filter { $0.kind == 1 }.map(\.payload) == [[0x3f, 69, 0x89], [0x89]])
    }

    @Test func cookiesAreJoined() {
        let server = TestServer()
        let cookies = Self.literal("cookie", "a=1") + Self.literal("x", "y") + Self.literal("cookie", "b=2")
        server.feed(Self.start + Frames.headers(1, Self.get + cookies, ends: true))
        #expect(server.requests[1] == ["GET", "/", "x: y", "cookie: a=1; b=2", "host: a"])
    }
}
