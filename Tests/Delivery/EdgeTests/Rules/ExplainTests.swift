import Edge
import HTTPCache
import Reactor
import Testing
import Upstream

/// What would become of a request, without making it.
@Suite struct ExplainTests {
    private func settings(_ rules: [String]) throws -> EdgeSettings {
        var settings = EdgeSettings()
        settings.origins = [
            EdgeOrigin(name: "main", endpoints: [OriginSettings(name: "main", host: "127.0.0.1", port: 9)]),
            EdgeOrigin(
                name: "next", endpoints: [OriginSettings(name: "next", host: "127.0.0.1", port: 9)],
                hosts: ["next.test"]),
        ]
        let (set, faults) = RuleSet.compile(
            rules.map(ScenarioRules.rule), origins: ["main", "next"], allowsESI: false)
        #expect(!faults.contains { !$0.isWarning }, "\(faults)")
        settings.rules.set = set
        return settings
    }

    private func explain(
        _ rules: [String], _ url: String = "http://a.test/p?b=2&a=1", _ headers: [(String, String)] = [],
        _ change: (inout RequestQuestion) -> Void = { _ in }
    ) throws -> RequestExplanation {
        var question = RequestQuestion(url: url, client: try #require(SocketAddress(numeric: "192.0.2.7", port: 1)))
        question.headers = headers.map { ($0.0, $0.1) }
        change(&question)
        var explainer = RequestExplainer(question, settings: try settings(rules), cache: nil, now: 1_000_000_000_000)
        return try explainer.explain()
    }

    private func verdicts(_ explanation: RequestExplanation) -> [String] {
        explanation.rules.map { "\($0.phase) \($0.name) \($0.verdict)" }
    }

    @Test func rulesThatDoNotFireSayWhy() throws {
        let explanation = try explain(
            [
                "path | - | url.path = '/x' | deny", "cookie | - | cookie('s') = '1' | bypass",
                "cast | - | CAST(url.query AS BIGINT) = 1 | bypass", "sort | - | - | sort_query",
                "late | error | - | deny",
            ])
        #expect(
            verdicts(explanation) == [
                "receive path false", "receive cookie unknown", "receive cast failed", "receive sort fired",
                "error late not asked",
            ])
        #expect(explanation.rules[0].why == "url.path = '/x', where url.path = '/p'")
        #expect(explanation.rules[1].why == "cookie('s') = '1', where request.cookies['s'] = NULL")
        #expect(explanation.rules[3].did == ["query is a=1&b=2"])
        #expect(explanation.target == "/p?a=1&b=2")
        #expect(explanation.key == "a.test/p?a=1&b=2")
        #expect(explanation.cache?.outcome == "miss")
    }

    /// As balancing and affinity read it: what one part of the edge sees, no other may miss.
    @Test(arguments: ["a=1;\ts=x", "a=1; s=x\t", "\t s=x \t ;a=1", ";;s=x", "a=1 ;\t\ts=x"])
    func blanksAroundACookieAreNotPartOfIt(_ line: String) throws {
        let explanation = try explain(["cookie | - | cookie('s') = 'x' | deny"], "http://a.test/p", [("Cookie", line)])
        #expect(verdicts(explanation) == ["receive cookie fired"], "\(line.debugDescription)")
    }

