import Glibc
import Testing
import Upstream

@testable import Edge

@Suite struct ProxyTests {
    @Test func aRequestIsForwardedWithWhatAProxyAddsAndWithoutWhatItDrops() throws {
        let origin = ScriptedOrigin { _ in
            ScriptedOrigin.ok(
                "hello", "Connection: X-Private\r\nX-Private: 1\r\nKeep-Alive: timeout=5\r\nX-Kept: 1\r\n")
        }
        let edge = try TestEdge(origin: origin.port)
        let response = try edge.get(
            "/a?b=c", "Connection: X-Secret, keep-alive\r\nX-Secret: 1\r\nTE: trailers\r\nX-Forwarded-For: 1.2.3.4\r\n")
        #expect(response.status == 200)
        #expect(response.text == "hello")
        #expect(response.field("via") == "1.1 test-edge")
        #expect(response.field("x-kept") == "1")
        #expect(response.field("x-private") == nil)
        #expect(response.field("keep-alive") == nil)
        #expect(response.field("date") != nil)
        let request = WireResponse(head: origin.requests[0])
        #expect(request.head.hasPrefix("GET /a?b=c HTTP/1.1\r\n"))
        #expect(request.field("host") == "test")
        #expect(request.field("via") == "1.1 test-edge")
        #expect(request.field("x-secret") == nil)
        #expect(request.field("te") == nil)
        #expect(request.field("x-forwarded-for") == "127.0.0.1")
        #expect(request.field("forwarded") == "for=127.0.0.1;proto=http")
    }

