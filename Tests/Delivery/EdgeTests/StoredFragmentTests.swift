import HTTPCache
import Testing

@testable import Edge

/// Fragments that the cache has: put in by a look-up, with all that an exchange of their own would have done.
@Suite struct StoredFragmentTests {
    private static let asks = "Surrogate-Control: content=\"ESI/1.0\"\r\nContent-Type: text/html\r\n"
    private static let fresh = "Cache-Control: max-age=60\r\nContent-Type: text/plain; charset=utf-8\r\n"
    /// Without a decision, and with one.
    static let pages = [
        "1<esi:include src=\"/a?x=1\"/>2<esi:include src=\"/b\"/>3",
        "<esi:vars>1</esi:vars><esi:include src=\"/a?x=1\"/>2<esi:include src=\"/b\"/>3",
    ]

    private func site(_ page: String, _ more: [String: String] = [:]) -> ScriptedOrigin {
        var answers = [
            "/": ScriptedOrigin.ok(page, Self.asks + "Cache-Control: max-age=60\r\n"),
            "/a?x=1": ScriptedOrigin.ok("A", Self.fresh), "/b": ScriptedOrigin.ok("BB", Self.fresh),
        ]
        answers.merge(more) { $1 }
        let fixed = answers
        return ScriptedOrigin { head in
            fixed[String(head.split(separator: " ")[1])] ?? "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        }
    }

    @Test(arguments: pages)
    func eachLeavesItsEvent(page: String) throws {
        let origin = site(page)
        let edge = try TestEdge(origin: origin.port) {
            $0.esi.isEnabled = true
            $0.workers = 1
        }
        let client = try edge.connect()
        for _ in 0..<4 {
            let response = try client.get("/", "User-Agent: tester\r\n")
            #expect(response.text == "1A2BB3" && response.field("content-type") == "text/html")
        }
        #expect(try client.get("/").field("content-length") == "6")
        #expect(origin.requests.count == 3)
        let events = edge.events(15)
        let last = try #require(events.last { $0["url.path"] == "/" && $0["user_agent.original"] == "tester" })
        #expect(last["esi.includes"] == "2" && last["esi.failed"] == "0" && last["esi.bytes"] == "3")
        #expect(last["esi.slowest.url"]?.hasPrefix("http://test/") == true)
        let fragments = events.filter { $0["esi.parent"] == last["esi.page"] }
        #expect(fragments.map { $0["url.path"] ?? "" }.sorted() == ["/a", "/b"])
        for fragment in fragments {
            #expect(fragment["cache.status"] == "hit" && fragment["http.response.status_code"] == "200")
            #expect(fragment["url.domain"] == "test" && fragment["user_agent.original"] == "tester")
            #expect(fragment["http.response.mime_type"] == "text/plain")
            #expect(fragment["url.query"] == (fragment["url.path"] == "/a" ? "x=1" : nil))
        }
        #expect(edge.server.counters.requests == 5 && edge.server.counters.fragments == 10)
    }

    /// What a look-up alone does not answer goes the longer way, with the rest of the page.
    @Test(arguments: [
        ("/b", "Vary: X-Kind\r\n", "BB"), ("/b", "Surrogate-Control: content=\"ESI/1.0\"\r\n", "BB"),
        ("/no-store", "", "N"),
    ])
    func othersAreAskedFor(path: String, fields: String, text: String) throws {
        let page = "1<esi:include src=\"/a?x=1\"/><esi:include src=\"\(path)\"/>2"
        let origin = site(
            page,
            [
                "/b": ScriptedOrigin.ok("BB", Self.fresh + fields),
                "/no-store": ScriptedOrigin.ok("N", "Cache-Control: no-store\r\n"),
            ])
        let edge = try TestEdge(origin: origin.port) { $0.esi.isEnabled = true }
        let client = try edge.connect()
        for kind in ["x", "y", "x"] {
            #expect(try client.get("/", "X-Kind: \(kind)\r\n").text == "1A\(text)2")
        }
        let asked = origin.requests.filter { $0.contains("GET \(path) ") }.count
        #expect(asked == (path == "/no-store" ? 3 : fields.hasPrefix("Vary") ? 2 : 1))
    }

    @Test func aFragmentThatIsGoneFromTheCacheIsFetchedAgain() throws {
        let origin = site(Self.pages[0])
        let edge = try TestEdge(origin: origin.port) { $0.esi.isEnabled = true }
        let client = try edge.connect()
        for _ in 0..<3 { #expect(try client.get("/").text == "1A2BB3") }
        edge.server.cache.invalidateAll()
        for _ in 0..<3 { #expect(try client.get("/").text == "1A2BB3") }
        #expect(origin.requests.count == 6)
    }

    @Test func ofAHeadRequestNothingIsAssembled() throws {
        let origin = site(Self.pages[0])
        let edge = try TestEdge(origin: origin.port) { $0.esi.isEnabled = true }
        let client = try edge.connect()
        for _ in 0..<2 { #expect(try client.get("/").text == "1A2BB3") }
        let head = try client.get("/", method: "HEAD")
        #expect(head.status == 200 && head.body.isEmpty && head.field("content-length") == nil)
    }
}
