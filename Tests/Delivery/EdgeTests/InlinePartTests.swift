import ESI
import HTTPCache
import Testing

@testable import Edge

/// Parts of stored pages that answer requests of their own (`<esi:inline fetchable="yes">`), and Surrogate-Control.
@Suite struct InlinePartTests {
    private static let asks = "Surrogate-Control: content=\"ESI/1.0\"\r\nContent-Type: text/html\r\n"

    private func edge(_ page: String, _ fields: String, _ change: (inout EdgeSettings) -> Void = { _ in }) throws
        -> (ScriptedOrigin, TestEdge)
    {
        let origin = ScriptedOrigin { head in
            head.contains("GET / ")
                ? ScriptedOrigin.ok(page, Self.asks + fields) : "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        }
        let edge = try TestEdge(origin: origin.port) {
            $0.esi.isEnabled = true
            change(&$0)
        }
        return (origin, edge)
    }

    @Test func aPartAnswersItsOwnURL() throws {
        let (origin, edge) = try edge(
            "a<esi:inline name=\"/part\" fetchable=\"yes\">Part.</esi:inline>b",
            "Cache-Control: max-age=60\r\nSurrogate-Key: pages\r\n")
        #expect(try edge.get("/part").status == 404)
        #expect(try edge.get("/").text == "aPart.b")
        let part = try edge.get("/part")
        #expect(part.status == 200 && part.text == "Part." && part.field("content-type") == "text/html")
        #expect(part.field("cache-control") == "max-age=60" && part.field("surrogate-control") == nil)
        #expect(try edge.get("/part", "Range: bytes=1-2\r\n").text == "ar")
        #expect(origin.requests.count == 2)
        // A purge of the page's tag takes both.
        #expect(edge.server.cache.purge(.tag(Array("pages".utf8)), isSoft: false, now: 0) == 2)
        #expect(try edge.get("/part").status == 404)
    }

    @Test(arguments: [
        ("<esi:inline name=\"/part\" fetchable=\"no\">P</esi:inline>", "max-age=60"),
        ("<esi:inline name=\"/part\">P</esi:inline>", "max-age=60"),
        (
            "<esi:inline name=\"/part\" fetchable=\"yes\">P<esi:vars>$(HTTP_COOKIE{c})</esi:vars></esi:inline>",
            "max-age=60"
        ),
        ("<esi:inline name=\"http://other/part\" fetchable=\"yes\">P</esi:inline>", "max-age=60"),
        ("<esi:inline name=\"https://test/part\" fetchable=\"yes\">P</esi:inline>", "max-age=60"),
        ("<esi:inline name=\"/part\" fetchable=\"yes\">P</esi:inline>", "no-store"),
    ])
    func whatIsNobodyElses(page: String, control: String) throws {
        let (_, edge) = try edge(page, "Cache-Control: \(control)\r\n")
        for _ in 0..<2 { #expect(try edge.get("/", "Cookie: c=secret\r\n").text.hasPrefix("P")) }
        #expect(try edge.get("/part").status == 404)
        let client = try edge.connect()
        try client.send("GET /part HTTP/1.1\r\nHost: other\r\n\r\n")
        #expect(try client.response().status == 404)
    }

    @Test func itCanBeTurnedOff() throws {
        let (_, edge) = try edge(
            "<esi:inline name=\"/part\" fetchable=\"yes\">P</esi:inline>", "Cache-Control: max-age=60\r\n"
        ) { $0.esi.page.publishesInlines = false }
        #expect(try edge.get("/").text == "P")
        #expect(try edge.get("/part").status == 404)
    }

    @Test func surrogateControlSpeaksToTheEdgeAlone() throws {
        let answers = [
            "/kept": "Surrogate-Control: max-age=60\r\nCache-Control: private, no-store\r\n",
            "/refused": "Surrogate-Control: no-store\r\nCache-Control: max-age=60\r\n",
            "/both": "CDN-Cache-Control: no-store\r\nSurrogate-Control: max-age=60\r\n",
            "/neither": "Surrogate-Control: content=\"X/1\"\r\nCache-Control: max-age=60\r\n",
        ]
        let origin = ScriptedOrigin { head in
            ScriptedOrigin.ok("x", answers[String(head.split(separator: " ")[1])] ?? "")
        }
        let edge = try TestEdge(origin: origin.port)
        for (path, isKept) in [("/kept", true), ("/refused", false), ("/both", false), ("/neither", true)] {
            for _ in 0..<2 { #expect(try edge.get(path).field("surrogate-control") == nil) }
            #expect(origin.requests.filter { $0.contains(path) }.count == (isKept ? 1 : 2), "\(path)")
        }
        #expect(try edge.get("/kept").field("cache-control") == "private, no-store")
    }

    /// What was answered on the page is told all the same.
    @Test func errorsThatWereAnsweredAreInTheEvent() throws {
        let (_, edge) = try edge(
            "a\n<esi:include src=\"http://10.0.0.1/x\" onerror=\"continue\"/><esi:include src=\"/none\" onerror=\"continue\"/>b",
            "Cache-Control: max-age=60\r\n")
        #expect(try edge.get("/").text == "a\nb")
        let event = try #require(edge.events(2).first { $0["url.path"] == "/" })
        #expect(event["esi.refused"] == "1" && event["esi.error.code"] == "host" && event["esi.failed"] == "2")
        #expect(event["esi.error.message"]?.contains("10.0.0.1 (esi.allowed_hosts) at line 2, column 1") == true)
        #expect(event["error.code"] == nil)
        #expect(edge.server.counters.esiFaults == ["host": 1, "status": 1])
    }
}
