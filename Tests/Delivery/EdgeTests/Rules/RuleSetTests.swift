import Edge
import Testing

/// What is wrong with rules, and what is likely to be.
@Suite struct RuleSetTests {
    private func faults(_ texts: [String], esi: Bool = false) -> [RuleFault] {
        RuleSet.compile(texts.map(ScenarioRules.rule), origins: ["main", "next"], allowsESI: esi).faults
    }

    @Test(
        arguments: [
            ("a | - | url.paht = '/' | deny", "when", "did you mean url.path", 1, 1),
            ("a | - | url.path = '/' AND\n  client.ip = 7 | deny", "when", "can't", 2, 13),
            ("a | - | url.path | deny", "when", "needs a condition", 1, 1),
            ("a | - | http.response.status_code = 200 | deny", "when", "not known in phase receive", nil, nil),
            ("a | - | response.headers['x'] = 'y' | deny", "when", "not known in phase receive", nil, nil),
            ("a | fetch | - | deny", "deny", "no meaning in phase fetch", nil, nil),
            ("a | - | - | rewrite /x | compress off | grace 1 | bypass", "", "", nil, nil),
            ("a | - | - | origin nxt", "origin", "there is no origin nxt; there are main, next", nil, nil),
            ("a | miss | cookie('x') = '1' | origin next", "origin", "the cache's key is settled", nil, nil),
            ("a | miss | RAND() < 0.5 | origin next", "origin", "the cache's key is settled", nil, nil),
            ("a | miss | url.path = '/x' | origin next", "origin", "", nil, nil),
            ("a | - | - | set_header Content-Length 1", "set_header", "the edge's own", nil, nil),
            ("a | - | - | set_header X:Y 1", "set_header", "no name of a header field", nil, nil),
            ("a | - | - | set_header X-A a${url.pth}", "set_header", "did you mean url.path", 1, 4),
            ("a | - | - | set_header X-A a${url.path", "set_header", "not closed", 1, 2),
            ("a | - | - | esi on", "esi", "esi.enabled", nil, nil),
            ("a | - | -", "", "does nothing", nil, nil),
            ("a | - | REGEXP(url.path, '(') | deny", "when", "regular expression", nil, nil),
            ("a | - | - | respond 99 x", "respond", "from 200 to 599", nil, nil),
        ] as [(String, String, String, Int?, Int?)])
    func mistakesHaveTheirPlace(
        text: String, key: String, message: String, line: Int?, column: Int?
    ) throws {
        let found = faults([text])
        if message.isEmpty { return #expect(found.isEmpty, "\(found)") }
        let fault = try #require(found.first, "\(text)")
        #expect(fault.key == key)
        #expect(fault.message.contains(message), "\(fault.message)")
        if let line { #expect(fault.line == line, "\(text)") }
        if let column { #expect(fault.column == column, "\(text)") }
        #expect(!fault.isWarning)
    }

    @Test(arguments: [
        (["a | - | - | deny", "b | - | url.path = '/' | deny"], "never reached"),
        (["a | - | url.path = '/' | deny", "b | - | url.path = '/' AND url.query = 'x' | bypass"], "never reached"),
        (["a | - | - | bypass | stop", "b | - | - | bypass"], "never reached"),
        (["a | - | 1 = 2 | deny"], "never true"),
        (
            ["a | - | url.path = '/' | set_header X-A 1", "b | - | url.path = '/' | set_header x-a 2"],
            "conflicts with \"a\""
        ),
        (["a | - | url.path = '/' | origin main", "b | - | - | origin next"], "conflicts with \"a\""),
    ])
    func likelyMistakesAreWarnedOf(texts: [String], message: String) {
        let found = faults(texts)
        #expect(found.count == 1 && found.allSatisfy(\.isWarning), "\(found)")
        #expect(found.first?.message.contains(message) == true, "\(found)")
    }

    @Test(arguments: [
        ["a | - | url.path = '/' | deny", "b | - | url.path = '/x' | deny"],
        ["a | - | - | origin main", "b | - | url.path = '/' | origin next"],
        ["a | - | url.path = '/' | origin main | stop", "b | - | - | origin next"],
        ["a | deliver | - | set_header X-A 1", "b | - | - | set_header X-A 1"],
        ["a | - | RAND() < 0.5 | deny", "b | - | RAND() < 0.5 | deny"],
    ])
    func whatIsRightIsNotWarnedOf(texts: [String]) { #expect(faults(texts).isEmpty) }

    @Test func aCacheKeyNeedsAValue() {
        var rule = RuleDeclaration(name: "a")
        rule.actions = [("cache_key", .cacheKey([], replacesURL: true))]
        let found = RuleSet.compile([rule], origins: ["main"], allowsESI: false).faults
        #expect(found.map(\.key) == ["cache_key"])
        #expect(found.first?.isWarning == false)
    }

    @Test func aThousandRulesAreCompiled() {
        let texts = (0..<1_000).map { "r\($0) | - | url.path = '/\($0)' | deny" }
        #expect(faults(texts).isEmpty)
    }
}
