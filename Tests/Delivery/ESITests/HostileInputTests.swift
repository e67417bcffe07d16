import Testing

@testable import ESI

/// Pages and requests that mean harm, or are broken: each ends within its bounds, and what a client sent is never markup.
@Suite struct HostileInputTests {
    private func answer(_ markup: String, _ change: (inout ScriptedSite) -> Void = { _ in }) -> ScriptedSite.Answer {
        var site = ScriptedSite(markup)
        site.fragments["/a"] = ScriptedSite.Fragment(body: Array("A".utf8))
        change(&site)
        let whole = site.run()
        site.pieceBytes = 1
        let cut = site.run()
        #expect(cut.fault == whole.fault && (cut.fault != nil || cut.body == whole.body), "cut at each byte")
        return whole
    }

    private func outcome(_ markup: String, _ change: (inout ScriptedSite) -> Void = { _ in }) -> String {
        let answer = answer(markup, change)
        return answer.fault.map { "!\($0)" } ?? answer.body
    }

    // MARK: Markup

    @Test(arguments: [
        ("a<esi:choose><esi:when test=\"1\">b", "!not_closed"),
        ("a<esi:vars>b", "!not_closed"),
        ("a<esi:include src=\"/a", "!open_tag"),
        ("a<esi:try><esi:attempt>b</esi:try>c", "ac"),
        ("<esi:choose><esi:when test=\"1\"><esi:vars>a</esi:when></esi:vars></esi:choose>", "!crossed"),
        ("</esi:vars>a</esi:choose>", "a"),
        ("a<esi:nosuch x=\"1\"/>b</esi:nosuch>", "ab"),
        ("<esi:include src=/a/>", "A"),
        ("<esi:include src='/a'>b", "Ab"),
        ("<esi:include src=\"/a\" src=\"/b\"/>", "A"),
        ("<esi:include \"/a\"/>", "!missing_attribute"),
        ("<esi:include src=\"&#x2f;&#97;\"/>", "A"),
        ("<esi:include src=\"/a&bogus;\" onerror=\"continue\"/>.", "."),
        ("<esi:>a", "a"),
        ("<esi:\u{0}>a", "a"),
        ("<esi:when test=\"1\">a</esi:when>", "!misplaced"),
    ])
    func brokenMarkup(markup: String, expected: String) { #expect(outcome(markup) == expected) }

    @Test func nestingHasABound() {
        let deep = String(repeating: "<esi:vars>", count: 10_000) + String(repeating: "</esi:vars>", count: 10_000)
        #expect(answer(deep).fault == "max_nesting")
    }

    @Test func tagsAndElementsHaveABound() {
        #expect(outcome("<esi:include src=\"" + String(repeating: "x", count: 70_000) + "\"/>") == "!max_tag_bytes")
        let text = String(repeating: "x", count: 70_000)
        #expect(
            outcome("<esi:choose><esi:when test=\"1\">\(text)") { $0.settings.maximumElementBytes = 60_000 }
                == "!max_element_bytes")
    }

    // MARK: Expressions

    @Test(arguments: [
        ("1 / 0", "division_by_zero"), ("1 % 0", "division_by_zero"),
        ("9223372036854775807 * 2", "overflow"), ("0 - 9223372036854775807 - 2", "overflow"),
        ("99999999999999999999", "overflow"),
        ("'a' * 99999999", "max_text_bytes"), ("[1] * 99999999", "max_items"),
        ("[0..9223372036854775807]", "max_items"), ("[1, 2] - 1", "not_an_integer"),
        ("{'a': 1} &lt;&lt; 2", "not_an_integer"), ("$len()", "arguments"),
        ("'\(String(repeating: "a", count: 40))b' matches '^(a+)+$'", "max_match_steps"),
        ("'a' matches '('", "bad_pattern"),
    ])
    func wrongExpressions(expression: String, code: String) {
        let found = outcome("<esi:assign name=\"r\" value=\"\(expression)\"/>")
        #expect(found.hasPrefix("!"), "\(found)")
        if code != "arguments", code != "overflow" { #expect(found == "!\(code)") }
        #expect(
            outcome(
                "<esi:try><esi:attempt><esi:assign name=\"r\" value=\"\(expression)\"/></esi:attempt>"
                    + "<esi:except>E</esi:except></esi:try>") == "E")
    }

    @Test func expressionsHaveADepth() {
        let deep = String(repeating: "(", count: 5_000) + "1" + String(repeating: ")", count: 5_000)
        #expect(outcome("<esi:assign name=\"r\" value=\"\(deep)\"/>") == "!max_expression_depth")
    }

