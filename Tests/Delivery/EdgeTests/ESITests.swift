import Glibc
import Synchronization
import Testing

@testable import Edge

@Suite struct EdgeESITests {
    private static let asks = "Surrogate-Control: content=\"ESI/1.0\"\r\nContent-Type: text/html\r\n"

    /// An origin with a page and fragments by path; a path may be slow.
    private func origin(_ answers: [String: String], slow: [String: Int] = [:]) -> ScriptedOrigin {
        ScriptedOrigin { head in
            let path = String(head.split(separator: " ")[1])
            if let milliseconds = slow[path] { usleep(UInt32(milliseconds) * 1000) }
            return answers[path] ?? "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        }
    }

    private func page(_ markup: String, _ fields: String = "") -> String {
        ScriptedOrigin.ok(markup, Self.asks + fields)
    }

    private func edge(_ origin: ScriptedOrigin, _ change: @escaping (inout EdgeSettings) -> Void = { _ in }) throws
        -> TestEdge
    {
        try TestEdge(origin: origin.port) {
            $0.esi.isEnabled = true
            change(&$0)
        }
    }

    @Test func aPageIsPutTogether() throws {
        let origin = origin([
            "/": page("<p><esi:include src=\"/a\"/>|<esi:vars>$(HTTP_HOST)</esi:vars>|<esi:include src=\"/b\"/></p>"),
            "/a": ScriptedOrigin.ok("A", "Cache-Control: max-age=60\r\nSet-Cookie: x=1\r\n"),
            "/b": ScriptedOrigin.ok("B", "Cache-Control: max-age=60\r\n"),
        ])
        let edge = try edge(origin)
        let response = try edge.get("/")
        #expect(response.status == 200)
        #expect(response.text == "<p>A|test|B</p>")
        #expect(response.field("surrogate-control") == nil && response.field("set-cookie") == nil)
        #expect(origin.requests[0].contains("Surrogate-Capability: test-edge=\"ESI/1.0 ESI-Inline/1.0\""))
        let events = edge.events(3)
        let pageEvent = try #require(events.first { $0["url.path"] == "/" })
        #expect(pageEvent["esi.includes"] == "2" && pageEvent["esi.failed"] == "0" && pageEvent["esi.bytes"] == "2")
        #expect(pageEvent["esi.slowest.url"]?.hasPrefix("http://test/") == true)
        for fragment in events where fragment["url.path"] != "/" {
            #expect(fragment["esi.parent"] == pageEvent["esi.page"] && fragment["cache.status"] == "miss")
        }
        #expect(edge.server.counters.requests == 1 && edge.server.counters.fragments == 2)
    }

    @Test func aCachedPageIsPutTogetherAnewFromTheCache() throws {
        let origin = origin([
            "/": page(
                "[<esi:include src=\"/a\"/><esi:vars>$(QUERY_STRING{x})$(HTTP_COOKIE{c})</esi:vars>]",
                "Cache-Control: max-age=60\r\nETag: \"t\"\r\n"),
            "/a": ScriptedOrigin.ok("A", "Cache-Control: max-age=60\r\n"),
        ])
        let edge = try edge(origin)
        let client = try edge.connect()
        for visitor in ["one", "two", "three"] {
            let response = try client.get("/", "Cookie: c=\(visitor)\r\nIf-None-Match: \"t\"\r\n")
            #expect(response.status == 200 && response.text == "[A\(visitor)]")
            #expect(response.field("etag") == nil && response.field("age") == nil)
            #expect(response.field("cache-control") == "max-age=60")
        }
        #expect(origin.requests.count == 2)
        let head = try client.get("/", method: "HEAD")
        #expect(head.status == 200 && head.body.isEmpty && head.field("content-length") == nil)
        let range = try client.get("/", "Range: bytes=0-1\r\n")
        #expect(range.status == 200 && range.text == "[A]")
    }

    @Test func partOfATemplateIsNotSent() throws {
        let origin = ScriptedOrigin { head in
            if head.contains("GET /a ") { return ScriptedOrigin.ok("A") }
            if head.lowercased().contains("range:") {
                return "HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\nContent-Range: bytes 0-3/40\r\n"
                    + "\(Self.asks)\r\n<esi"
            }
            return page("<esi:include src=\"/a\"/>", "Cache-Control: no-store\r\n")
        }
        let response = try edge(origin).get("/", "Range: bytes=0-3\r\n")
        #expect(response.status == 200 && response.text == "A")
    }

    @Test func fragmentsAreFetchedAtOnce() throws {
        var answers: [String: String] = [:]
        var slow: [String: Int] = [:]
        var markup = "start "
        for number in 0..<20 {
            answers["/f\(number)"] = ScriptedOrigin.ok("\(number) ", "Cache-Control: no-store\r\n")
            slow["/f\(number)"] = 200
            markup += "<esi:include src=\"/f\(number)\"/>"
        }
        answers["/"] = page(markup)
        let origin = origin(answers, slow: slow)
        let edge = try edge(origin)
        let response = try edge.get("/")
        #expect(response.text == "start " + (0..<20).map { "\($0) " }.joined())
        // One after the other they would take four seconds.
        let pageEvent = try #require(edge.events(21).first { $0["url.path"] == "/" })
        #expect(Int(pageEvent["event.duration"] ?? "0")! < 2_000_000_000)
    }

    @Test func errorsOfFragments() throws {
        let origin = origin(
            [
                "/continue": page("a<esi:include src=\"/missing\" onerror=\"continue\"/>b"),
                "/alt": page("a<esi:include src=\"/missing\" alt=\"/x\"/>b"),
                "/try": page(
                    "a<esi:try><esi:attempt><esi:include src=\"/missing\"/></esi:attempt><esi:except>E</esi:except></esi:try>b"
                ),
                "/fail": page("<esi:include src=\"/missing\"/>b"),
                "/late": page(
                    String(repeating: "x", count: 100_000) + "<esi:include src=\"/missing\"/>",
                    "Cache-Control: no-store\r\n"),
                "/slow": page("a<esi:include src=\"/hang\" maxwait=\"50\" onerror=\"continue\"/>b"),
                "/hang": ScriptedOrigin.ok("H"), "/x": ScriptedOrigin.ok("X"),
            ], slow: ["/hang": 3_000])
        let edge = try edge(origin)
        #expect((try? edge.get("/continue"))?.text == "ab")
        #expect((try? edge.get("/alt"))?.text == "aXb")
        #expect((try? edge.get("/try"))?.text == "aEb")
        #expect((try? edge.get("/slow"))?.text == "ab")
        let failed = try edge.get("/fail")
        #expect(failed.status == 502 && failed.text.contains("esi_status"))
        let event = try #require(edge.event(of: "/fail"))
        #expect(event["error.code"] == "esi_status" && event["error.source"] == "origin")
        #expect(event["error.message"]?.contains("404") == true && event["esi.failed"] == "1")
    }

    @Test func whatIsNotAskedForIsLeftAlone() throws {
        let origin = origin([
            "/plain": ScriptedOrigin.ok("<esi:vars>x</esi:vars>", "Content-Type: text/html\r\n"),
            "/css": ScriptedOrigin.ok("<esi:vars>x</esi:vars>", "Content-Type: text/css\r\n"),
        ])
        let edge = try edge(origin)
        #expect(try edge.get("/plain").text == "<esi:vars>x</esi:vars>")
        let always = try self.edge(origin) { $0.esi.processedHosts = ["test"] }
        let response = try always.get("/plain")
        #expect(response.text == "x" && response.field("cache-control") == "private, max-age=0")
        #expect(try always.get("/css").text == "<esi:vars>x</esi:vars>")
    }

    @Test func functionsChangeTheHead() throws {
        let origin = origin([
            "/": page(
                "text<esi:vars>$add_header('X-Made', 'yes')$set_response_code(403)</esi:vars>"),
            "/go": page("<esi:vars>$set_redirect('/elsewhere')</esi:vars>"),
        ])
        let edge = try edge(origin)
        let response = try edge.get("/")
        #expect(response.status == 403 && response.field("x-made") == "yes" && response.text == "text")
        let redirect = try edge.get("/go")
        #expect(redirect.status == 302 && redirect.field("location") == "/elsewhere" && redirect.body.isEmpty)
    }

    @Test func nestedFragmentsAndTheirLifetimes() throws {
        let origin = origin([
            "/": page("<esi:include src=\"/f\" dca=\"esi\" ttl=\"1h\"/>", "Cache-Control: max-age=60\r\n"),
            "/f": ScriptedOrigin.ok("(<esi:include src=\"/g\" ttl=\"10m\"/>)"),
            "/g": ScriptedOrigin.ok("G", "Surrogate-Control: no-store\r\n"),
        ])
        let edge = try edge(origin)
        #expect(try edge.get("/").text == "(G)")
        #expect(try edge.get("/").text == "(G)")
        #expect(origin.requests.count == 3)
    }

    @Test func postsAndHeadersGoWithFragments() throws {
        let origin = ScriptedOrigin { head in
            if head.hasPrefix("GET / ") {
                return page(
                    "<esi:include src=\"/p\" method=\"POST\" entity=\"a=1\" setheader=\"X-A: b\" removeheader=\"X-Gone\"/>"
                )
            }
            let isRight =
                head.hasPrefix("POST /p ") && head.contains("X-A: b") && !head.contains("X-Gone")
                && head.contains("Cookie: c=1") && head.contains("Content-Length: 3")
            return ScriptedOrigin.ok(isRight ? "right" : head)
        }
        #expect(try edge(origin).get("/", "Cookie: c=1\r\nX-Gone: 1\r\nRange: bytes=0-\r\n").text == "right")
    }

    @Test func aClientThatLeavesEndsThePage() throws {
        let origin = origin(
            [
                "/": page("start<esi:include src=\"/hang\"/>", "Cache-Control: no-store\r\n"),
                "/hang": ScriptedOrigin.ok("H"),
            ], slow: ["/hang": 1_000])
        let edge = try edge(origin)
        let client = try edge.connect()
        try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = try client.readHead()
        client.reset()
        let events = edge.events(2)
        #expect(events.count == 2)
        #expect(events.contains { $0["error.code"] == "esi_not_needed" })
    }

    @Test func largePagesFlowThrough() throws {
        let size = 8 << 20
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            try connection.send(
                "HTTP/1.1 200 OK\r\nContent-Length: \(size + 23)\r\nCache-Control: no-store\r\n\(Self.asks)\r\n")
            let piece = String(repeating: "0123456789abcde\n", count: 4_096)
            for _ in 0..<size / piece.utf8.count { try connection.send(piece) }
            try connection.send("<esi:vars>ok</esi:vars>")
        }
        let response = try edge(origin).get("/")
        #expect(response.body.count == size + 2)
        #expect(response.text.hasSuffix("ok"))
    }
}
