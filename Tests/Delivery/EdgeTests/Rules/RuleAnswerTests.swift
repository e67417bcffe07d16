import Edge
import Glibc
import Runtime
import Testing

/// Answers of rules, and what rules make of the edge's own pages, on the wire.
@Suite struct RuleAnswerTests {
    private func ruleSet(_ rules: [String]) throws -> RuleSet {
        try #require(RuleSet.compile(rules.map(ScenarioRules.rule), origins: ["main"], allowsESI: false).set)
    }

    private func edge(_ rules: [String], origin: UInt16? = nil) throws -> TestEdge {
        let set = try ruleSet(rules)
        return try TestEdge(origin: origin) {
            $0.workers = 1
            $0.rules.set = set
        }
    }

    /// The values of all lines of a name.
    private func values(_ name: String, _ answer: WireResponse) -> [String] {
        answer.head.split(separator: "\r\n").filter { $0.lowercased().hasPrefix("\(name): ") }.map {
            String($0.dropFirst(name.count + 2))
        }
    }

    // MARK: Requests with a body

    private static let uploads = ["no | - | http.request.method = 'POST' | deny", "ok | - | - | respond 200 fine"]

    @Test(arguments: [
        ("Content-Length: 5\r\n\r\n", "abcde"), ("Content-Length: 5\r\n\r\nab", "cde"),
        ("Transfer-Encoding: chunked\r\n\r\n5\r\nab", "cde\r\n0\r\n\r\n"),
    ])
    func aShortBodyIsSkipped(head: String, rest: String) throws {
        let edge = try edge(Self.uploads)
        let client = try edge.connect()
        try client.send("POST / HTTP/1.1\r\nHost: t\r\n\(head)")
        let answer = try client.response()
        #expect(answer.status == 403 && answer.field("connection") == nil)
        try client.send(rest)
        #expect(try client.get("/").text == "fine")
    }

    /// The answer waits for its reader while the body does not come.
    @Test func aLongAnswerKeepsTheConnectionToo() throws {
        let body = String(repeating: "x", count: 200_000)
        let edge = try edge(["big | - | http.request.method = 'POST' | respond 200 \(body)", Self.uploads[1]])
        let client = try edge.connect()
        try client.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\n")
        #expect(try client.response().body.count == 200_000)
        try client.send("abcde")
        #expect(try client.get("/").text == "fine")
    }

    /// Also where the client waits to be told to go on: whether it sends its body after all nobody knows.
    @Test(arguments: ["Content-Length: 100000\r\n\r\n", "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n"])
    func aLongBodyEndsTheConnection(head: String) throws {
        let edge = try edge(Self.uploads)
        let client = try edge.connect()
        try client.send("POST / HTTP/1.1\r\nHost: t\r\n\(head)")
        let answer = try client.response()
        #expect(answer.status == 403 && answer.field("connection") == "close")
        #expect(client.isEnded())
    }

    @Test func aBodyWithoutEndEndsTheConnection() throws {
        let edge = try edge(Self.uploads)
        let client = try edge.connect()
        try client.send("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n")
        #expect(try client.response().status == 403)
        try? client.send("20000\r\n" + String(repeating: "x", count: 0x20000))
        #expect(client.isEnded())
    }

    @Test func aStreamWithABodyIsAnswered() throws {
        let edge = try edge(Self.uploads)
        let client = try FrameClient(edge.connect())
        try client.request(1, "POST", ends: false)
        #expect(try client.response(1).body == Array("403 Forbidden\n".utf8))
        try client.request(3)
        #expect(try client.response(3).body == Array("fine".utf8))
    }

    // MARK: Errors

    @Test func rulesChangeTheFieldsOfTheEdgesPage() throws {
        let edge = try edge([
            "page | error | http.response.status_code = 405 | set_header Cache-Control max-age=5 | "
                + "drop_header Content-Type | add_header X-A 1",
            "tea | error | url.path = '/tea' | respond 418 tea",
        ])
        let page = try edge.get("/", method: "TRACE")
        #expect(page.status == 405 && page.text.hasPrefix("405 "))
        #expect(values("cache-control", page) == ["max-age=5"])
        #expect(values("content-type", page).isEmpty)
        #expect(values("allow", page).count == 1)
        #expect(values("x-a", page) == ["1"])
        let tea = try edge.get("/tea", method: "TRACE")
        #expect(tea.status == 418 && tea.text == "tea")
        #expect(values("cache-control", tea) == ["max-age=5"])
        #expect(values("allow", tea).count == 1)
        #expect(values("x-a", tea) == ["1"] && values("x-rule", tea) == ["/tea"])
    }

    @Test func anAnswerOutweighsThePage() throws {
        let edge = try edge([
            "page | error | - | set_header X-Rule page | add_header X-A 1", "tea | error | - | respond 418 tea",
        ])
        let tea = try edge.get("/", method: "TRACE")
        #expect(values("x-rule", tea) == ["/"] && values("x-a", tea) == ["1"])
        #expect(values("content-type", tea) == ["text/plain; charset=utf-8"])
        #expect(values("cache-control", tea) == ["no-store"])
    }

    // MARK: Events

    /// Numbers of rules that a request met before a reload mean others after it.
    @Test func anEventNamesTheRulesOfItsTime() throws {
        let (asked, goesOn) = (Monitor(false), Monitor(false))
        let origin = ScriptedOrigin(answer: { head in
            if head.hasPrefix("GET /slow ") {
                asked.update { $0 = true }
                _ = goesOn.wait(timeoutNanoseconds: 20_000_000_000) { $0 ? true : nil }
            }
            return ScriptedOrigin.ok("x", "Cache-Control: no-store\r\n")
        })
        let old = try ruleSet(["old | - | - | set_header X-Old 1"])
        var settings = EdgeSettings()
        let edge = try TestEdge(origin: origin.port) {
            $0.workers = 1
            $0.rules.set = old
            settings = $0
        }
        let client = try edge.connect()
        try client.send("GET /slow HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(asked.wait(timeoutNanoseconds: 20_000_000_000) { $0 ? true : nil } == true)
        settings.rules.set = try ruleSet(["new | deliver | - | set_header X-New 1"])
        edge.server.reload(settings)
        for _ in 0..<1_000 {
            if try edge.get("/probe").field("x-new") != nil { break }
            usleep(5_000)
        }
        goesOn.update { $0 = true }
        #expect(try client.response().field("x-new") == "1")
        #expect(edge.event(of: "/slow")?["rule.name"] == "old,new")
    }
}
