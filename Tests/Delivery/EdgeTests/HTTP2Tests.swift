import Glibc
import HTTPWire
import Runtime
import Testing

@testable import Edge

@Suite struct HTTP2Tests {
    /// `:status: 200` and others of HPACK's static table.
    private static let ok: UInt8 = 0x88
    private static let badRequest: UInt8 = 0x8c

    private func edge(_ change: @escaping (inout EdgeSettings) -> Void = { _ in }) throws -> (TestEdge, ScriptedOrigin)
    {
        let origin = ScriptedOrigin { head in
            let path = head.split(separator: " ")[1]
            return ScriptedOrigin.ok("answer to \(path)", "Cache-Control: max-age=60\r\n")
        }
        return (try TestEdge(origin: origin.port, change), origin)
    }

    @Test func missAndHit() throws {
        let (edge, origin) = try edge()
        let client = try FrameClient(edge.connect())
        for stream in [1, 3] {
            try client.request(
                stream, "GET", "/a?b=c", [("user-agent", "frames"), ("cookie", "a=1"), ("cookie", "b=2")])
            let response = try client.response(stream)
            #expect(response.code == HTTP2Tests.ok)
            #expect(String(decoding: response.body, as: UTF8.self) == "answer to /a?b=c")
        }
        #expect(origin.requests.count == 1)
        let request = origin.requests[0]
        #expect(request.hasPrefix("GET /a?b=c HTTP/1.1\r\nHost: test\r\n"))
        #expect(request.contains("cookie: a=1; b=2\r\n"))
        #expect(request.contains("Via: 2.0 test-edge\r\n"))
        let events = edge.events(2)
        #expect(events.map { $0["cache.status"] } == ["miss", "hit"])
        #expect(events[0]["http.version"] == "2")
        #expect(events[0]["url.domain"] == "test")
        #expect(events[0]["user_agent.original"] == "frames")
        #expect(events[1]["http.response.body.bytes"] == "16")
    }

    @Test func fieldsThatNobodyIsBelievedStayOut() throws {
        let (edge, origin) = try edge()
        let client = try FrameClient(edge.connect())
        let claims = ["x-forwarded-host", "x-original-url", "forwarded", "true-client-ip", "x-real-ip"]
        try client.request(1, "GET", "/", claims.map { ($0, "evil") } + [("x-kept", "good")])
        #expect(try client.response(1).code == HTTP2Tests.ok)
        #expect(!origin.requests[0].contains("evil"))
        #expect(origin.requests[0].contains("x-kept: good\r\n"))
    }

    @Test func thePrefaceMayComeInPieces() throws {
        let (edge, _) = try edge()
        let socket = try edge.connect()
        for byte in FrameClient.preface.utf8 {
            try socket.send([byte])
            usleep(500)
        }
        try socket.send([0, 0, 0, 4, 0, 0, 0, 0, 0])
        let settings = try socket.read(9)
        #expect(settings[3] == FrameClient.Kind.settings)
        // What only begins like it is HTTP/1.1.
        let other = try edge.connect()
        try other.send("P")
        usleep(2_000)
        try other.send("OST / HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n")
        #expect(try other.response().status == 200)
    }

    @Test func manyStreamsAtOnce() throws {
        let (edge, _) = try edge()
        let client = try FrameClient(edge.connect())
        let streams = (0..<100).map { 2 * $0 + 1 }
        for stream in streams { try client.request(stream, "GET", "/\(stream)") }
        var bodies: [Int: [UInt8]] = [:]
        var open = Set(streams)
        while !open.isEmpty {
            let frame = try client.next()
            if frame.type == FrameClient.Kind.data { bodies[frame.stream, default: []] += frame.payload }
            if frame.endsStream { open.remove(frame.stream) }
        }
        for stream in streams {
            #expect(String(decoding: bodies[stream] ?? [], as: UTF8.self) == "answer to /\(stream)")
        }
    }

    @Test func requestBodiesGoThrough() throws {
        let origin = ScriptedOrigin { origin, connection in
            while true {
                let head = WireResponse(head: try origin.request(connection))
                let body =
                    head.field("transfer-encoding") == "chunked"
                    ? try connection.readChunked()
                    : (try connection.read(Int(head.field("content-length") ?? "0") ?? 0), "")
                try connection.send(ScriptedOrigin.ok("\(body.0.count) \(body.1)"))
            }
        }
        let edge = try TestEdge(origin: origin.port)
        let client = try FrameClient(edge.connect())
        let body = [UInt8](repeating: 5, count: 16_000)
        try client.request(1, "POST", "/", [], ends: false)
        for _ in 0..<3 { try client.data(1, body, ends: false) }
        try client.send(FrameClient.Kind.headers, flags: 5, stream: 1, payload: FrameClient.block([("x-sum", "7")]))
        #expect(String(decoding: try client.response(1).body, as: UTF8.self) == "48000 x-sum: 7\n")
        try client.request(3, "POST", "/", [("content-length", "3")], ends: false)
        try client.data(3, [1, 2, 3], ends: true)
        #expect(String(decoding: try client.response(3).body, as: UTF8.self) == "3 ")
        #expect(edge.events(2)[0]["http.request.body.bytes"] == "48000")
    }

