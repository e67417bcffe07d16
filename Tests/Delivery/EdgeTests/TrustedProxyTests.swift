import Edge
import Reactor
import Testing

/// What a proxy in front that is trusted says of its client, and what others say.
@Suite struct TrustedProxyTests {
    private static let claims =
        "X-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.example\r\nX-Forwarded-For: 192.0.2.7\r\n"

    private func edge(_ origin: ScriptedOrigin, isTrusted: Bool = true, rules: [String] = []) throws -> TestEdge {
        let set = RuleSet.compile(rules.map(ScenarioRules.rule), origins: ["main"], allowsESI: false).set
        return try TestEdge(origin: origin.port) {
            if isTrusted {
                $0.trustedProxies = [AddressBlock(base: .ipv4(127, 0, 0, 0, port: 0), prefixLength: 8)]
            }
            if !rules.isEmpty { $0.rules.set = set }
        }
    }

    private func origin() -> ScriptedOrigin {
        ScriptedOrigin(answer: { _ in ScriptedOrigin.ok("hi", "Cache-Control: max-age=60\r\n") })
    }

    /// The redirect to https of docs/rules.md ends where the proxy has the client's TLS.
    private static let secure = "tls | - | url.scheme = 'http' | redirect 308 https://${url.domain}${url.path}"

    @Test func itsWordOnTheSchemeIsTaken() throws {
        let origin = origin()
        let edge = try edge(origin, rules: [Self.secure])
        #expect(try edge.get("/a").status == 308)
        #expect(try edge.get("/a", Self.claims).status == 200)
        let request = WireResponse(head: origin.requests[0])
        #expect(request.field("host") == "test")
        #expect(request.field("x-forwarded-proto") == "https")
        #expect(request.field("x-forwarded-host") == "test")
        #expect(request.field("x-forwarded-for") == "192.0.2.7, 127.0.0.1")
        #expect(request.field("forwarded") == "for=127.0.0.1;proto=https")
        let events = edge.events(2)
        #expect(events.map { $0["url.scheme"] } == ["http", "https"])
        #expect(events.map { $0["client.ip"] } == ["127.0.0.1", "192.0.2.7"])
    }

    @Test func nobodyElsesIs() throws {
        let origin = origin()
        let edge = try edge(origin, isTrusted: false)
        #expect(try edge.get("/a", Self.claims).status == 200)
        let request = WireResponse(head: origin.requests[0])
        #expect(request.field("x-forwarded-proto") == "http" && request.field("x-forwarded-host") == "test")
        #expect(edge.events(1)[0]["url.scheme"] == "http")
        let strict = try self.edge(origin, isTrusted: false, rules: [Self.secure])
        #expect(try strict.get("/a", Self.claims).status == 308)
    }

    /// The nearest proxy's is the last; what is neither scheme says nothing.
    @Test(arguments: [
        ("https", "https"), ("http", "http"), ("http, https", "https"), ("https,http", "http"), ("HTTPS", "http"),
        ("httpsx", "http"), ("", "http"), ("https,", "http"),
    ])
    func theLastWordCounts(said: String, scheme: String) throws {
        let origin = origin()
        let edge = try edge(origin)
        #expect(try edge.get("/a", "X-Forwarded-Proto: \(said)\r\n").status == 200)
        #expect(WireResponse(head: origin.requests[0]).field("x-forwarded-proto") == scheme)
        #expect(edge.events(1)[0]["url.scheme"] == scheme)
    }

    /// A page over http, which may be a redirect, is not the one over https; the connection is the same.
    @Test func theSchemeIsPartOfTheKey() throws {
        let origin = origin()
        let edge = try edge(origin)
        let client = try edge.connect()
        for fields in [Self.claims, "", Self.claims, ""] { #expect(try client.get("/a", fields).status == 200) }
        #expect(origin.requests.count == 2)
    }
}