    @Test func loopsAndCallsEnd() {
        let loop = "<esi:foreach collection=\"[1..9999]\">"
        #expect(
            outcome(loop + loop + "x</esi:foreach></esi:foreach>") { $0.settings.maximumIterations = 1_000 }
                == "!max_iterations")
        #expect(
            outcome("<esi:function name=\"f\"><esi:return value=\"$f()\"/></esi:function><esi:vars>$f()</esi:vars>")
                == "!max_call_depth")
        let doubling = "<esi:assign name=\"a\" value=\"$(a) + $(a)\"/>"
        #expect(
            outcome("<esi:assign name=\"a\" value=\"'x'\"/>" + String(repeating: doubling, count: 40))
                == "!max_text_bytes")
    }

    @Test func pagesThatIncludeThemselvesEnd() {
        func fragment(_ body: String) -> ScriptedSite.Fragment {
            ScriptedSite.Fragment(body: Array(body.utf8), isESI: true)
        }
        #expect(outcome("<esi:include src=\"/page\"/>") == "!loop")
        #expect(
            outcome("<esi:include src=\"/x\"/>") {
                $0.fragments["/x"] = fragment("<esi:include src=\"/y\"/>")
                $0.fragments["/y"] = fragment("<esi:include src=\"/x\"/>")
            } == "!loop")
        // An `alt` is a way too, also where `src` is no URL.
        let alternatives = "<esi:include src=\"\" alt=\"/x\"/><esi:include src=\"\" alt=\"/y\"/>"
        #expect(
            outcome(alternatives) {
                $0.fragments["/x"] = fragment(alternatives)
                $0.fragments["/y"] = fragment(alternatives)
            } == "!bad_url")
        #expect(
            outcome(String(repeating: "<esi:include src=\"/a\"/>", count: 20)) { $0.settings.maximumIncludes = 10 }
                == "!max_includes")
    }

    /// The fragment's `alt` takes its place while the fragment itself is still evaluated.
    @Test func aFragmentThatFailsAsAWholeIsStopped() {
        let failing = "<esi:include src=\"ftp://x\"/>"
        let site = { (site: inout ScriptedSite) in
            site.fragments["/f"] = ScriptedSite.Fragment(
                body: Array("F\(failing)G<esi:include src=\"/a\"/>\(failing)H".utf8), isESI: true)
            site.fragments["/b"] = ScriptedSite.Fragment(body: Array("B<esi:include src=\"/a\"/>".utf8), isESI: true)
        }
        #expect(outcome("1<esi:include src=\"/f\" alt=\"/b\"/>2<esi:include src=\"/a\"/>", site) == "1BA2A")
        #expect(outcome("1<esi:include src=\"/f\" alt=\"/none\" onerror=\"continue\"/>2", site) == "12")
        #expect(
            outcome(
                "<esi:try><esi:attempt>1<esi:include src=\"/f\"/></esi:attempt><esi:except>E</esi:except></esi:try>",
                site)
                == "E")
    }

    // MARK: What the client sends

    private static let attacks = [
        "<esi:include src=\"/a\"/>", "<!--esi <esi:vars>$(HTTP_HOST)</esi:vars>-->", "$(HTTP_COOKIE{session})",
        "</esi:vars><esi:include src='/a'/>", "<script>alert(1)</script>", "'\"><img src=x>",
    ]

    /// Every way by which a value gets into the page.
    private static let ways = [
        "<esi:vars>#</esi:vars>", "<esi:assign name=\"v\" value=\"#\"/><esi:vars>$(v)</esi:vars>",
        "<esi:assign name=\"v\">#</esi:assign><esi:vars>$(v)</esi:vars>",
        "<esi:vars>$(none|#)</esi:vars>", "<esi:foreach collection=\"[#]\">$(item)</esi:foreach>",
        "<esi:function name=\"f\"><esi:return value=\"$(ARGS{0})\"/></esi:function><esi:vars>$f(#)</esi:vars>",
        "<esi:choose><esi:when test=\"# matches '''(?s)(.*)'''\">$(MATCHES{1})</esi:when></esi:choose>",
        "<esi:vars>$replace(#, 'zzz', '')</esi:vars>", "<esi:vars>$join([#, ''], '')</esi:vars>",
        "<esi:vars>$url_decode($url_encode(#))</esi:vars>", "<esi:vars>$base64_decode($base64_encode(#))</esi:vars>",
        "<esi:inline name=\"/i\"><esi:vars>#</esi:vars></esi:inline>",
        "<esi:try><esi:attempt>#</esi:attempt><esi:except>E</esi:except></esi:try>",
    ]

    @Test(arguments: ways)
    func whatTheClientSentIsNeverMarkup(way: String) {
        for attack in HostileInputTests.attacks {
            for (variable, change) in [
                ("$(QUERY_STRING{q})", { (site: inout ScriptedSite) in site.target = "/page?q=\(attack)" }),
                ("$(HTTP_X_ANY)", { (site: inout ScriptedSite) in site.headers = [("X-Any", attack)] }),
            ] {
                let answer = answer(way.replacing("#", with: variable), change)
                #expect(answer.requests.isEmpty, "\(attack)")
                #expect(!answer.body.contains("<"), "\(answer.body)")
                #expect(!answer.body.contains("www.example.com"), "\(answer.body)")
            }
        }
    }

    @Test func rawTurnsTheEncodingOffForOneValue() {
        let attack = "<b>$(HTTP_HOST)</b>"
        #expect(
            outcome("<esi:vars>$raw($(QUERY_STRING{q}))</esi:vars>") { $0.target = "/page?q=\(attack)" } == attack)
    }
}