    @Test(arguments: [
        [("content-length", "1"), ("content-length", "2")], [("transfer-encoding", "chunked")], [("connection", "x")],
        [("x", "a\r\nEvil: 1")], [("x\r\nevil", "1")], [("X-Upper", "1")], [("upgrade", "h2c")], [("te", "gzip")],
        [("x", "nul\u{0}")], [("", "v")], [("x y", "v")], [(":late", "v")],
    ])
    func smugglingFieldsNeverReachTheOrigin(fields: [(String, String)]) throws {
        let (edge, origin) = try edge()
        let client = try FrameClient(edge.connect())
        try client.request(1, "POST", "/", fields, ends: false)
        try client.data(1, Array("x".utf8), ends: true)
        // Either the stream is reset or the request answered with an error; the connection serves others.
        while true {
            let frame = try client.next()
            if frame.type == FrameClient.Kind.reset { break }
            if frame.type == FrameClient.Kind.headers {
                #expect(frame.payload.first != HTTP2Tests.ok)
                break
            }
        }
        #expect(origin.requests.isEmpty)
    }

    @Test(arguments: [
        ("GET", "/a b", "test"), ("GET", "/a\r\nHost: evil", "test"), ("GET", "http://evil/", "test"),
        ("GET /x HTTP/1.1\r\nHost: evil\r\n\r\nGET", "/", "test"), ("GET", "/", "te st"), ("GET", "/", "user@test"),
        ("GET", "/#fragment", "test"), ("GET", "*", "test"), ("GET", "/", "te\r\nst"), ("CONNECT", "/", "test"),
    ])
    func smugglingTargetsNeverReachTheOrigin(method: String, path: String, authority: String) throws {
        let (edge, origin) = try edge()
        let client = try FrameClient(edge.connect())
        try client.request(1, method, path, authority: authority)
        let frame = try client.next()
        #expect(frame.type == FrameClient.Kind.reset || frame.payload.first != HTTP2Tests.ok)
        #expect(origin.requests.isEmpty)
    }

    @Test func hostAndAuthorityMustAgree() throws {
        let (edge, origin) = try edge()
        let client = try FrameClient(edge.connect())
        try client.request(1, "GET", "/", [("host", "evil")])
        #expect(try client.response(1).code == HTTP2Tests.badRequest)
        try client.request(3, "GET", "/", [("host", "TEST")])
        #expect(try client.response(3).code == HTTP2Tests.ok)
        try client.request(5, "GET", "/", authority: nil, [("host", "test")])
        #expect(try client.response(5).code == HTTP2Tests.ok)
        try client.request(7, "GET", "/", authority: nil)
        let frame = try client.next()
        #expect(frame.type == FrameClient.Kind.reset || frame.payload.first == HTTP2Tests.badRequest)
        #expect(origin.requests.count == 1)
    }

    @Test func aClosedWindowHoldsTheBodyBack() throws {
        let body = String(repeating: "w", count: 1_000)
        let origin = ScriptedOrigin { _ in ScriptedOrigin.ok(body) }
        let edge = try TestEdge(origin: origin.port)
        let client = try FrameClient(edge.connect(), settings: [(4, 10)])
        try client.request(1)
        #expect(try client.next().type == FrameClient.Kind.headers)
        let first = try client.next()
        #expect(first.type == FrameClient.Kind.data && first.payload.count == 10 && !first.endsStream)
        try client.send(FrameClient.Kind.windowUpdate, stream: 1, payload: [0, 0, 3, 222])
        #expect(try client.response(1).body.count == 990)
    }

    @Test func aLargeBodyNeedsBoundedMemory() throws {
        let size = 20 << 20
        let origin = ScriptedOrigin { _, connection in
            _ = try connection.readHead()
            try connection.send("HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: \(size)\r\n\r\n")
            let piece = [UInt8](repeating: 1, count: 1 << 20)
            for _ in 0..<20 { try connection.send(piece) }
        }
        let edge = try TestEdge(origin: origin.port)
        let client = try FrameClient(edge.connect(), settings: [(4, 0x7fff_ffff)])
        try client.send(FrameClient.Kind.windowUpdate, payload: [0x7f, 0xfe, 0, 0])
        try client.request(1)
        #expect(try client.response(1).body.count == size)
    }

