import Glibc
import Reactor
import Runtime
import Synchronization
import Testing
import Upstream

@testable import Edge
@testable import HTTPWire

/// An edge in front of origins that speak HTTP/2.
@Suite struct OriginHTTP2Tests {
    private func edge(
        _ port: UInt16, _ change: @escaping (inout OriginSettings) -> Void = { _ in }
    ) throws -> TestEdge {
        try TestEdge(origin: nil) { settings in
            var origin = OriginSettings(name: "main", host: "127.0.0.1", port: port)
            origin.wireProtocol = .http2
            origin.maximumRetries = 1
            change(&origin)
            settings.workers = 1
            settings.cache.isEnabled = false
            settings.origins = [EdgeOrigin(name: "main", endpoints: [origin])]
        }
    }

    /// Sends requests at once, each on a connection of its own.
    private func sockets(_ edge: TestEdge, _ heads: [String]) throws -> [WireSocket] {
        try heads.map { head in
            let socket = try edge.connect()
            try socket.send(head)
            return socket
        }
    }

    private func heads(_ count: Int, _ method: String = "GET") -> [String] {
        (0..<count).map { "\(method) /\($0) HTTP/1.1\r\nHost: test\r\n\r\n" }
    }

    @Test func manyRequestsShareAConnection() throws {
        let origin = FrameOrigin { peer, _ in
            // None is answered before all have come.
            let streams = try (0..<30).map { _ in try peer.nextRequest().stream }
            for stream in streams.reversed() { try peer.answer(stream, "answer \(stream)") }
            _ = peer.first(99)
        }
        let edge = try edge(origin.port)
        var bodies: Set<String> = []
        for socket in try sockets(edge, heads(30)) {
            let response = try socket.response()
            #expect(response.status == 200)
            bodies.insert(String(decoding: response.body, as: UTF8.self))
        }
        #expect(bodies.count == 30 && origin.connectionCount == 1)
        let events = edge.events(30)
        #expect(events.allSatisfy { $0["http.response.status_code"] == "200" && $0["origin.http.version"] == "2" })
    }

