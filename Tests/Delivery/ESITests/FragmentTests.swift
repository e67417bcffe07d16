import Testing

@testable import ESI

@Suite struct FragmentTests {
    func run(_ markup: String, _ change: (inout ScriptedSite) -> Void = { _ in }) -> ScriptedSite.Answer {
        var site = ScriptedSite(markup)
        for name in ["a", "b", "c"] { site.fragments["/\(name)"] = .init(body: Array(name.uppercased().utf8)) }
        site.fragments["/down"] = .init(status: 503)
        site.fragments["/gone"] = .init(fails: true)
        site.fragments["/slow"] = .init(hangs: true)
        change(&site)
        var reversed = site
        reversed.order = .reversed
        reversed.pieceBytes = 1
        let answer = site.run()
        let other = reversed.run()
        #expect(answer.body == other.body && answer.status == other.status && answer.fault == other.fault)
        return answer
    }

    @Test func fragmentsComeInTheOrderOfThePage() {
        let answer = run("1<esi:include src=\"/a\"/>2<esi:include src=\"/b\"/>3<esi:include src=\"/c\"/>4")
        #expect(answer.body == "1A2B3C4")
        #expect(answer.requests == ["/a", "/b", "/c"])
    }

    @Test func errorsGoToTheNearestAnswer() {
        #expect(run("<esi:include src=\"/down\"/>").fault == "status")
        #expect(run("<esi:include src=\"/down\"/>").status == 502)
        #expect(run("<esi:include src=\"/slow\"/>").status == 504)
        #expect(run("x<esi:include src=\"/down\" onerror=\"continue\"/>y").body == "xy")
        #expect(run("x<esi:include src=\"/down\" alt=\"/a\"/>y").body == "xAy")
        #expect(run("x<esi:include src=\"/down\" alt=\"/gone\" onerror=\"continue\"/>y").body == "xy")
        let attempt = "<esi:try><esi:attempt>1<esi:include src=\"/a\"/><esi:include src=\"/gone\"/>2</esi:attempt>"
        #expect(run("x\(attempt)<esi:except>E</esi:except></esi:try>y<esi:include src=\"/b\"/>").body == "xEyB")
        #expect(run("x\(attempt)</esi:try>y").body == "xy")
        #expect(run("x\(attempt)<esi:except type=\"timeout\">T</esi:except></esi:try>y").fault == "connect")
        #expect(
            run(
                "x\(attempt)<esi:except type=\"timeout\">T</esi:except><esi:except type=\"network\">N</esi:except></esi:try>y"
            )
            .body == "xNy")
    }

    @Test func attemptsDoNotSerialiseTheirFragments() {
        let one = "<esi:try><esi:attempt><esi:include src=\"/a\"/></esi:attempt><esi:except>-</esi:except></esi:try>"
        let answer = run(one + one + "<esi:include src=\"/b\"/>")
        #expect(answer.body == "AAB")
        #expect(answer.requests == ["/a", "/a", "/b"])
    }

    @Test func whatDependsOnAFragmentWaitsForIt() {
        let markup =
            "<esi:assign name=\"x\" value=\"'before'\"/><esi:try><esi:attempt><esi:include src=\"/gone\"/>"
            + "<esi:assign name=\"x\" value=\"'after'\"/></esi:attempt><esi:except><esi:assign name=\"x\" value=\"'except'\"/>"
            + "</esi:except></esi:try><esi:vars>$(x)</esi:vars>"
        #expect(run(markup).body == "except")
    }

    @Test func fragmentsHaveVariablesOfTheirOwn() {
        let answer = run(
            "<esi:assign name=\"v\" value=\"1\"/><esi:include src=\"/f\" dca=\"esi\"/><esi:vars>$(v)</esi:vars>"
        ) {
            $0.fragments["/f"] = .init(
                body: Array("<esi:vars>[$(v)]</esi:vars><esi:assign name=\"v\" value=\"2\"/>".utf8))
        }
        #expect(answer.body == "[]1")
    }

    @Test func evalSharesVariables() {
        let change: (inout ScriptedSite) -> Void = {
            $0.fragments["/f"] = .init(
                body: Array("<esi:vars>[$(v)]</esi:vars><esi:assign name=\"v\" value=\"2\"/>".utf8))
        }
        #expect(
            run("<esi:assign name=\"v\" value=\"1\"/><esi:eval src=\"/f\"/><esi:vars>$(v)</esi:vars>", change).body
                == "[1]2")
        #expect(
            run(
                "<esi:assign name=\"v\" value=\"1\"/><esi:eval src=\"/f\" dca=\"esi\"/><esi:vars>$(v)</esi:vars>",
                change
            ).body
                == "[]1")
    }

    @Test func nestedFragmentsDoNotDeadlock() {
        let answer = run(String(repeating: "<esi:include src=\"/outer\" dca=\"esi\"/>", count: 5)) {
            $0.settings.maximumParallelFetches = 1
            $0.fragments["/outer"] = .init(body: Array("(<esi:include src=\"/a\"/>)".utf8))
        }
        #expect(answer.body == "(A)(A)(A)(A)(A)")
    }

    @Test func guardsRefuse() {
        #expect(run("<esi:include src=\"http://evil.example/\"/>").fault == "host")
        #expect(run("<esi:include src=\"file:///etc/passwd\"/>").fault == "bad_url")
        #expect(run("<esi:include src=\"/page\" dca=\"esi\"/>").fault == "loop")
        #expect(
            run("<esi:include src=\"/self?1\" dca=\"esi\"/>") {
                $0.fragments["/self?1"] = .init(body: Array("<esi:include src=\"/self?1\" dca=\"esi\"/>".utf8))
            }.fault == "loop")
        #expect(
            run("<esi:foreach collection=\"[1..9]\"><esi:include src=\"/a\"/></esi:foreach>") {
                $0.settings.maximumIncludes = 8
            }.fault == "max_includes")
        #expect(
            run("<esi:include src=\"/r\"/>") { $0.fragments["/r"] = .init(status: 302, location: "/a") }.body == "A")
        #expect(
            run("<esi:include src=\"/r\"/>") { $0.fragments["/r"] = .init(status: 302, location: "/r") }.fault
                == "max_redirects")
        #expect(
            run("<esi:include src=\"/r\"/>") { $0.fragments["/r"] = .init(status: 302, location: "http://evil/") }.fault
                == "host")
    }

    @Test func theHeadWaitsForFunctionsThatChangeIt() {
        let code = "<esi:vars>$set_response_code(404)</esi:vars>"
        #expect(run("text\(code)").status == 404)
        #expect(run("text<esi:include src=\"/a\"/>\(code)").status == 404)
        let replaced = run("text<esi:include src=\"/a\"/><esi:vars>$set_response_code(401, '<p>no</p>')</esi:vars>more")
        #expect(replaced.status == 401 && replaced.body == "<p>no</p>")
        let moved = run("<esi:vars>$set_redirect('/login')</esi:vars>more<esi:include src=\"/a\"/>")
        #expect(moved.status == 302 && moved.body.isEmpty && moved.fields == ["Location: /login"])
        #expect(moved.requests.isEmpty)
        #expect(run("<esi:vars>$add_header('X-A', 'b')</esi:vars>").fields == ["X-A: b"])
        #expect(
            run("<esi:vars>$add_header('X-A', $(QUERY_STRING{a}))</esi:vars>") {
                $0.target = "/page?a=1\r\nSet-Cookie:x"
            }
            .fault == "bad_header")
    }

    @Test func whatTheClientSendsIsHarmlessInMarkup() {
        let evil = "<script>alert('1')</script><esi:include src=/a>"
        let change: (inout ScriptedSite) -> Void = { $0.headers = [("Cookie", "c=\(evil)")] }
        let encoded = "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&lt;esi:include src=/a&gt;"
        #expect(run("<esi:vars>$(HTTP_COOKIE{c})</esi:vars>", change).body == encoded)
        #expect(
            run("<esi:assign name=\"x\" value=\"'p' + $(HTTP_COOKIE{c})\"/><esi:vars>$(x)</esi:vars>", change).body
                == "p" + encoded)
        #expect(run("<esi:vars>$raw($(HTTP_COOKIE{c}))</esi:vars>", change).body == evil)
        #expect(
            run("<esi:vars>$(HTTP_COOKIE{c})</esi:vars>") {
                change(&$0)
                $0.settings.encodesVariables = false
            }.body == evil)
    }

    @Test func attributesOfIncludes() {
        let answer = run(
            "<esi:assign name=\"h\" value=\"'v'\"/><esi:include src=\"/a\" method=\"POST\" entity=\"x=$(h)\""
                + " setheader=\"X-A: $(h)\" appendheader=\"X-B: 2\" removeheaders=\"Cookie, X-C\" onerror=\"continue\"/>"
        )
        #expect(answer.requests == ["POST /a [X-A=v] [X-B+=2] [-Cookie] [-X-C] {x=v}"])
        let parameters = run(
            "<esi:include src=\"/a?z=1\" onerror=\"continue\"><esi:param name=\"q\" value=\"a b\"/>"
                + "<esi:param name=\"r\" value=\"$(HTTP_HOST)\"/></esi:include>")
        #expect(parameters.requests == ["/a?z=1&q=a%20b&r=www.example.com"])
    }

    @Test func inlineFragmentsNeedNoFetch() {
        let answer = run("<esi:inline name=\"/i\">in</esi:inline>|<esi:include src=\"/i\"/>")
        #expect(answer.body == "in|in" && answer.requests.isEmpty)
    }

    @Test func brokenMarkupFailsWhereItIsReached() {
        #expect(run("<esi:choose><esi:when test=\"0\"><esi:include/></esi:when></esi:choose>x").body == "x")
        #expect(run("<esi:include/>").fault == "missing_attribute")
        #expect(run("<esi:choose><esi:when test=\"1\">x").fault == "not_closed")
        #expect(run("<esi:vars>x") { $0.settings.errorDefault = .empty }.body == "x")
        #expect(run("a</esi:choose>b<esi:foo>c</esi:foo>").body == "abc")
        #expect(run("<esi:when test=\"1\">x</esi:when>").fault == "misplaced")
        #expect(run("x<esi:include src=\"/a\"").fault == "open_tag")
    }
}
