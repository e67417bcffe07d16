import Edge
import Glibc
import Testing

/// A signed field has the edge tell why its answer is as it is; without it nothing is told.
@Suite struct DebugTests {
    private static let secret = "0123456789abcdef0123"

    private func ticket(
        _ path: String = "/a", host: String = "TEST", life: Int64 = 60, secret: String = DebugTests.secret
    ) -> String {
        let value = DebugTicket.value(
            host: Array(host.utf8), path: Array(path.utf8), expires: Int64(time(nil)) + life, secret: secret)
        return "Squilla-Debug: \(value)\r\n"
    }

    private func edge(_ origin: ScriptedOrigin, rules: [String] = []) throws -> TestEdge {
        try TestEdge(origin: origin.port) { settings in
            settings.debug.secret = Self.secret
            settings.rules.set =
                RuleSet.compile(
                    rules.map(ScenarioRules.rule), origins: ["main"], allowsESI: false
                ).set
        }
    }

    /// Tells which request fields it got.
    private func echo(_ fields: String = "Cache-Control: max-age=60\r\n") -> ScriptedOrigin {
        ScriptedOrigin { request in ScriptedOrigin.ok(request.lowercased().contains("debug") ? "seen" : "fine", fields)
        }
    }

    @Test func aTicketTellsAndIsNoPartOfTheKey() throws {
        let origin = echo()
        let edge = try edge(
            origin,
            rules: [
                "no | - | url.path = '/x' | deny", "r | - | header('squilla-debug') IS NOT NULL | respond 200 seen",
                "f | fetch | - | ttl 30", "d | deliver | - | set_header X-D 1",
            ])
        let miss = try edge.get("/a?x=1", ticket())
        let told = try #require(miss.field("Squilla-Debug"))
        #expect(
            told.hasPrefix(
                "edge=\"test-edge\", cache=miss, why=uri-miss, key=\"test/a?x=1\", origin=\"main\", endpoint="))
        #expect(told.contains(", tier=origin, attempts=1, "))
        #expect(told.contains("fired=(\"fetch.f\" \"deliver.d\"), others=(\"receive.no false\" \"receive.r false\")"))
        #expect(miss.field("Vary") == "Squilla-Debug" && miss.text == "fine")
        let plain = try edge.get("/a?x=1")
        #expect(plain.field("Squilla-Debug") == nil && plain.field("Vary") == nil && plain.field("Age") != nil)
        let hit = try edge.get("/a?x=1", ticket())
        let again = try #require(hit.field("Squilla-Debug"))
        // An age is in whole seconds, and one may have turned in between.
        #expect(again.hasPrefix("edge=\"test-edge\", cache=hit, age="))
        #expect(again.contains(", key=\"test/a?x=1\", elapsed-us="))
    }

    @Test func nobodyElseIsTold() throws {
        let origin = echo("Cache-Control: no-store\r\n")
        let edge = try edge(origin)
        let good = ticket()
        let wrong = [
            ticket("/b"), ticket(host: "other"), ticket(life: -1), ticket(life: 7200),
            ticket(secret: "0123456789abcdef0124"),
            good + good, "Squilla-Debug: 1\r\n", "Squilla-Debug:\r\n", "squilla-DEBUG: expires=9999999999\r\n",
            good.replacing("\"\r\n", with: "0\"\r\n"),
            "Squilla-Debug: expires=\(Int64.max), signature=\"\"\r\n",
        ]
        for field in wrong {
            let answer = try edge.get("/a", field)
            #expect(answer.status == 200 && answer.field("Squilla-Debug") == nil, "\(field)")
            #expect(answer.text == "fine", "the origin saw it: \(field)")
        }
        let told = try edge.get("/a", good)
        #expect(told.field("Squilla-Debug")?.contains("cache=bypass") == true)
    }

    @Test func withoutASecretNothingIsTold() throws {
        let origin = echo()
        let edge = try TestEdge(origin: origin.port)
        let answer = try edge.get("/a", ticket(secret: ""))
        #expect(answer.field("Squilla-Debug") == nil && answer.text == "fine")
    }

    @Test func whatRulesAddedToTheKeyAndErrorsAreTold() throws {
        let origin = echo()
        let edge = try edge(
            origin, rules: ["k | - | - | add_cache_key header('x-t')", "e | miss | url.path = '/e' | deny"])
        let answer = try edge.get("/a", ticket() + "X-T: \"q\"\r\n")
        #expect(answer.field("Squilla-Debug")?.contains("key=\"test/a | \\\"q\\\"\"") == true)
        let refused = try edge.get("/e", ticket("/e"))
        #expect(refused.status == 403 && refused.field("Squilla-Debug")?.contains("\"miss.e\"") == true)
    }
}