    @Test func aRuleThatAnswersEndsItAll() throws {
        let explanation = try explain([
            "no | - | client.ip = '192.0.2.7' | deny", "b | - | - | bypass", "m | miss | - | set_header X-A 1",
            "d | deliver | - | set_header X-S ${http.response.status_code}",
        ])
        #expect(
            verdicts(explanation) == [
                "receive no fired", "receive b not asked", "miss m not asked", "deliver d fired",
            ])
        #expect(explanation.answer?.status == 403)
        #expect(explanation.answer?.headers.contains("X-S: 403") == true)
        #expect(explanation.route == nil && explanation.key == nil && explanation.cache == nil)
    }

    @Test func whatDependsOnTheAnswerSaysSo() throws {
        let rules = [
            "t | fetch | http.response.status_code = 200 AND url.path = '/p' | ttl 60",
            "u | deliver | url.path = '/p' | set_header X-A 1",
            "v | deliver | response_header('x-b') = '1' | drop_header X-A",
        ]
        let open = try explain(rules)
        #expect(verdicts(open) == ["fetch t depends", "deliver u fired", "deliver v depends"])
        #expect(open.rules[0].why?.hasSuffix("where url.path = '/p'") == true)
        let told = try explain(rules) { $0.answer = (200, [("X-B", "1"), ("Cache-Control", "no-store")]) }
        #expect(verdicts(told) == ["fetch t fired", "deliver u fired", "deliver v fired"])
        #expect(told.cache?.why.contains("stored, fresh for 60 s") == true)
        #expect(told.answer?.headers == ["X-B: 1", "Cache-Control: no-store"])
        let other = try explain(rules) { $0.answer = (404, [("Cache-Control", "no-store")]) }
        #expect(verdicts(other) == ["fetch t false", "deliver u fired", "deliver v unknown"])
        #expect(other.cache?.why.contains("not be stored: no-store") == true)
    }

    @Test func keysAndOriginsAreThoseOfServing() throws {
        let explanation = try explain(
            ["k | - | - | add_cache_key header('x-t') ; cookie('c')", "o | - | cookie('s') IS NULL | origin next"],
            "https://A.test:443/p", [("X-T", "a b%")])
        #expect(explanation.key == "https://a.test/p | a%20b% | NULL | next")
        #expect(explanation.route?.origin == "next" && explanation.route?.why == "a rule chose it")
        let named = try explain([], "http://next.test/")
        #expect(named.route?.origin == "next")
    }

    @Test func aThrottleIsNotAsked() throws {
        let explanation = try explain(["t | - | - | throttle 1 'k'"])
        #expect(explanation.rules.first?.did.first?.hasPrefix("throttle not asked: burst 1") == true)
        #expect(explanation.answer == nil)
    }

    @Test func refusalsAreExplained() throws {
        let blank = try explain(["e | error | http.response.status_code = 400 | respond 418 tea"]) {
            $0.headers = [("X A", "1")]
        }
        #expect(verdicts(blank) == ["error e fired"] && blank.answer?.status == 418)
        let trace = try explain([]) { $0.method = "TRACE" }
        #expect(trace.answer?.status == 405)
        let only = try explain([], "http://a.test/", [("Cache-Control", "only-if-cached")])
        #expect(only.cache?.outcome == "refused" && only.answer?.status == 504)
        let post = try explain([]) { $0.method = "POST" }
        #expect(post.cache?.why == "only GET and HEAD are answered from the cache")
        for url in ["ftp://a/", "http://a/\r\nX: y"] {
            #expect(throws: RequestQuestion.Fault.self) { _ = try explain([], url) }
        }
    }

    @Test func aServerIsAskedWhatItHas() throws {
        let origin = ScriptedOrigin { _ in
            ScriptedOrigin.ok("hi", "Cache-Control: max-age=60\r\nVary: X-L\r\nSurrogate-Key: t\r\n")
        }
        let edge = try TestEdge(origin: origin.port)
        _ = try edge.get("/a", "X-L: de\r\n")
        var question = RequestQuestion(
            url: "http://test/a", client: try #require(SocketAddress(numeric: "::1", port: 1)))
        let other = try edge.server.explain(question)
        #expect(other.isLive && other.cache?.outcome == "miss")
        #expect(other.cache?.why == "of 1 stored, the request selects none (Vary: X-L)")
        question.headers = [("X-L", "de")]
        let before = edge.server.cache.counters
        let hit = try edge.server.explain(question)
        #expect(hit.cache?.outcome == "hit" && hit.cache?.stored?.tags == 1 && hit.cache?.stored?.bodyBytes == 2)
        #expect(hit.answer?.headers.contains("Vary: X-L") == true)
        // It was a question only.
        #expect(edge.server.cache.counters == before)
        question.headers.append(("Cache-Control", "no-cache"))
        let again = try edge.server.explain(question)
        #expect(again.cache?.outcome == "miss")
        #expect(edge.server.cache.counters == before)
    }
}
