import HTTPWire
import Testing

/// A client's session against the server's own, in memory, and against frames by hand.
@Suite struct HTTP2ClientSessionTests {
    private static let get =
        "GET /a?b=c HTTP/1.1\r\nHost: example.org:81\r\nX-Up: 1\r\nConnection: close\r\nTE: gzip\r\n\r\n"

    @Test func aRequestAndItsResponse() throws {
        let pair = SessionPair()
        let stream = try #require(pair.client.request(Self.get))
        pair.run()
        let request = try #require(pair.server.requests[stream])
        #expect(request == ["GET", "/a?b=c", "x-up: 1", "host: example.org:81"])
        pair.server.respond(stream, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Down: 2\r\n\r\n", "hello")
        pair.run()
        let answer = try #require(pair.client.answers[stream])
        #expect(answer.status == 200 && answer.framing == .length(5) && answer.body == "hello" && answer.isComplete)
        #expect(answer.fields.contains("x-down: 2"))
        #expect(answer.end == .complete)
    }

    /// Said by who asks alone: a `TE` of HTTP/1.1 is about another connection.
    @Test func trailersAreWelcome() throws {
        let pair = SessionPair()
        let stream = try #require(pair.client.request(Self.get, takesTrailers: true))
        pair.run()
        #expect(pair.server.requests[stream] == ["GET", "/a?b=c", "x-up: 1", "te: trailers", "host: example.org:81"])
    }

    /// What a body is framed like once it is HTTP/1.1 again.
    @Test(arguments: [
        ("GET", "HTTP/1.1 200 OK\r\n\r\n", "x", BodyFraming.chunked),
        ("GET", "HTTP/1.1 200 OK\r\n\r\n", "", .length(0)),
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", "", BodyFraming.none),
        ("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", "", BodyFraming.none),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n", "", BodyFraming.none),
    ])
    func framing(method: String, head: String, body: String, expected: BodyFraming) throws {
        let pair = SessionPair()
        let request = "\(method) / HTTP/1.1\r\nHost: a\r\n\r\n"
        let stream = try #require(pair.client.request(request, method == "HEAD" ? .head : .get))
        pair.run()
        pair.server.respond(stream, head, body)
        pair.run()
        let answer = try #require(pair.client.answers[stream])
        #expect(answer.framing == expected && answer.body == body && answer.isComplete)
    }

    @Test func interimHeadsComeBeforeTheFinalOne() throws {
        let pair = SessionPair()
        let stream = try #require(pair.client.request(Self.get))
        pair.run()
        pair.server.interim(stream, "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        pair.run()
        pair.server.respond(stream, "HTTP/1.1 200 OK\r\n\r\n", "x")
        pair.run()
        let answer = try #require(pair.client.answers[stream])
        #expect(answer.interim == [103] && answer.status == 200 && answer.body == "x")
    }

    @Test func bodiesAndTrailersGoUp() throws {
        let pair = SessionPair()
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        let stream = try #require(pair.client.request(head, .post, hasBody: true))
        pair.run()
        pair.client.upload(stream, "one ")
        pair.run()
        #expect(pair.server.bodies[stream] == "one ")
        var trailers = HeaderBlock()
        trailers.append("X-Sum", "1")
        pair.client.upload(stream, "two", trailers: trailers)
        pair.run()
        #expect(pair.server.bodies[stream] == "one two")
        #expect(pair.server.trailers[stream] == "1")
    }

    /// A slow reader holds its own stream's window and nothing else.
    @Test func aReaderThatPausesHoldsItsStreamAlone() throws {
        let pair = SessionPair { $0.streamWindowBytes = 65_535 }
        let slow = try #require(pair.client.request(Self.get))
        let fast = try #require(pair.client.request(Self.get))
        pair.run()
        pair.client.paused.insert(slow)
        let large = String(repeating: "x", count: 3 << 20)
        pair.server.respond(slow, "HTTP/1.1 200 OK\r\n\r\n", large)
        pair.server.respond(fast, "HTTP/1.1 200 OK\r\n\r\n", large)
        pair.run()
        #expect(pair.client.answers[fast]?.isComplete == true)
        #expect(pair.client.answers[slow]?.body.utf8.count == 65_535)
        pair.client.paused.remove(slow)
        pair.client.session.consumed(slow, 65_535)
        pair.run()
        #expect(pair.client.answers[slow]?.isComplete == true)
        #expect(pair.client.answers[slow]?.body.utf8.count == 3 << 20)
    }

    @Test func theServerSaysHowManyRequests() throws {
        let pair = SessionPair { _ in
        } server: {
            $0.maximumStreams = 3
        }
        #expect(pair.client.session.maximumStreams == 100)
        pair.run()
        #expect(pair.client.session.maximumStreams == 3)
        #expect(pair.client.settings == 1)
    }

    @Test func refusedAndResetAndMalformed() throws {
        let pair = SessionPair()
        let streams = try (0..<3).map { _ in try #require(pair.client.request(Self.get)) }
        pair.run()
        pair.server.reset(streams[0], code: .refusedStream)
        pair.server.reset(streams[1], code: .internalError)
        pair.server.respond(streams[2], "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "short")
        pair.run()
        #expect(pair.client.answers[streams[0]]?.end == .refused)
        #expect(pair.client.answers[streams[1]]?.end == .reset(code: 2))
        guard case .malformed = pair.client.answers[streams[2]]?.end else {
            Issue.record("a body that is too short is whole: \(pair.client.answers[streams[2]]?.end as Any)")
            return
        }
    }

    /// A GOAWAY leaves those out that came after; they may be sent again, and no more are taken.
    @Test func goodbye() throws {
        let client = TestClient()
        let first = try #require(client.request(Self.get))
        let second = try #require(client.request(Self.get))
        client.session.flush()
        #expect(client.feed(Frames.settings + Frames.goAway(last: first, code: 0)) == true)
        #expect(client.goodbyes == [0])
        #expect(client.answers[second]?.end == .refused)
        #expect(client.answers[first]?.end == nil)
        #expect(client.request(Self.get) == nil)
        _ = client.feed(Frames.headers(first, [0x88], ends: true))
        client.session.flush()
        #expect(client.session.isFinished)
        #expect(client.answers[first]?.isComplete == true)
    }

    @Test(arguments: ["settings", "ping", "empty", "continuation"]) func floodsEnd(kind: String) throws {
        let client = TestClient()
        let stream = try #require(client.request(Self.get))
        client.session.flush()
        var goesOn = client.feed(Frames.settings)
        if kind == "empty" { goesOn = client.feed(Frames.headers(stream, [0x88], ends: false)) }
        if kind == "continuation" { goesOn = client.feed(Frames.frame(1, 0, stream, [0x88])) }
        let frame =
            switch kind {
            case "settings": Frames.settings
            case "ping": Frames.frame(6, 0, 0, [UInt8](repeating: 0, count: 8))
            case "empty": Frames.frame(0, 0, stream, [])
            default: Frames.frame(9, 0, stream, [])
            }
        var count = 0
        while goesOn, count < 10_000 {
            goesOn = client.feed(frame)
            client.session.flush()
            client.out = []
            count += 1
        }
        #expect(!goesOn && count <= 700)
    }

    /// Each spoils its own stream or the connection, and says so.
    @Test(
        arguments: [
            // No status; a status that is no number; upper case; a field of the connection; 101.
            [0x10, 1, 0x61, 1, 0x62], [0x08, 3, 0x32, 0x78, 0x30], [0x88, 0x10, 1, 0x41, 1, 0x62],
            [0x88, 0x10, 10] + Array("connection".utf8) + [5] + Array("close".utf8), [0x08, 3, 0x31, 0x30, 0x31],
            [0x88, 0x10, 1, 0x61, 3, 0x62, 0x0D, 0x0A],
        ] as [[UInt8]])
    func headsThatAreWrong(block: [UInt8]) throws {
        let client = TestClient()
        let bad = try #require(client.request(Self.get))
        let good = try #require(client.request(Self.get))
        client.session.flush()
        _ = client.feed(Frames.settings + Frames.headers(bad, block, ends: true))
        client.session.flush()
        guard case .malformed = client.answers[bad]?.end else {
            Issue.record("taken: \(client.answers[bad] as Any)")
            return
        }
        #expect(client.feed(Frames.headers(good, [0x88], ends: true)) == true)
        #expect(client.answers[good]?.isComplete == true)
    }

    @Test func largeHeadsAreRefused() throws {
        let client = TestClient()
        let stream = try #require(client.request(Self.get))
        client.session.flush()
        // One entry of 4,000 bytes, then 100 references to it.
        let name = [0x40, 1, 0x61, 0x7F, 0xA1, 0x1E] + [UInt8](repeating: 0x62, count: 4_000)
        let block = [0x88] + name + [UInt8](repeating: 0xBE, count: 100)
        _ = client.feed(Frames.settings + Frames.headers(stream, block, ends: true))
        client.session.flush()
        guard case .malformed(let error) = client.answers[stream]?.end else {
            Issue.record("taken")
            return
        }
        #expect(error.code == .headTooLarge)
    }

    @Test func pushesAreNotTaken() throws {
        let client = TestClient()
        let stream = try #require(client.request(Self.get))
        client.session.flush()
        let acknowledged = Frames.settings + Frames.frame(4, 1, 0, [])
        let goesOn = client.feed(acknowledged + Frames.frame(5, 4, stream, [0, 0, 0, 2, 0x82, 0x84, 0x87]))
        client.session.flush()
        #expect(!goesOn || client.session.isFinished)
    }

    @Test func bytesAtATime() throws {
        let client = TestClient()
        let stream = try #require(client.request(Self.get))
        client.session.flush()
        let bytes =
            Frames.settings + Frames.headers(stream, [0x88], ends: false) + Frames.frame(0, 1, stream, [1, 2, 3])
        for byte in bytes { #expect(client.feed([byte])) }
        #expect(client.answers[stream]?.isComplete == true)
    }
}