    @Test func theServersLimitHolds() throws {
        let origin = FrameOrigin(settings: [(3, 2)]) { peer, _ in
            // The limit may come after the first requests; from then on there are two at a time.
            var open: [Int] = []
            for number in 0..<8 {
                open.append(try peer.nextRequest().stream)
                guard number >= 1 else { continue }
                if open.count > 2 { throw WireSocket.Closed() }
                try peer.answer(open.removeFirst(), "x")
            }
            for stream in open { try peer.answer(stream, "x") }
            _ = peer.first(99)
        }
        let edge = try edge(origin.port) { $0.maximumConnections = 1 }
        // Connects, and hears of the limit.
        let first = try sockets(edge, heads(1))
        usleep(100_000)
        let others = try sockets(edge, heads(7))
        for socket in first + others { #expect(try socket.response().status == 200) }
        #expect(origin.connectionCount == 1)
    }

    /// What a GOAWAY leaves out was not processed: it is asked again, whatever the method.
    @Test(arguments: ["GET", "DELETE"]) func goodbye(method: String) throws {
        let origin = FrameOrigin { peer, connection in
            let streams = try (0..<(connection == 1 ? 3 : 2)).map { _ in try peer.nextRequest().stream }
            if connection == 1 {
                try peer.send(
                    FrameClient.Kind.goAway, payload: [0, 0, 0, UInt8(streams[0]), 0, 0, 0, 0])
                try peer.answer(streams[0], "1")
            } else {
                for stream in streams { try peer.answer(stream, "2") }
            }
            _ = peer.first(99)
        }
        let edge = try edge(origin.port)
        let bodies = try sockets(edge, heads(3, method)).map { String(decoding: try $0.response().body, as: UTF8.self) }
        #expect(bodies.sorted() == ["1", "2", "2"])
        #expect(origin.connectionCount == 2)
    }

    @Test func aRefusedStreamIsAskedAgain() throws {
        let origin = FrameOrigin { peer, _ in
            let refused = try peer.nextRequest().stream
            try peer.send(FrameClient.Kind.reset, stream: refused, payload: [0, 0, 0, 7])
            try peer.answer(try peer.nextRequest().stream, "again")
            _ = peer.first(99)
        }
        let edge = try edge(origin.port)
        let response = try sockets(edge, heads(1, "DELETE"))[0].response()
        #expect(response.status == 200 && origin.connectionCount == 1)
        #expect(response.field("via")?.hasPrefix("2.0 ") == true)
        // One that is refused for ever is answered in the end.
        let rude = FrameOrigin { peer, _ in
            while true {
                try peer.send(
                    FrameClient.Kind.reset, stream: try peer.nextRequest().stream, payload: [0, 0, 0, 7])
            }
        }
        let other = try self.edge(rude.port)
        #expect(try sockets(other, heads(1))[0].response().status == 502)
        #expect(other.events(1)[0]["error.code"] == "origin_refused_stream")
    }

    /// Nothing was done for it, and the beginning of its body is still there.
    @Test func aRefusedBodyIsSentAgain() throws {
        let origin = FrameOrigin { peer, _ in
            for attempt in 0..<4 {
                let stream = try peer.nextRequest().stream
                guard let data = peer.first(FrameClient.Kind.data) else { return }
                if attempt < 3 {
                    try peer.send(FrameClient.Kind.reset, stream: stream, payload: [0, 0, 0, 7])
                } else {
                    try peer.answer(stream, String(decoding: data.payload, as: UTF8.self))
                }
            }
            _ = peer.first(99)
        }
        let edge = try edge(origin.port)
        let client = try sockets(edge, ["POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello"])[0]
        #expect(try client.response().text == "hello")
        let event = edge.events(1)[0]
        #expect(event["origin.retries"] == "3" && event["http.request.body.bytes"] == "5")
    }

    @Test func aStalledStreamHurtsNoOther() throws {
        let origin = FrameOrigin { peer, _ in
            let stalled = try peer.nextRequest().stream
            for _ in 0..<5 { try peer.answer(try peer.nextRequest().stream, "fine") }
            // The edge gives it up, and says so.
            guard let reset = peer.first(FrameClient.Kind.reset), reset.stream == stalled, reset.errorCode == 8 else {
                return
            }
            try peer.answer(try peer.nextRequest().stream, "after")
            _ = peer.first(99)
        }
        let edge = try edge(origin.port) { $0.firstByteTimeoutMilliseconds = 400 }
        let stalled = try sockets(edge, heads(1))[0]
        usleep(50_000)
        for socket in try sockets(edge, heads(5)) { #expect(try socket.response().status == 200) }
        #expect(try stalled.response().status == 504)
        #expect(try sockets(edge, heads(1))[0].response().status == 200)
        #expect(origin.connectionCount == 1)
    }

    @Test func aConnectionThatIsSilentTakesNoMore() throws {
        let origin = FrameOrigin { peer, connection in
            let stream = try peer.nextRequest().stream
            if connection > 1 { try peer.answer(stream, "x") }
            _ = peer.first(99)
        }
        let edge = try edge(origin.port) {
            $0.firstByteTimeoutMilliseconds = 200
            $0.connectTimeoutMilliseconds = 200
        }
        #expect(try sockets(edge, heads(1))[0].response().status == 504)
        usleep(400_000)
        #expect(try sockets(edge, heads(1))[0].response().status == 200)
        #expect(origin.connectionCount == 2)
    }

    @Test func aClientThatLeavesCancelsItsStream() throws {
        let came = Monitor(false)
        let origin = FrameOrigin { peer, _ in
            let left = try peer.nextRequest().stream
            came.update { $0 = true }
            guard let reset = peer.first(FrameClient.Kind.reset), reset.stream == left, reset.errorCode == 8 else {
                return
            }
            try peer.answer(try peer.nextRequest().stream, "fine")
            _ = peer.first(99)
        }
        let edge = try edge(origin.port)
        let client = try sockets(edge, heads(1))[0]
        #expect(came.wait(timeoutNanoseconds: 10_000_000_000) { $0 ? true : nil } == true)
        client.reset()
        usleep(50_000)
        #expect(try sockets(edge, heads(1))[0].response().status == 200)
        #expect(origin.connectionCount == 1)
    }

    /// A client that doesn't read holds its own stream's window, not its neighbours'.
    @Test func aSlowReaderHurtsNoOther() throws {
        let origin = FrameOrigin { peer, _ in
            let slow = try peer.nextRequest().stream
            try peer.send(FrameClient.Kind.headers, flags: 4, stream: slow, payload: [0x88])
            let piece = [UInt8](repeating: 0x78, count: 16_384)
            for _ in 0..<16 { try peer.data(slow, piece, ends: false) }
            for _ in 0..<20 { try peer.answer(try peer.nextRequest().stream, String(repeating: "y", count: 10_000)) }
            // What the window still lets through.
            _ = peer.first(99)
        }
        let edge = try edge(origin.port) { $0.http2.streamWindowBytes = 256 << 10 }
        let slow = try WireSocket.connect(edge.port, receiveBuffer: 4_096)
        try slow.send(heads(1)[0])
        usleep(100_000)
        for socket in try sockets(edge, heads(20)) { #expect(try socket.response().body.count == 10_000) }
        #expect(origin.connectionCount == 1)
    }

    @Test func uploadsGoWithTheWindow() throws {
        let total = 300_000
        let origin = FrameOrigin { peer, _ in
            let (stream, ends) = try peer.nextRequest()
            if ends { throw WireSocket.Closed() }
            var got = 0
            while true {
                let frame = try peer.next()
                guard frame.type == FrameClient.Kind.data else { continue }
                got += frame.payload.count
                if frame.endsStream { break }
                let size = UInt32(frame.payload.count)
                guard size > 0 else { continue }
                let window = (0..<4).map { UInt8(truncatingIfNeeded: size >> (24 - 8 * UInt32($0))) }
                try peer.send(FrameClient.Kind.windowUpdate, stream: 0, payload: window)
                try peer.send(FrameClient.Kind.windowUpdate, stream: stream, payload: window)
            }
            try peer.answer(stream, "got \(got)")
            _ = peer.first(99)
        }
        let edge = try edge(origin.port)
        let socket = try edge.connect()
        try socket.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: \(total)\r\n\r\n")
        try socket.send([UInt8](repeating: 0x61, count: total))
        #expect(String(decoding: try socket.response().body, as: UTF8.self) == "got \(total)")
    }

    /// An origin that takes no body: the time-out is of this stream alone.
    @Test func anUploadThatIsNotTakenTimesOut() throws {
        let origin = FrameOrigin(settings: [(4, 0)]) { peer, _ in
            _ = try peer.nextRequest()
            try peer.answer(try peer.nextRequest().stream, "fine")
            _ = peer.first(99)
        }
        let edge = try edge(origin.port) {
            $0.idleTimeoutMilliseconds = 300
            $0.firstByteTimeoutMilliseconds = 300
        }
        let socket = try edge.connect()
        try socket.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 200000\r\n\r\n")
        try socket.send([UInt8](repeating: 0x61, count: 200_000))
        usleep(50_000)
        #expect(try sockets(edge, heads(1))[0].response().status == 200)
        #expect(try socket.response().status == 504)
    }

    @Test func aBrokenConnectionIsAskedAgainWhereThatIsSafe() throws {
        let origin = FrameOrigin { peer, connection in
            let stream = try peer.nextRequest().stream
            try peer.answer(stream, "\(connection)")
            if connection == 1 {
                _ = try peer.nextRequest()
                return
            }
            _ = peer.first(99)
        }
        let edge = try edge(origin.port)
        #expect(try sockets(edge, heads(1))[0].response().body == Array("1".utf8))
        #expect(try sockets(edge, heads(1))[0].response().body == Array("2".utf8))
        #expect(edge.events(2)[1]["origin.retries"] == "1")
    }

    @Test(arguments: ["garbage", "settings", "ping", "continuation", "http1", "closes", "push", "huge"])
    func hostileOrigins(kind: String) throws {
        let origin = FrameOrigin { peer, _ in
            let stream = try peer.nextRequest().stream
            switch kind {
            case "garbage": try peer.socket.send([UInt8](repeating: 0xFF, count: 4_000))
            case "settings": for _ in 0..<5_000 { try peer.send(FrameClient.Kind.settings) }
            case "ping":
                for _ in 0..<5_000 { try peer.send(FrameClient.Kind.ping, payload: [UInt8](repeating: 0, count: 8)) }
            case "continuation":
                try peer.send(FrameClient.Kind.headers, stream: stream, payload: [0x88])
                for _ in 0..<5_000 { try peer.send(FrameClient.Kind.continuation, stream: stream) }
            case "http1": try peer.socket.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            case "push": try peer.send(5, flags: 4, stream: stream, payload: [0, 0, 0, 2, 0x82, 0x84, 0x87])
            case "huge": try peer.socket.send([0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, UInt8(stream)])
            default: return
            }
            _ = peer.first(99)
        }
        let edge = try edge(origin.port) { $0.firstByteTimeoutMilliseconds = 5_000 }
        let status = try sockets(edge, heads(1))[0].response().status
        #expect(status == 502)
        #expect(edge.events(1)[0]["error.code"]?.hasPrefix("origin_") == true)
    }

    @Test func trailersAndInterimHeadsPass() throws {
        let origin = FrameOrigin { peer, _ in
            let stream = try peer.nextRequest().stream
            let hints = FrameClient.block([(":status", "103"), ("link", "</a>")])
            try peer.send(FrameClient.Kind.headers, flags: 4, stream: stream, payload: hints)
            try peer.send(FrameClient.Kind.headers, flags: 4, stream: stream, payload: [0x88])
            try peer.data(stream, Array("body".utf8), ends: false)
            try peer.send(
                FrameClient.Kind.headers, flags: 5, stream: stream, payload: FrameClient.block([("x-sum", "7")]))
            _ = peer.first(99)
        }
        let edge = try edge(origin.port)
        let socket = try sockets(edge, heads(1))[0]
        #expect(try socket.readHead().hasPrefix("HTTP/1.1 103"))
        #expect(try socket.readHead().hasPrefix("HTTP/1.1 200"))
        let answer = try socket.readChunked()
        #expect(answer.body == Array("body".utf8) && answer.trailers.contains("x-sum: 7"))
    }

    /// What a client says of trailers is said to the origin, but nothing else of its `TE`.
    @Test func whoTakesTrailersSaysSo() throws {
        let origin = FrameOrigin { peer, _ in
            var decoder = HPACKDecoder()
            for _ in 0..<3 {
                var frame = try peer.next()
                while frame.type != FrameClient.Kind.headers { frame = try peer.next() }
                var builder = HTTP2RequestBuilder(limits: .client)
                builder.start(isTrailers: false)
                guard decoder.decode(frame.payload.span, into: &builder) else { return }
                let block = builder.head.block
                let lines = block.fields.filter { $0.id == .te }.map { field in
                    String(decoding: block.bytes[field.value.range], as: UTF8.self)
                }
                try peer.answer(frame.stream, lines.isEmpty ? "none" : lines.joined(separator: "|"))
            }
            _ = peer.first(99)
        }
        let edge = try edge(origin.port)
        for (fields, expected) in [
            ("TE: gzip;q=0.5, Trailers\r\nConnection: TE\r\n", "trailers"), ("TE: gzip\r\nConnection: TE\r\n", "none"),
            ("", "none"),
        ] {
            let socket = try edge.connect()
            try socket.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\(fields)\r\n")
            #expect(try socket.response().text == expected)
        }
    }

    /// Another protocol is gone over to from HTTP/1.1, on a connection of its own.
    @Test func upgradesGoOverHTTP1() throws {
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            try connection.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")
            try connection.send(try connection.read(4))
        }
        let edge = try edge(origin.port)
        let socket = try edge.connect()
        try socket.send("GET / HTTP/1.1\r\nHost: test\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")
        #expect(try socket.readHead().hasPrefix("HTTP/1.1 101"))
        try socket.send("ping")
        #expect(try socket.read(4) == Array("ping".utf8))
    }
}
