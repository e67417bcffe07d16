import Runtime
import Testing

@testable import squilla

@Suite("Sample site")
struct SampleSiteTests {
    private let site = SampleSite(startSeconds: 1_700_000_000)

    private func answer(
        _ path: String, method: String = "GET", query: String = "", isFailing: Bool = false, seed: UInt64 = 1,
        _ change: (inout SampleRequest) -> Void = { _ in }
    ) -> SampleAnswer {
        var request = SampleRequest(method: method, path: path, query: query)
        change(&request)
        var random = Random(seed: seed)
        return site.answer(request, isFailing: isFailing, random: &random)
    }

    private func header(_ name: String, _ answer: SampleAnswer) -> String? {
        answer.headers.first { $0.name == name }?.value
    }

    @Test("Pages and assets are there, with the caching they are meant to show")
    func pages() throws {
        let slug = site.catalogue.products[7].slug
        let expected = [
            ("/", "private, no-cache"), ("/c/lighting", "public, max-age=30"),
            ("/p/\(slug)", "public, max-age=60"),
            ("/news", "public, max-age=15, stale-while-revalidate=30"), ("/static/site.css", "public, max-age=86400"),
            ("/img/\(slug).svg", "public, max-age=600"), ("/search", "no-store"), ("/cart", "private, no-store"),
            ("/for-you", "private, no-cache"), ("/api/stock/\(slug)", "public, max-age=2"), ("/about", "public"),
        ]
        for (path, cache) in expected {
            let answer = answer(path)
            #expect(answer.status == 200 && !answer.body.isEmpty, "\(path)")
            #expect(header("Cache-Control", answer) == cache, "\(path)")
        }
        #expect(header("Vary", answer("/")) == "Accept-Language")
        #expect(header("Surrogate-Control", answer("/")) == nil)
        #expect(answer("/old/\(slug)").status == 301)
        #expect(answer("/for-you").delayMilliseconds >= 400)
    }

    @Test(
        "What is not there is not found, at any depth",
        arguments: ["/p/nothing", "/c/garden", "/static/x", "/a/b/c/d", "/img/x.png"])
    func notFound(path: String) {
        #expect(answer(path).status == 404)
    }

    @Test("A copy that is still good is answered 304 without a body, by tag and by date")
    func validation() throws {
        let path = "/p/\(site.catalogue.products[0].slug)"
        let first = answer(path)
        let tag = try #require(header("ETag", first))
        let date = try #require(header("Last-Modified", first))
        for same in [answer(path) { $0.ifNoneMatch = tag }, answer(path) { $0.ifModifiedSince = date }] {
            #expect(same.status == 304 && same.body.isEmpty)
            #expect(header("ETag", same) == tag)
        }
        #expect(answer(path) { $0.ifNoneMatch = "\"other\"" }.status == 200)
        #expect(header("ETag", answer("/", seed: 2)) == header("ETag", answer("/", seed: 3)))
    }

    @Test("A search finds, and echoes what was typed only as text")
    func search() {
        let page = String(
            decoding: answer("/search", query: "q=%3Cscript%3Ealert(1)%3C%2Fscript%3E").body, as: UTF8.self)
        #expect(!page.contains("<script>alert"))
        #expect(page.contains("&lt;script&gt;"))
        #expect(String(decoding: answer("/search", query: "q=oak").body, as: UTF8.self).contains("class=\"card\""))
    }

    @Test("Logging in and filling a cart")
    func forms() {
        #expect(answer("/account/login", method: "POST") { $0.body = Array("name=a&password=b".utf8) }.status == 401)
        #expect(
            answer("/account/login", method: "POST") { $0.body = Array("name=a&password=open-sesame".utf8) }.status
                == 303)
        let added = answer("/cart", method: "POST") { $0.cookie = "a=b; items=2" }
        #expect(header("Set-Cookie", added)?.hasPrefix("items=3;") == true)
        #expect(answer("/", method: "DELETE").status == 405)
    }

    @Test("While it fails, most pages answer 5xx, and assets none")
    func failing() {
        let statuses = (0..<200).map { answer("/", isFailing: true, seed: $0).status }
        let failures = statuses.count { $0 >= 500 }
        #expect((90...170).contains(failures))
        #expect((0..<50).allSatisfy { answer("/static/site.js", isFailing: true, seed: $0).status == 200 })
    }

    @Test("It fails at its times only")
    func failureTimes() {
        let failures = SampleFailures(start: 5_000_000_000, firstSeconds: 10, everySeconds: 100, lastsSeconds: 20)
        let failing = (0..<240).filter { failures.isFailing(at: 5_000_000_000 + Int64($0) * 1_000_000_000) }
        #expect(failing == Array(10..<30) + Array(110..<130) + Array(210..<230))
    }
}
