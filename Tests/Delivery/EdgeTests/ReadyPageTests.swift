import Codings
import ESI
import Glibc
import HTTPCache
import Testing

@testable import Edge

/// Pages of stored fragments that are kept as they were put together last: what changes about them is seen at once.
@Suite struct ReadyPageTests {
    private static let page = "1<esi:include src=\"/a\"/>2<esi:include src=\"/b?x=1\"/>3"
    private static let asks = "Surrogate-Control: content=\"ESI/1.0\"\r\nContent-Type: text/html\r\n"

    /// An origin whose answers count up, each by its path.
    private func site(
        page: String = page, _ pageControl: String = "max-age=600", _ fields: [String: String] = [:]
    ) -> ScriptedOrigin {
        ScriptedOrigin { origin, connection in
            while true {
                let head = try origin.request(connection)
                let path = String(head.split(separator: " ")[1])
                let count = origin.requests.count { $0.contains("GET \(path) ") }
                if path == "/" {
                    try connection.send(ScriptedOrigin.ok(page, Self.asks + "Cache-Control: \(pageControl)\r\n"))
                } else {
                    let fields = fields[path] ?? "Cache-Control: max-age=600\r\nCache-Tag: \(path)\r\n"
                    try connection.send(
                        ScriptedOrigin.ok("\(path.dropFirst().first!)\(count)", fields + "Content-Type: text/plain\r\n")
                    )
                }
            }
        }
    }

    private func edge(_ origin: ScriptedOrigin, _ change: @escaping (inout EdgeSettings) -> Void = { _ in }) throws
        -> TestEdge
    {
        try TestEdge(origin: origin.port) {
            $0.esi.isEnabled = true
            $0.workers = 1
            change(&$0)
        }
    }

    @Test func purgesAreSeen() throws {
        let edge = try edge(site())
        let client = try edge.connect()
        for _ in 0..<4 { #expect(try client.get("/").text == "1a12b13") }
        let cache = edge.server.cache
        #expect(cache.purge(.tag(Array("/a".utf8)), isSoft: false, now: 0) == 1)
        for _ in 0..<3 { #expect(try client.get("/").text == "1a22b13") }
        // Stale since 1970, so it is asked for again.
        #expect(cache.purge(.tag(Array("/b?x=1".utf8)), isSoft: true, now: 1) == 1)
        for _ in 0..<3 { #expect(try client.get("/").text == "1a22b23") }
        cache.invalidateAll()
        for _ in 0..<3 { #expect(try client.get("/").text == "1a32b33") }
    }

    @Test func lifetimesAreKept() throws {
        let edge = try edge(site("max-age=600", ["/a": "Cache-Control: max-age=1\r\n"]))
        let client = try edge.connect()
        var texts: Set<String> = []
        var ages: Set<String> = []
        for _ in 0..<2_000 where !texts.contains("1a22b13") {
            let response = try client.get("/")
            texts.insert(response.text)
            ages.insert(response.field("cache-status") ?? "")
            usleep(2_000)
        }
        #expect(texts == ["1a12b13", "1a22b13"])
        // Each second has a head of its own.
        #expect(ages.count >= 2)
    }

    @Test func clientsThatGetOthersAreTold() throws {
        let origin = site("max-age=600", ["/a": "Cache-Control: public, max-age=600\r\n"])
        let edge = try edge(origin)
        let client = try edge.connect()
        for _ in 0..<3 { #expect(try client.get("/").text == "1a12b13") }
        // Of the two fragments only one may go to whoever says who he is.
        #expect(try client.get("/", "Authorization: Basic eDp5\r\n").text == "1a12b23")
        #expect(try client.get("/").text == "1a12b13")
        #expect(try client.get("/", method: "HEAD").body.isEmpty)
        #expect(try client.get("/", "If-None-Match: *\r\nRange: bytes=0-0\r\n").text == "1a12b13")
    }

    @Test func theBodyIsCompressedForThoseWhoTakeIt() throws {
        let text = String(repeating: "text ", count: 500)
        let edge = try edge(site(page: text + Self.page))
        let client = try edge.connect()
        for accept in ["", "", "gzip", "", "br", "gzip;q=0"] {
            let response = try client.get("/", accept.isEmpty ? "" : "Accept-Encoding: \(accept)\r\n")
            let name = accept == "gzip;q=0" || accept.isEmpty ? nil : accept
            #expect(response.field("content-encoding") == name && response.field("vary") == "Accept-Encoding")
            #expect(response.field("content-type") == "text/html" && response.field("cache-control") == "max-age=600")
            var out = response.body
            if let coding = ContentCoding.allCases.first(where: { $0.token == name }) {
                out = []
                try ContentDecoder(coding, limit: 1 << 20).decode(response.body.span, into: &out)
            }
            #expect(String(decoding: out, as: UTF8.self) == text + "1a12b13")
        }
    }

    @Test func itsEventsAreThoseOfAnyPage() throws {
        let edge = try edge(site())
        let client = try edge.connect()
        for number in 0..<5 { _ = try client.get("/", "User-Agent: agent\(number)\r\nReferer: /from\(number)\r\n") }
        let events = edge.events(15)
        let pages = events.filter { $0["url.path"] == "/" }
        #expect(pages.count == 5 && Set(pages.map { $0["esi.page"] }).count == 5)
        for page in pages.suffix(3) {
            #expect(page["esi.includes"] == "2" && page["esi.bytes"] == "4" && page["cache.status"] == "hit")
            #expect(page["esi.slowest.url"] == "http://test/a")
            let fragments = events.filter { $0["esi.parent"] == page["esi.page"] }
            #expect(fragments.map { $0["url.path"] ?? "" }.sorted() == ["/a", "/b"])
            for fragment in fragments {
                #expect(fragment["url.query"] == (fragment["url.path"] == "/b" ? "x=1" : nil))
                for field in [
                    "@timestamp", "user_agent.original", "http.request.referrer", "client.port", "url.domain",
                ] {
                    #expect(fragment[field] == page[field])
                }
                #expect(fragment["event.duration"] == page["esi.slowest.duration"])
                #expect(fragment["cache.status"] == "hit" && fragment["http.response.body.bytes"] == "2")
                #expect(fragment["http.response.mime_type"] == "text/plain" && fragment["esi.page"] == nil)
                #expect(fragment["http.request.bytes"] == "0" && fragment["esi.includes"] == nil)
            }
        }
        #expect(edge.server.counters.fragments == 10 && edge.server.counters.requests == 5)
    }

    /// Blocks are handed over by how many rows they make, not by how many pages they hold.
    @Test func blocksOfManyFragments() throws {
        let page = (0..<100).map { "<esi:include src=\"/f\($0 % 2)\"/>" }.joined()
        let edge = try edge(site(page: page)) { $0.eventHandOverMilliseconds = 60_000 }
        let client = try edge.connect()
        for _ in 0..<50 { _ = try client.get("/") }
        let events = edge.events(4_000)
        #expect(events.count >= 4_000 && events.count { $0["url.path"] == "/f1" } >= 1_900)
    }

    /// What was compiled by other settings is of no use.
    @Test func newSettingsHold() throws {
        let origin = site()
        let edge = try edge(origin)
        let client = try edge.connect()
        for _ in 0..<3 { #expect(try client.get("/").text == "1a12b13") }
        var settings = edge.server.settings
        settings.esi.page.maximumIncludes = 1
        edge.server.reload(settings)
        var status = 200
        for _ in 0..<4_000 where status == 200 {
            status = try edge.get("/").status
            usleep(5_000)
        }
        #expect(status == 500)
    }
}