    @Test func connectionsAreKeptOnBothSides() throws {
        let origin = ScriptedOrigin { head in ScriptedOrigin.ok(String(head.prefix(6)), "Cache-Control: no-store\r\n") }
        let edge = try TestEdge(origin: origin.port)
        let client = try edge.connect()
        for index in 0..<10 { #expect(try client.get("/\(index)").text == "GET /\(index)") }
        #expect(origin.connectionCount == 1)
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() throws {
        let origin = ScriptedOrigin { head in
            if head.hasPrefix("GET /slow") { usleep(50_000) }
            return ScriptedOrigin.ok(String(head.split(separator: " ")[1]), "Cache-Control: no-store\r\n")
        }
        let edge = try TestEdge(origin: origin.port)
        let client = try edge.connect()
        var all = ""
        for index in 0..<20 { all += "GET /\(index == 3 ? "slow" : "\(index)") HTTP/1.1\r\nHost: t\r\n\r\n" }
        try client.send(all)
        for index in 0..<20 { #expect(try client.response().text == "/\(index == 3 ? "slow" : "\(index)")") }
    }

    @Test func chunkedBodiesAndTrailersPassBothWays() throws {
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            let (body, trailers) = try connection.readChunked()
            let size = String(body.count, radix: 16)
            try connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n\(size)\r\n")
            try connection.send(body)
            try connection.send("\r\n0\r\nX-Sum: \(trailers.split(separator: "\n").first ?? "")\r\n\r\n")
        }
        let edge = try TestEdge(origin: origin.port)
        let client = try edge.connect()
        try client.send("POST /up HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n")
        try client.send("4;ext=1\r\nWiki\r\n5\r\npedia\r\n")
        usleep(10_000)
        try client.send("0\r\nX-Check: 42\r\n\r\n")
        let response = try client.response()
        #expect(response.text == "Wikipedia")
        #expect(response.trailers.contains("X-Sum: X-Check: 42"))
        let event = edge.events(1)[0]
        #expect(event["http.request.body.bytes"] == "9")
        #expect(event["http.response.body.bytes"] == "9")
    }

    @Test func expect100ContinueWaitsForTheOriginsWord() throws {
        let origin = ScriptedOrigin { origin, connection in
            let head = try origin.request(connection)
            guard WireResponse(head: head).field("expect") == "100-continue" else { return }
            if head.hasPrefix("PUT /no") {
                return try connection.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
            }
            try connection.send("HTTP/1.1 100 Continue\r\n\r\n")
            _ = try connection.read(5)
            // It takes one request a connection; the next must not meet its end.
            try connection.send(ScriptedOrigin.ok("got it", "Connection: close\r\n"))
        }
        // The edge's own word would come before that of an origin that is slow to be scheduled.
        let edge = try TestEdge(origin: origin.port) { $0.continueTimeoutMilliseconds = 60_000 }
        let client = try edge.connect()
        try client.send("PUT /yes HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        #expect(try client.readHead().hasPrefix("HTTP/1.1 100 "))
        try client.send("hello")
        #expect(try client.response().text == "got it")
        let refused = try edge.connect()
        try refused.send("PUT /no HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        let response = try refused.response()
        #expect(response.status == 417)
        #expect(response.field("connection") == "close")
        #expect(refused.isEnded())
    }

    @Test func aSilentOriginDoesNotKeepAnExpectingClientWaiting() throws {
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            _ = try connection.read(5)
            try connection.send(ScriptedOrigin.ok("late"))
        }
        let edge = try TestEdge(origin: origin.port) { $0.continueTimeoutMilliseconds = 50 }
        let client = try edge.connect()
        try client.send("PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        #expect(try client.readHead().hasPrefix("HTTP/1.1 100 "))
        try client.send("hello")
        #expect(try client.response().text == "late")
    }

    @Test func earlyHintsPassAndHeadHasNoBody() throws {
        let origin = ScriptedOrigin { head in
            if head.hasPrefix("HEAD") { return "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n" }
            return "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ScriptedOrigin.ok("x")
        }
        let edge = try TestEdge(origin: origin.port)
        let client = try edge.connect()
        let head = try client.get("/h", method: "HEAD")
        #expect(head.field("content-length") == "1234")
        try client.send("GET /e HTTP/1.1\r\nHost: t\r\n\r\n")
        let hints = try client.readHead()
        #expect(hints.hasPrefix("HTTP/1.1 103 ") && hints.contains("Link: </a>"))
        #expect(try client.response().text == "x")
    }

    @Test func http10ClientsGetBodiesTheyUnderstand() throws {
        let origin = ScriptedOrigin { _ in
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        }
        let edge = try TestEdge(origin: origin.port)
        let client = try edge.connect()
        try client.send("GET / HTTP/1.0\r\n\r\n")
        let response = try client.response()
        #expect(response.field("transfer-encoding") == nil)
        #expect(response.text == "abc")
        #expect(client.isEnded())
    }

    @Test func absoluteTargetsNameTheHost() throws {
        let origin = ScriptedOrigin { _ in ScriptedOrigin.ok("x") }
        let edge = try TestEdge(origin: origin.port)
        let client = try edge.connect()
        try client.send("GET http://other.example:81/p?q HTTP/1.1\r\nHost: other.example:81\r\n\r\n")
        _ = try client.response()
        #expect(origin.requests[0].hasPrefix("GET /p?q HTTP/1.1\r\nHost: other.example:81\r\n"))
        #expect(edge.events(1)[0]["url.domain"] == "other.example")
    }

    @Test func aStaleKeptConnectionIsReplacedWithoutTheClientNoticing() throws {
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            try connection.send(ScriptedOrigin.ok("x", "Cache-Control: no-store\r\n"))
            // Takes the next request's head, and breaks without an answer.
            if origin.connectionCount == 1 {
                _ = try origin.request(connection)
                connection.reset()
            }
        }
        let edge = try TestEdge(origin: origin.port) { $0.workers = 1 }
        let client = try edge.connect()
        #expect(try client.get("/1").text == "x")
        #expect(try client.get("/2").text == "x")
        let events = edge.events(2)
        #expect(events[1]["origin.retries"] == "1")
        #expect(events[1]["http.response.status_code"] == "200")
    }

    @Test func aPostIsNotRepeated() throws {
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            try connection.send(ScriptedOrigin.ok("x"))
            _ = try origin.request(connection)
            connection.reset()
        }
        let edge = try TestEdge(origin: origin.port) { $0.workers = 1 }
        let client = try edge.connect()
        _ = try client.get("/1", "Cache-Control: no-cache\r\n")
        #expect(try client.get("/2", method: "POST").status == 502)
        #expect(origin.requests.count == 2)
    }

    @Test func hostsChooseTheirOrigin() throws {
        let one = ScriptedOrigin { _ in ScriptedOrigin.ok("one") }
        let two = ScriptedOrigin { _ in ScriptedOrigin.ok("two") }
        let edge = try TestEdge(origin: one.port) { settings in
            var named = settings.origins[0]
            named.name = "two"
            named.endpoints[0].name = "two"
            named.endpoints[0].port = two.port
            named.hosts = ["Two.example"]
            settings.origins[0].hosts = ["test"]
            settings.origins.append(named)
        }
        let client = try edge.connect()
        #expect(try client.get("/").text == "one")
        try client.send("GET / HTTP/1.1\r\nHost: TWO.example:8080\r\n\r\n")
        #expect(try client.response().text == "two")
        try client.send("GET / HTTP/1.1\r\nHost: three.example\r\n\r\n")
        #expect(try client.response().status == 421)
    }

    /// The lines are made once for a connection, but by the settings that hold.
    @Test func aReloadChangesHowOpenConnectionsAreTold() throws {
        let origin = ScriptedOrigin { _ in ScriptedOrigin.ok("x", "Cache-Control: no-store\r\n") }
        let edge = try TestEdge(origin: origin.port)
        let client = try edge.connect()
        for (index, style) in [EdgeSettings.ForwardedHeaders.both, .forwarded, .xForwardedFor, .none].enumerated() {
            var settings = edge.server.settings
            settings.forwardedHeaders = style
            edge.server.reload(settings)
            for round in 0..<2 {
                #expect(try client.get("/\(index)/\(round)").status == 200)
                let request = try #require(origin.requests.last)
                let isForwarded = style == .both || style == .forwarded
                let isExtended = style == .both || style == .xForwardedFor
                #expect(request.contains("Forwarded: for=127.0.0.1;proto=http\r\n") == isForwarded)
                #expect(request.contains("X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\n") == isExtended)
                #expect(request.contains("X-Forwarded-Host: test\r\n") == isExtended)
            }
        }
    }
}
