import Glibc
import Reactor
import Synchronization
import Testing

@testable import Edge

/// Requests with bodies on kept-alive connections that the origin closes at the same moment (RFC 9112, 9.3.1).
@Suite struct UploadRetryTests {
    /// Answers one request on its first connection, takes the head of the next and breaks without an answer. Further
    /// connections answer with the request's body.
    private static func origin(says interim: String = "", breaksOnlyAfter count: Int = 0) -> ScriptedOrigin {
        ScriptedOrigin { origin, connection in
            let isFirst = origin.connectionCount == 1
            while true {
                let head = WireResponse(head: try origin.request(connection))
                let length = head.field("content-length").flatMap { Int($0) } ?? 0
                if isFirst, length > 0 {
                    _ = try connection.read(count)
                    return connection.reset()
                }
                if !interim.isEmpty, length > 0 { try connection.send(interim) }
                let body = try connection.read(length)
                try connection.send(
                    ScriptedOrigin.ok(String(decoding: body, as: UTF8.self), "Cache-Control: no-store\r\n"))
            }
        }
    }

    /// Makes the edge's loop sleep for a while.
    private final class Loops: Sendable {
        let edge = Mutex<TestEdge?>(nil)

        /// Returns once it sleeps.
        func sleep() {
            guard let edge = edge.withLock({ $0 }) else { return }
            let isAsleep = Atomic<Bool>(false)
            edge.server.workers[0].loop.execute {
                isAsleep.store(true, ordering: .relaxed)
                usleep(1_000_000)
            }
            while !isAsleep.load(ordering: .relaxed) { usleep(100) }
        }
    }

    private func waitForRequests(_ count: Int, _ origin: ScriptedOrigin) {
        for _ in 0..<4000 where origin.requests.count < count { usleep(5_000) }
    }

    @Test func whatHasNotBegunGoesOutAgain() throws {
        let origin = Self.origin()
        let edge = try TestEdge(origin: origin.port) { $0.workers = 1 }
        let client = try edge.connect()
        #expect(try client.get("/").status == 200)
        try client.send("PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\n")
        waitForRequests(3, origin)
        try client.send("hello")
        #expect(try client.response().text == "hello")
        let event = edge.events(2)[1]
        #expect(event["origin.retries"] == "1")
        #expect(event["http.request.body.bytes"] == "5")
        #expect(origin.connectionCount == 2)
    }

    @Test func whoeverWaitsForLeaveGetsItOnce() throws {
        let origin = Self.origin(says: "HTTP/1.1 100 Continue\r\n\r\n")
        let edge = try TestEdge(origin: origin.port) {
            $0.workers = 1
            $0.continueTimeoutMilliseconds = 60_000
        }
        let client = try edge.connect()
        #expect(try client.get("/").status == 200)
        try client.send("PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        #expect(try client.readHead().hasPrefix("HTTP/1.1 100 "))
        try client.send("hello")
        #expect(try client.response().text == "hello")
        #expect(origin.requests.count == 3)
        #expect(origin.requests.dropFirst().allSatisfy { WireResponse(head: $0).field("expect") == "100-continue" })
    }

    /// What was sent of a body is gone.
    @Test func whatHasBegunIsNotRepeated() throws {
        let origin = Self.origin(breaksOnlyAfter: 2)
        let edge = try TestEdge(origin: origin.port) { $0.workers = 1 }
        let client = try edge.connect()
        #expect(try client.get("/").status == 200)
        try client.send("PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhe")
        #expect(try client.response().status == 502)
        #expect(origin.requests.count == 2)
    }

    /// The origin may have acted on the head alone, and a proxy must not repeat it (RFC 9110, 9.2.2).
    @Test func aPostIsNotRepeatedEvenWithoutItsBody() throws {
        let origin = Self.origin()
        let edge = try TestEdge(origin: origin.port) { $0.workers = 1 }
        let client = try edge.connect()
        #expect(try client.get("/").status == 200)
        try client.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\n")
        #expect(try client.response().status == 502)
        #expect(origin.requests.count == 2)
    }

    /// Whether the origin has closed a connection is asked before a request goes out on it that could not go out again.
    @Test(arguments: [
        "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n",
    ])
    func noPostGoesOutOnAClosedConnection(request: String) throws {
        let loops = Loops()
        let origin = ScriptedOrigin { origin, connection in
            let isFirst = origin.connectionCount == 1
            let head = WireResponse(head: try origin.request(connection))
            let body = try connection.read(head.field("content-length").flatMap { Int($0) } ?? 0)
            // While the edge's loop sleeps answer and end arrive; it hears of the answer first.
            if isFirst { loops.sleep() }
            try connection.send(ScriptedOrigin.ok(String(decoding: body, as: UTF8.self), "Cache-Control: no-store\r\n"))
        }
        let edge = try TestEdge(origin: origin.port) { $0.workers = 1 }
        loops.edge.withLock { $0 = edge }
        defer { loops.edge.withLock { $0 = nil } }
        let client = try edge.connect()
        // Both at once: the second request is taken in the turn in which the first one is answered.
        try client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n" + request)
        #expect(try client.response().status == 200)
        let response = try client.response()
        #expect(response.status == 200)
        #expect(request.hasSuffix("\r\n\r\n" + response.text))
        #expect(edge.events(2)[1]["origin.retries"] == "0")
        #expect(origin.connectionCount == 2)
    }
}
