import Edge
import HTTPCache
import Reactor
import Testing
import Upstream

/// Answers of different origins have different keys.
@Suite struct RuleOriginTests {
    private typealias Asked = (url: String, headers: [(String, String)])

    private func explain(_ rules: [String], _ asked: Asked) throws -> RequestExplanation {
        var settings = EdgeSettings()
        settings.origins = ["main", "next"].map { name in
            EdgeOrigin(
                name: name, endpoints: [OriginSettings(name: name, host: "127.0.0.1", port: 9)],
                hosts: name == "next" ? ["next.test"] : [])
        }
        let (set, faults) = RuleSet.compile(
            rules.map(ScenarioRules.rule), origins: ["main", "next"], allowsESI: false)
        #expect(!faults.contains { !$0.isWarning }, "\(faults)")
        settings.rules.set = set
        var question = RequestQuestion(
            url: "http://a.test" + asked.url, client: try #require(SocketAddress(numeric: "192.0.2.7", port: 1)))
        question.headers = asked.headers.map { ($0.0, $0.1) }
        var explainer = RequestExplainer(question, settings: settings, cache: nil, now: 1_000_000_000_000)
        return try explainer.explain()
    }

    @Test(arguments: [
        (["a | - | url.path LIKE '/beta/%' | origin next | rewrite /${SUBSTRING(url.path, 7)}"], "/beta/x", "", "/x"),
        (["a | - | parameter('v') = '2' | origin next", "b | - | - | strip_query v"], "/x?v=2", "", "/x"),
        (["a | - | url.query = 'v=2' | origin next"], "/x?v=2", "", "/x?v=3"),
        (
            [
                "a | - | cookie('old') = '1' AND url.path LIKE '/c/%' | stop",
                "b | - | url.path LIKE '/c/%' | origin next",
            ], "/c/x", "", "/c/x"
        ),
        (
            ["a | - | url.path LIKE '/d/%' | cache_key 'd'", "b | - | url.path LIKE '/d/api%' | origin next"],
            "/d/api", "", "/d/x"
        ),
        (
            [
                "a | - | header('x-t') IS NOT NULL | add_cache_key header('x-t')",
                "b | - | cookie('new') = '1' | origin next",
            ], "/x", "new=1", "/x"
        ),
    ])
    func answersAreToldApart(rules: [String], next: String, cookie: String, main: String) throws {
        let other = try explain(rules, (next, cookie.isEmpty ? [] : [("Cookie", cookie)]))
        let own = try explain(rules, (main, [("Cookie", "old=1"), ("X-T", "next")]))
        #expect(other.route?.origin == "next" && own.route?.origin == "main")
        let (otherKey, ownKey) = (try #require(other.key), try #require(own.key))
        // As printed both could look the same: a part that a client says, and an origin's.
        if !rules[0].contains("add_cache_key") { #expect(otherKey != ownKey) }
        #expect(otherKey.hasSuffix(" | next"))
    }

    @Test func theURLAloneLeavesTheKeyAsItIs() throws {
        let rules = [
            "a | - | url.path LIKE '/api/%' AND url.scheme = 'http' | origin next | stop",
            "b | - | cookie('s') = '1' | bypass", "c | - | - | add_cache_key header('x-t')",
        ]
        let found = try explain(rules, ("/api/x", []))
        #expect(found.route?.origin == "next" && found.key == "a.test/api/x")
    }

    /// What a client says is never an origin's part of a key.
    @Test func aClientCannotNameAnOrigin() throws {
        let main = ScriptedOrigin { _ in ScriptedOrigin.ok("main", "Cache-Control: max-age=60\r\n") }
        let next = ScriptedOrigin { _ in ScriptedOrigin.ok("next", "Cache-Control: max-age=60\r\n") }
        let rules = [
            "a | - | header('x-t') IS NOT NULL | add_cache_key header('x-t')",
            "b | - | cookie('new') = '1' | origin next",
        ]
        let edge = try TestEdge(origin: main.port) { settings in
            settings.origins.append(
                EdgeOrigin(
                    name: "next", endpoints: [OriginSettings(name: "next", host: "127.0.0.1", port: next.port)],
                    hosts: ["next.test"]))
            settings.rules.set =
                RuleSet.compile(
                    rules.map(ScenarioRules.rule), origins: ["main", "next"], allowsESI: false
                ).set
        }
        #expect(try edge.get("/x", "X-T: next\r\n").text == "main")
        #expect(try edge.get("/x", "Cookie: new=1\r\n").text == "next")
        // A purge of the URL meets both.
        let url = try #require(CacheKey(url: "http://test/x"))
        #expect(edge.server.purge([.key(url)], isSoft: false) == [2])
    }

    @Test(arguments: [
        ("b | - | - | cache_key url.domain", true), ("b | miss | cookie('s') = '1' | stop", true),
        ("b | - | - | add_cache_key url.domain", false), ("b | - | url.path = '/y' | rewrite /x", false),
        ("b | miss | url.path = '/y' | stop", false),
    ])
    func inMissTheKeyHasToTell(other: String, isRefused: Bool) {
        let texts = ["a | miss | url.path = '/x' | origin next", other]
        let faults = RuleSet.compile(
            texts.map(ScenarioRules.rule), origins: ["main", "next"], allowsESI: false
        ).faults
        let isSettled = faults.contains { $0.key == "origin" && $0.message.contains("key is settled") }
        #expect(isSettled == isRefused, "\(faults)")
    }
}
