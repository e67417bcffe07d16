import HTTPCache
import HTTPWire
import Testing

/// RFC 9111 §5.2.1, §4.1, §4.3 and RFC 9110 §13, §14: what requests ask of stored responses.
@Suite struct RequestRuleTests {
    @Test(arguments: [
        ("Cache-Control: no-cache", false), ("Cache-Control: max-age=0", false), ("Cache-Control: max-age=4", false),
        ("Cache-Control: max-age=5", true), ("Cache-Control: min-fresh=5", true), ("Cache-Control: min-fresh=6", false),
        ("Pragma: no-cache", false), ("Pragma: other", true), ("Pragma: no-cache|Cache-Control: max-stale", true),
        ("Cookie: a=b", true), ("Cache-Control: only-if-cached", true),
    ])
    func directives(fields: String, isUsed: Bool) {
        let scene = Scene()
        scene.fetch("Cache-Control: max-age=10")
        scene.now += 5
        #expect((scene.lookup("/", fields).hit != nil) == isUsed)
    }

    @Test func maxStale() {
        for (control, isUsed) in [("max-age=10", true), ("max-age=10, must-revalidate", false), ("s-maxage=10", false)]
        {
            let scene = Scene()
            scene.fetch("ETag: \"x\"|Cache-Control: \(control)")
            scene.now += 15
            #expect((scene.lookup("/", "Cache-Control: max-stale=5").hit?.kind == .stale) == isUsed)
            #expect(scene.lookup("/", "Cache-Control: max-stale=4").hit == nil)
        }
    }

    @Test func onlyIfCachedIsRefusedOnAMiss() {
        #expect(Scene().lookup("/", "Cache-Control: only-if-cached").isRefusal)
    }

    @Test func requestDirectivesCanBeIgnored() {
        let scene = Scene { $0.honorsRequestDirectives = false }
        scene.fetch("Cache-Control: max-age=10")
        #expect(scene.lookup("/", "Cache-Control: no-cache").hit != nil)
        #expect(scene.lookup("/", "Pragma: no-cache").hit != nil)
    }

    @Test(arguments: [
        // Vary, first request, second request, whether the second is a hit.
        ("Foo", "Foo: 1", "Foo: 1", true), ("Foo", "Foo: 1", "Foo: 2", false), ("Foo", "", "Foo: 1", false),
        ("Foo", "Foo: 1", "", false), ("Foo", "", "", true), ("foo, BAR", "Foo: 1|Bar: 2", "bar: 2|foo: 1", true),
        ("Foo, Bar", "Foo: 1|Bar: 2", "Foo: 1|Bar: 3", false), ("Foo", "Foo: 1, 2", "Foo: 1|Foo: 2", true),
        ("Foo", "Foo: 1,2", "Foo:  1 , 2 ", true), ("Foo", "Foo: 1, 2", "Foo: 2, 1", false),
        ("Accept-Language", "Accept-Language: en, de", "Accept-Language: De,en", true),
        ("Accept-Encoding", "Accept-Encoding: gzip, br;q=1", "Accept-Encoding: br; q=1,GZIP", true),
        ("Accept-Encoding", "Accept-Encoding: gzip", "Accept-Encoding: br", false),
        ("Foo", "Foo:", "", false), ("Foo", "Other: 1", "Other: 2", true),
    ])
    func vary(names: String, first: String, second: String, isHit: Bool) {
        let scene = Scene()
        scene.fetch("Cache-Control: max-age=10|Vary: \(names)", request: first)
        let decision = scene.lookup("/", second)
        #expect((decision.hit != nil) == isHit)
        #expect(decision.fetch.map { $0.reason } == (isHit ? nil : .varyMiss))
    }

