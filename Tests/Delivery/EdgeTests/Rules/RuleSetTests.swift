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
            ("a | miss | parameter('v') = '2' | origin next", "origin", "the cache's key is settled", nil, nil),
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
            ("a | - | - | respond 204 x", "respond", "an answer with 204 has no body", nil, nil),
            ("a | - | - | respond 205 x", "respond", "an answer with 205 has no body", nil, nil),
            ("a | - | - | respond 304 ${url.path}", "respond", "an answer with 304 has no body", nil, nil),
            ("a | - | - | respond 304", "", "", nil, nil),
            ("a | - | http.response.status_code = 200 | deny", "when", "write phase: error", nil, nil),
            ("a | - | http.response.status_code = 200 | ttl 1", "when", "write phase: fetch", nil, nil),
            ("a | - | cache.age > 1 | set_header X-A 1", "when", "write phase: fetch or deliver", nil, nil),
            ("a | - | origin.name = 'x' | rewrite /x", "when", "rewrite can't stand in a phase that knows", nil, nil),
            ("a | - | - | set_header X-* 1", "set_header", "only at the end of a name in drop_headers", nil, nil),
            ("a | - | - | drop_header X-*-Y", "drop_header", "only at the end of a name in drop_headers", nil, nil),
            ("a | - | - | drop_header X-*", "", "", nil, nil),
            ("a | - | - | strip_query utm_*_id", "strip_query", "only at the end", nil, nil),
            ("a | - | - | strip_query a=b", "strip_query", "no name of a parameter", nil, nil),
            ("a | - | - | strip_query *", "", "", nil, nil),
            ("a | - | - | deny | respond 200 x", "respond", "a rule answers once, and deny answers already", nil, nil),
            ("a | - | - | redirect 302 /x | deny", "deny", "a rule answers once, and redirect", nil, nil),
            ("a | - | - | ttl url.path", "ttl", "this is text", nil, nil),
            ("a | - | - | ttl tls.resumed", "ttl", "this is BOOLEAN", nil, nil),
            ("a | - | - | ttl TRUE", "ttl", "is a number of seconds", nil, nil),
            ("a | - | - | ttl NULL", "ttl", "this is NULL", nil, nil),
            ("a | - | - | ttl -1", "ttl", "this is negative", nil, nil),
            ("a | - | - | ttl 0 - 5", "ttl", "this is negative", nil, nil),
            ("a | - | - | ttl url.pth", "ttl", "did you mean url.path", 1, 3),
            ("a | - | - | ttl TRY_CAST(header('x-ttl') AS BIGINT)", "", "", nil, nil),
            ("a | - | - | ttl client.port * 2", "", "", nil, nil),
            ("a | - | - | rewrite x/y", "rewrite", "a path begins with /", nil, nil),
            ("a | - | - | rewrite /x#${url.path}", "rewrite", "no #", nil, nil),
            ("a | - | - | rewrite /x y", "rewrite", "no blank", nil, nil),
            ("a | - | - | rewrite ${url.path}?x=1", "", "", nil, nil),
            ("a | - | - | redirect 302", "redirect", "a URL without blanks", nil, nil),
            ("a | - | - | redirect 302 /x y", "redirect", "a URL without blanks", nil, nil),
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
        (["a | - | - | deny | ttl 60"], "no effect: deny answers"),
        (["a | - | NULL | deny"], "never true"),
        (["a | - | url.path = '/%61dmin' | deny"], "never true: url.path is in one spelling"),
        (["a | - | url.domain = 'Example.test' AND url.path = '/' | deny"], "url.domain is in lower case"),
        (["a | - | url.extension = '.css' | bypass"], "without its dot"),
        (["a | - | url.extension IN ('.css', 'CSS') | bypass"], "never true: url.extension is in lower case"),
        (["a | - | url.extension IN ('css', 'CSS') | bypass"], "a value of the list is never met: url.extension"),
        (["a | - | url.path LIKE '/café%' | bypass"], "never true: url.path is in one spelling"),
        (["a | - | url.path LIKE '//x%' | bypass"], "never true: url.path is in one spelling"),
        (["a | - | url.path LIKE 'admin%' | bypass"], "never true: url.path is in one spelling"),
        (["a | - | url.domain = 'shop.example:8080' | bypass"], "without a port"),
        (["a | - | url.domain LIKE '%.Example' | bypass"], "url.domain is in lower case"),
        (["a | - | http.request.method = 'get' | bypass"], "methods are in capitals"),
        (["a | - | url.scheme = 'HTTP' | bypass"], "url.scheme is http or https"),
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
        ["a | - | url.path LIKE '/.%' AND url.path LIKE '/caf!%C%' ESCAPE '!' | bypass"],
        ["a | - | url.path LIKE '/a/..b%' AND url.path LIKE '%.php' | bypass"],
        ["a | - | url.domain = '[::1]' AND http.request.method IN ('GET', 'BREW') | bypass"],
        ["a | - | url.scheme LIKE 'http_' AND url.extension LIKE 'js%' | bypass"],
        ["a | - | url.path NOT IN ('admin') AND url.path NOT LIKE '//%' | bypass"],
    ])
    func whatIsRightIsNotWarnedOf(texts: [String]) { #expect(faults(texts).isEmpty) }

    @Test func aCacheKeyNeedsAValue() {
        var rule = RuleDeclaration(name: "a")
        rule.actions = [("cache_key", .cacheKey([], replacesURL: true))]
        let found = RuleSet.compile([rule], origins: ["main"], allowsESI: false).faults
        #expect(found.map(\.key) == ["cache_key"])
        #expect(found.first?.isWarning == false)
    }

    @Test(
        arguments: [
            ("set_headers.", .setHeader(name: "", value: "x")), ("add_headers.", .addHeader(name: "", value: "x")),
            ("respond", .respond(status: 200, headers: [("", "x")], body: "")), ("drop_headers", .dropHeader("")),
            ("strip_query", .stripQuery(["a", ""])), ("rewrite", .rewrite("")), ("grace", .grace(.seconds(-1))),
        ] as [(String, RuleDeclaration.Action)])
    func nothingIsNoName(key: String, action: RuleDeclaration.Action) {
        var rule = RuleDeclaration(name: "a")
        rule.actions = [(key, action)]
        let found = RuleSet.compile([rule], origins: ["main"], allowsESI: false).faults
        #expect(found.map(\.key) == [key])
        #expect(found.first?.isWarning == false)
    }

    @Test func aThousandRulesAreCompiled() {
        let texts = (0..<1_000).map { "r\($0) | - | url.path = '/\($0)' | deny" }
        #expect(faults(texts).isEmpty)
    }
}
