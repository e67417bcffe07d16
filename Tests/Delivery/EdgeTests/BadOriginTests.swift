import Glibc
import Testing
import Upstream

@testable import Edge

@Suite struct BadOriginTests {
    /// What the origin sends before it closes, the status the client gets, the error code.
    static let broken: [(String, Int, String)] = [
        ("", 502, "origin_closed_early"),
        ("garbage\r\n\r\n", 502, "origin_malformed_response"),
        ("HTTP/1.1 200", 502, "origin_closed_early"),
        ("HTTP/1.1 abc X\r\n\r\n", 502, "origin_malformed_response"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 502,
            "origin_malformed_response"
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 502, "origin_malformed_response"),
        (
            "HTTP/1.1 200 OK\r\n" + String(repeating: "X-A: b\r\n", count: 10_000) + "\r\n", 502,
            "origin_malformed_response"
        ),
        ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", 502, "origin_unexpected_upgrade"),
        (String(repeating: "HTTP/1.1 103 Early Hints\r\n\r\n", count: 50), 502, "origin_malformed_response"),
    ]

    @Test(arguments: broken) func aBrokenResponseIsABadGateway(sent: String, status: Int, code: String) throws {
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            try connection.send(sent)
        }
        let edge = try TestEdge(origin: origin.port)
        let client = try edge.connect()
        #expect(try client.get("/").status == status)
        let event = edge.events(1)[0]
        #expect(event["error.code"] == code)
        #expect(event["error.source"] == "origin")
        #expect(event["origin.name"] == "main")
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nCache-Control: max-age=60\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nCache-Control: max-age=60\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nCache-Control: max-age=60\r\n\r\n3\r\nabcX",
    ])
    func aTornResponseIsTornForTheClientAndNeverStored(sent: String) throws {
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            try connection.send(sent)
        }
        let edge = try TestEdge(origin: origin.port)
        for count in 1...2 {
            let client = try edge.connect()
            try client.send("GET /torn HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(throws: WireSocket.Closed.self) { try client.response() }
            #expect(origin.requests.count == count)
        }
        let event = edge.events(2)[0]
        #expect(event["error.source"] == "origin")
        #expect(event["http.response.status_code"] == "200")
    }

    @Test func aTornResponseToAnOldClientEndsInAReset() throws {
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            try connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            usleep(30_000)
        }
        let edge = try TestEdge(origin: origin.port)
        let client = try edge.connect()
        try client.send("GET / HTTP/1.0\r\n\r\n")
        _ = client.readToEnd()
        #expect(edge.events(1)[0]["error.code"] == "origin_closed_early")
    }

    @Test func anOriginThatHangsIsGivenUp() throws {
        let origin = ScriptedOrigin { origin, connection in
            let head = try origin.request(connection)
            if head.contains("/half") { try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab") }
            _ = connection.isEnded()
        }
        let edge = try TestEdge(origin: origin.port) {
            $0.origins[0].endpoints[0].firstByteTimeoutMilliseconds = 1_000
            $0.origins[0].endpoints[0].idleTimeoutMilliseconds = 60
        }
        #expect(try edge.get("/hang").status == 504)
        let client = try edge.connect()
        try client.send("GET /half HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(throws: WireSocket.Closed.self) { try client.response() }
        let events = edge.events(2)
        #expect(events[0]["error.code"] == "origin_first_byte_timeout")
        #expect(events[1]["error.code"] == "origin_idle_timeout")
    }

    @Test func anOriginThatIsNotThereIsABadGatewayAndThenUnavailable() throws {
        let (dead, port) = WireSocket.listen(isDead: true)
        defer { dead.close() }
        let edge = try TestEdge(origin: port) {
            $0.workers = 1
            $0.origins[0].endpoints[0].failureThreshold = 3
            $0.origins[0].endpoints[0].failurePauseMilliseconds = 60_000
        }
        let client = try edge.connect()
        for _ in 0..<3 { #expect(try client.get("/").status == 502) }
        let response = try client.get("/")
        #expect(response.status == 503)
        #expect(response.field("retry-after") != nil)
        #expect(edge.events(4).map { $0["error.code"] }.last == "origin_marked_down")
    }

    @Test func anUnknownHostIsABadGateway() throws {
        let edge = try TestEdge(origin: 1) { $0.origins[0].endpoints[0].host = "no-such-host.invalid" }
        #expect(try edge.get("/").status == 502)
        #expect(edge.events(1)[0]["error.code"] == "origin_unresolved")
    }

    @Test func theQueueForAnOriginIsBounded() throws {
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            _ = connection.isEnded()
        }
        let edge = try TestEdge(origin: origin.port) {
            $0.workers = 1
            $0.origins[0].endpoints[0].maximumConnections = 1
            $0.origins[0].endpoints[0].maximumPending = 1
            $0.origins[0].endpoints[0].pendingTimeoutMilliseconds = 2_000
            $0.origins[0].endpoints[0].firstByteTimeoutMilliseconds = 5_000
        }
        let first = try edge.connect()
        try first.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
        while origin.requests.isEmpty { usleep(1_000) }
        let second = try edge.connect()
        try second.send("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
        usleep(20_000)
        #expect(try edge.get("/3").status == 503)
        #expect(try second.response().status == 503)
        let events = edge.events(2)
        #expect(Set(events.compactMap { $0["error.code"] }) == ["origin_pool_full", "origin_pool_timeout"])
        #expect(events[0]["error.source"] == "edge")
    }

    @Test func anOriginThatDoesNotReadDoesNotFillTheMemory() throws {
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            usleep(2_000_000)
        }
        let edge = try TestEdge(origin: origin.port) { $0.workers = 1 }
        let client = try WireSocket.connect(edge.port, timeoutMilliseconds: 300)
        try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n")
        let piece = [UInt8](repeating: 1, count: 1 << 20)
        var sent = 0
        while sent < 300 {
            do { try client.send(piece) } catch { break }
            sent += 1
        }
        // The kernel's buffers and one window fit in, the rest waits outside.
        #expect(sent < 64)
    }

    @Test func aLargeBodyStreamsToASlowReaderWithoutBeingHeld() throws {
        let total = 32 << 20
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            try connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\nCache-Control: no-store\r\n\r\n")
            let piece = [UInt8](repeating: 7, count: 1 << 20)
            for _ in 0..<32 { try connection.send(piece) }
        }
        let edge = try TestEdge(origin: origin.port)
        let client = try edge.connect()
        try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = try client.readHead()
        usleep(100_000)
        var received = 0
        while received < total { received += try client.read(min(1 << 20, total - received)).count }
        #expect(received == total)
        #expect(edge.events(1)[0]["http.response.body.bytes"] == "\(total)")
    }
}