    /// Heads wait where the client takes nothing, and go when it does; those of streams that it cancels meanwhile do not.
    @Test func headsWaitForAClientThatDoesNotRead() throws {
        let body = String(repeating: "h", count: 100_000)
        let origin = ScriptedOrigin { _ in ScriptedOrigin.ok(body, "Cache-Control: max-age=60\r\n") }
        let edge = try TestEdge(origin: origin.port)
        let warm = try FrameClient(edge.connect(), settings: [(4, 0x7fff_ffff)])
        try warm.send(FrameClient.Kind.windowUpdate, payload: [0x7f, 0xfe, 0, 0])
        try warm.request(1)
        #expect(try warm.response(1).body.count == body.utf8.count)

        let client = try FrameClient(edge.connect(), settings: [(4, 0x7fff_ffff)])
        try client.send(FrameClient.Kind.windowUpdate, payload: [0x7f, 0xfe, 0, 0])
        let streams = (0..<120).map { 2 * $0 + 1 }
        for stream in streams.dropLast(20) { try client.request(stream) }
        // More than the system takes; what comes now finds the connection full.
        usleep(20_000)
        for stream in streams.suffix(20) { try client.request(stream, "HEAD") }
        try client.send(FrameClient.Kind.reset, stream: 239, payload: [0, 0, 0, 8])
        var open = Set(streams.dropLast())
        var sizes: [Int: Int] = [:]
        while !open.isEmpty {
            let frame = try client.next()
            if frame.type == FrameClient.Kind.headers, sizes[frame.stream] == nil { sizes[frame.stream] = 0 }
            if frame.type == FrameClient.Kind.data { sizes[frame.stream]? += frame.payload.count }
            if frame.endsStream { open.remove(frame.stream) }
        }
        for stream in streams.dropLast() { #expect(sizes[stream] == (stream > 200 ? 0 : body.utf8.count)) }
    }

    @Test func headTrailersAndInterimResponses() throws {
        let origin = ScriptedOrigin { origin, connection in
            while true {
                if try origin.request(connection).hasPrefix("HEAD") {
                    try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
                } else {
                    try connection.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
                    try connection.send(
                        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nCache-Control: no-store\r\n\r\n"
                            + "3\r\nabc\r\n0\r\nX-Sum: 9\r\n\r\n")
                }
            }
        }
        let edge = try TestEdge(origin: origin.port)
        let client = try FrameClient(edge.connect())
        try client.request(1, "HEAD")
        let head = try client.next()
        #expect(head.type == FrameClient.Kind.headers && head.endsStream)
        try client.request(3)
        let kinds = try (0..<4).map { _ in try client.next() }
        #expect(kinds.map(\.type) == [1, 1, 0, 1])
        #expect(kinds.map(\.endsStream) == [false, false, false, true])
        #expect(kinds[2].payload == Array("abc".utf8))
    }

    @Test func anOriginThatBreaksOffResetsTheStreamOnly() throws {
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            try connection.send("HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: 10\r\n\r\nhalf")
        }
        let edge = try TestEdge(origin: origin.port)
        let client = try FrameClient(edge.connect())
        for stream in [1, 3] {
            try client.request(stream)
            var frame = try client.next()
            while frame.type != FrameClient.Kind.reset { frame = try client.next() }
            #expect(frame.stream == stream && frame.errorCode == 2)
        }
    }