    @Test func variantsLiveSideBySide() {
        let scene = Scene { $0.maximumVariants = 3 }
        for value in 1...3 {
            scene.fetch("Cache-Control: max-age=100|Vary: Foo", request: "Foo: \(value)", body: "\(value)")
            scene.now += 1
        }
        for value in 1...3 { #expect(scene.lookup("/", "Foo: \(value)").hit != nil) }
        scene.fetch("Cache-Control: max-age=100|Vary: Foo", request: "Foo: 4")
        #expect(scene.lookup("/", "Foo: 1").hit == nil)
        #expect(scene.lookup("/", "Foo: 4").hit != nil)
        #expect(scene.cache.counters.objects == 3)
    }

    @Test(arguments: [
        ("If-None-Match: \"x\"", 304), ("If-None-Match: W/\"x\"", 304), ("If-None-Match: \"y\"", 200),
        ("If-None-Match: \"y\", \"x\"", 304), ("If-None-Match: *", 304), ("If-None-Match: x", 200),
        ("If-Modified-Since: Wed, 01 Jan 2020 00:00:00 GMT", 304),
        ("If-Modified-Since: Wednesday, 01-Jan-20 00:00:00 GMT", 304),
        ("If-Modified-Since: Tue, 31 Dec 2019 23:59:59 GMT", 200), ("If-Modified-Since: bad", 200),
        ("If-None-Match: \"y\"|If-Modified-Since: Wed, 01 Jan 2020 00:00:00 GMT", 200),
        ("If-None-Match: \"x\"|If-Modified-Since: Tue, 31 Dec 2019 23:59:59 GMT", 304),
        ("If-Match: \"x\"", 200), ("If-Match: \"y\"", 412), ("If-Match: *", 200), ("If-Match: W/\"x\"", 412),
        ("If-Unmodified-Since: Wed, 01 Jan 2020 00:00:00 GMT", 200),
        ("If-Unmodified-Since: Tue, 31 Dec 2019 23:59:59 GMT", 412),
        ("Range: bytes=0-1", 206), ("Range: bytes=9-", 206), ("Range: bytes=-2", 206), ("Range: bytes=10-", 416),
        ("Range: bytes=-0", 416), ("Range: bytes=2-1", 200), ("Range: bytes=a-b", 200), ("Range: lines=0-1", 200),
        ("Range: bytes=0-99", 206), ("Range: bytes=0-1,4-5", 206), ("Range: bytes=0-4,2-5", 200),
        ("Range: bytes=0-1|If-Range: \"x\"", 206), ("Range: bytes=0-1|If-Range: \"y\"", 200),
        ("Range: bytes=0-1|If-Range: W/\"x\"", 200),
        ("Range: bytes=0-1|If-Range: Wed, 01 Jan 2020 00:00:00 GMT", 206),
        ("Range: bytes=0-1|If-Range: Thu, 02 Jan 2020 00:00:00 GMT", 200),
        ("Range: bytes=0-1|If-None-Match: \"x\"", 304),
    ])
    func conditionsAndRanges(fields: String, status: Int) throws {
        let scene = Scene()
        scene.fetch(
            "Cache-Control: max-age=10|ETag: \"x\"|Last-Modified: Wed, 01 Jan 2020 00:00:00 GMT|Content-Type: a/b",
            body: "0123456789")
        let request = Scene.request("/", fields)
        let answer = Answer(try #require(scene.lookup(request).hit), request, now: scene.now)
        #expect(answer.status == status)
        if status == 200 { #expect(answer.body == "0123456789") }
        if status == 304 {
            #expect(answer.body.isEmpty && answer["etag"] == "\"x\"" && answer["cache-control"] != nil)
            #expect(answer["content-length"] == nil && answer["content-type"] == nil)
        }
        if status == 416 { #expect(answer["content-range"] == "bytes */10") }
    }

    @Test func rangesAreCutRight() throws {
        let scene = Scene()
        scene.fetch("Cache-Control: max-age=10|Content-Type: text/plain", body: "0123456789")
        func answer(_ range: String) throws -> Answer {
            let request = Scene.request("/", "Range: bytes=\(range)")
            return Answer(try #require(scene.lookup(request).hit), request, now: scene.now)
        }
        let first = try answer("2-4")
        #expect(first.body == "234" && first["content-range"] == "bytes 2-4/10" && first["content-length"] == "3")
        #expect(try answer("-3").body == "789")
        #expect(try answer("8-").body == "89")
        let several = try answer("0-1,-2")
        #expect(several["content-type"] == "multipart/byteranges; boundary=squilla-7")
        let part = "\r\n--squilla-7\r\nContent-Type: text/plain\r\nContent-Range: bytes "
        #expect(several.body == part + "0-1/10\r\n\r\n01" + part + "8-9/10\r\n\r\n89\r\n--squilla-7--\r\n")
        #expect(several["content-length"] == "\(several.body.utf8.count)")
    }

    @Test func headIsAnsweredFromGet() throws {
        let scene = Scene()
        scene.fetch("Cache-Control: max-age=10")
        let request = Scene.request("/", method: "HEAD")
        let answer = Answer(try #require(scene.lookup(request).hit), request, now: scene.now)
        #expect(answer.status == 200 && answer.body.isEmpty && answer["content-length"] == "5")
    }
}