    @Test func aCancelledRequestIsCancelledAtTheOrigin() throws {
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            _ = connection.isEnded()
        }
        let edge = try TestEdge(origin: origin.port)
        let client = try FrameClient(edge.connect())
        try client.request(1, "POST", "/", [], ends: false)
        while origin.requests.isEmpty { usleep(1_000) }
        try client.send(FrameClient.Kind.reset, stream: 1, payload: [0, 0, 0, 8])
        #expect(edge.events(1)[0]["error.code"] == "client_gone")
    }

    @Test func dataForAStreamThatIsOverEndsTheConnection() throws {
        let endings: [(FrameClient) throws -> Void] = [
            // Complete in both directions.
            { client in
                try client.request(1)
                _ = try client.response(1)
                try client.data(1, [1], ends: true)
            },
            // Reset by the client. Were there time for an answer, the edge would reset it too, and ignore what comes.
            { client in
                try client.together {
                    try client.request(1, "POST", "/", [], ends: false)
                    try client.send(FrameClient.Kind.reset, stream: 1, payload: [0, 0, 0, 8])
                    try client.data(1, [1], ends: true)
                }
            },
        ]
        for ending in endings {
            let (edge, _) = try edge()
            let client = try FrameClient(edge.connect())
            try ending(client)
            #expect(client.first(FrameClient.Kind.goAway)?.errorCode == 5)
        }
        let (edge, _) = try edge()
        let client = try FrameClient(edge.connect())
        try client.request(1)
        _ = try client.response(1)
        try client.send(FrameClient.Kind.windowUpdate, stream: 1, payload: [0, 0, 0, 0])
        #expect(client.first(FrameClient.Kind.goAway)?.errorCode == 1)
    }

    @Test func dataForAStreamThatTheEdgeResetIsIgnored() throws {
        let (edge, _) = try edge { $0.maximumBodyBytes = 10 }
        let client = try FrameClient(edge.connect())
        try client.request(1, "POST", "/", [("content-length", "100")], ends: false)
        var frame = try client.next()
        while frame.type != FrameClient.Kind.reset { frame = try client.next() }
        try client.data(1, [UInt8](repeating: 1, count: 50), ends: false)
        try client.request(3)
        #expect(try client.response(3).code == HTTP2Tests.ok)
    }

    @Test func aListenerForHTTP2Alone() throws {
        let (_, origin) = try edge()
        let onlyHTTP2 = try TestEdge(origin: origin.port, listener: { $0.allowsHTTP1 = false })
        let client = try FrameClient(onlyHTTP2.connect())
        try client.request(1)
        #expect(try client.response(1).code == HTTP2Tests.ok)
        let other = try onlyHTTP2.connect()
        try other.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n")
        let settings = try other.read(9)
        #expect(settings[3] == FrameClient.Kind.settings)
    }

    @Test func floodsEndTheConnection() throws {
        let floods: [(FrameClient, Int) throws -> Void] = [
            { try $0.send(FrameClient.Kind.ping, payload: [UInt8](repeating: UInt8($1 & 0xff), count: 8)) },
            { client, _ in try client.send(FrameClient.Kind.settings) },
            {
                try $0.request(2 * $1 + 1, "POST", "/", [], ends: false)
                try $0.send(FrameClient.Kind.reset, stream: 2 * $1 + 1, payload: [0, 0, 0, 8])
            },
            {
                if $1 == 0 { try $0.request(1, "POST", "/", [], ends: false) }
                try $0.data(1, [], ends: false)
            },
        ]
        for flood in floods {
            let origin = ScriptedOrigin { origin, connection in
                _ = try origin.request(connection)
                _ = connection.isEnded()
            }
            let edge = try TestEdge(origin: origin.port)
            let client = try FrameClient(edge.connect())
            for round in 0..<2_000 {
                // The edge may have closed already.
                guard (try? flood(client, round)) != nil else { break }
            }
            let end = client.first(FrameClient.Kind.goAway)
            #expect(end == nil || end?.errorCode == 0xb)
            #expect(client.first(FrameClient.Kind.headers) == nil)
        }
    }

    @Test func largeAndManyFieldsAreRefused() throws {
        let (edge, origin) = try edge { $0.wireLimits.headBytes = 8 << 10 }
        let client = try FrameClient(edge.connect())
        try client.request(1, "GET", "/", (0..<90).map { ("x-\($0)", String(repeating: "v", count: 100)) })
        #expect(try client.response(1).code != HTTP2Tests.ok)
        try client.request(3)
        #expect(try client.response(3).code == HTTP2Tests.ok)
        #expect(origin.requests.count == 1)
        #expect(edge.events(1)[0]["http.response.status_code"] == "431")
    }

    @Test func aDrainLetsRequestsFinish() throws {
        let origin = ScriptedOrigin { _ in
            usleep(300_000)
            return ScriptedOrigin.ok("late", "Cache-Control: no-store\r\n")
        }
        let edge = try TestEdge(origin: origin.port)
        let client = try FrameClient(edge.connect())
        try client.request(1)
        while origin.requests.isEmpty { usleep(1_000) }
        let server = edge.server
        let thread = DrainThread { server.drain(deadlineMilliseconds: 10_000) }
        let notice = try client.next()
        #expect(notice.type == FrameClient.Kind.goAway && notice.errorCode == 0)
        // A request that crossed the notice is still served.
        try client.request(3)
        var ended: Set<Int> = []
        while ended.count < 2 {
            let frame = try client.next()
            if frame.endsStream, frame.type != FrameClient.Kind.goAway { ended.insert(frame.stream) }
        }
        #expect(ended == [1, 3])
        #expect(thread.result == 0)
    }
}

/// Runs a drain beside the test.
private final class DrainThread: Sendable {
    private let state = Monitor<Int?>(nil)

    init(_ drain: @escaping @Sendable () -> Int) {
        Thread.start(name: "drain") { [state] in
            let cut = drain()
            state.update { $0 = cut }
        }
    }

    var result: Int? { state.wait(timeoutNanoseconds: 20_000_000_000) { $0 } }
}
