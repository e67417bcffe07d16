import HTTPCache
import HTTPWire
import Testing

/// RFC 9111 §3 and §4.2: what is stored, and for how long it is used.
@Suite struct StorageRuleTests {
    static let past = "Thu, 01 Jan 2009 00:00:00 GMT"

    /// Response fields; seconds later; whether the stored response is used then.
    static let table: [(String, Int64, Bool)] = [
        ("Cache-Control: max-age=10", 9, true), ("Cache-Control: max-age=10", 10, false),
        ("Cache-Control: max-age=0", 0, false), ("Cache-Control: MAX-age=\"10\"", 9, true),
        ("Cache-Control: max-age=-5", 0, false), ("Cache-Control: max-age=abc", 0, false),
        ("Cache-Control: max-age='10'", 0, false), ("Cache-Control: max-age=99999999999", 1_000_000, true),
        ("Cache-Control: max-age=010", 9, true), ("Cache-Control: foo, max-age=10", 9, true),
        ("Cache-Control: x=\"max-age=10\", max-age=1", 2, false),
        ("Cache-Control: max-age=1, x=\"max-age=10\"", 2, false),
        ("Cache-Control: max-age=1, s-maxage=10", 9, true), ("Cache-Control: s-maxage=1, max-age=10", 2, false),
        ("Cache-Control: max-age=10|Cache-Control: s-maxage=1", 2, false),
        ("Cache-Control: max-age=10|Expires: \(past)", 9, true), ("Cache-Control: max-age=10|Expires: 0", 9, true),
        ("Cache-Control: max-age=10|Age: 8", 1, true), ("Cache-Control: max-age=10|Age: 8", 2, false),
        ("Cache-Control: max-age=10|Age: 0, 20", 1, true), ("Cache-Control: max-age=10|Age: 20, 0", 1, false),
        ("Cache-Control: max-age=10|Age: 20|Age: 0", 1, false), ("Cache-Control: max-age=10|Age: -20", 1, true),
        ("Cache-Control: max-age=10|Age: 20.0", 1, true), ("Cache-Control: max-age=10|Age: x", 1, true),
        ("Cache-Control: max-age=3600|Age: 2147483648", 1, false),
        ("Expires: 0", 0, false), ("Expires: \(past)", 0, false),
        ("Expires: Thu, 18 Aug 2050 02:01:18 GMT", 1, true), ("Expires: Thursday, 18-Aug-50 02:01:18 GMT", 1, true),
        ("Expires: Thu Aug  8 02:01:18 2050", 1, true), ("Expires: THU, 18 AUG 2050 02:01:18 gmt", 1, true),
        ("Expires: Thu, 18 Aug 2050 02:01:18 UTC", 1, false), ("Expires: Thu, 18 Aug 50 02:01:18 GMT", 1, false),
        ("Expires: Thu 18 Aug 2050 02:01:18 GMT", 1, false), ("Expires: Thu, 18  Aug 2050 02:01:18 GMT", 1, false),
        ("Expires: Thu, 18-Aug-2050 02:01:18 GMT", 1, false), ("Expires: Thu, 18 Aug 2050 02.01.18 GMT", 1, false),
        ("Expires: Thu, 18 Aug 2050 2:01:18 GMT", 1, false),
        ("Cache-Control: no-store", 0, false), ("Cache-Control: max-age=10, No-Store", 0, false),
        ("Cache-Control: private, max-age=10", 0, false), ("Cache-Control: no-cache, max-age=10", 0, false),
        ("Cache-Control: no-cache=\"x\", max-age=10", 9, true), ("Cache-Control: private=\"x\", max-age=10", 9, true),
        ("Cache-Control: must-understand, no-store, max-age=10", 9, true),
        ("Cache-Control: max-age=10|Vary: *", 0, false), ("Cache-Control: max-age=10|Vary: Foo, *", 0, false),
        ("Cache-Control: max-age=10|Set-Cookie: a=b", 9, true), ("", 0, false), ("Set-Cookie: a=b", 0, false),
        ("CDN-Cache-Control: max-age=10", 9, true), ("CDN-Cache-Control: max-age=10", 10, false),
        ("CDN-Cache-Control: max-age=10|Cache-Control: no-store", 9, true),
        ("CDN-Cache-Control: no-store|Cache-Control: max-age=10", 0, false),
        ("CDN-Cache-Control: private|Cache-Control: max-age=10", 0, false),
        ("CDN-Cache-Control: max-age=1|Cache-Control: max-age=10", 1, false),
        ("CDN-Cache-Control: foo;a=1, max-age=10|Expires: 0", 9, true),
        ("CDN-Cache-Control: max-age=0|Expires: Thu, 18 Aug 2050 02:01:18 GMT", 0, false),
        ("CDN-Cache-Control: max-age=10, &&&|Cache-Control: no-store", 0, false),
        ("CDN-Cache-Control: max-age=\"10\"|Cache-Control: no-store", 0, false),
        ("CDN-Cache-Control: max-age =10|Cache-Control: max-age=20", 15, true),
        ("CDN-Cache-Control:|Cache-Control: max-age=20", 15, true),
        ("Cache-Control: public", 0, false), ("Pragma: no-cache|Cache-Control: max-age=10", 9, true),
    ]

    @Test(arguments: table) func use(fields: String, later: Int64, isUsed: Bool) {
        let scene = Scene()
        scene.fetch(fields)
        scene.now += later
        #expect((scene.lookup().hit != nil) == isUsed)
    }

    @Test(arguments: [
        (200, true), (203, true), (204, true), (301, true), (308, true), (404, true), (410, true), (414, true),
        (501, true), (201, false), (202, false), (302, false), (403, false), (500, false), (503, false), (599, false),
    ])
    func heuristics(status: Int, isUsed: Bool) {
        let scene = Scene()
        scene.fetch("Last-Modified: \(scene.date(-1000))", status: status)
        scene.now += 99
        #expect((scene.lookup().hit != nil) == isUsed)
        scene.now += 1
        #expect(scene.lookup().hit == nil)
    }

    @Test func heuristicsHaveACap() {
        let scene = Scene { $0.maximumHeuristicSeconds = 5 }
        scene.fetch("Last-Modified: \(scene.date(-1_000_000))")
        scene.now += 4
        #expect(scene.lookup().hit != nil)
        scene.now += 1
        #expect(scene.lookup().hit == nil)
    }

    @Test func explicitFreshnessStoresAnyFinalStatus() {
        for status in [200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410, 499, 500, 502, 503, 504, 599] {
            let scene = Scene()
            scene.fetch("Cache-Control: max-age=10", status: status)
            #expect(scene.lookup().hit?.object.status == Int16(status))
        }
        let scene = Scene()
        #expect(scene.fetch("Cache-Control: max-age=10|Content-Range: bytes 0-4/10", status: 206)?.refusal == "status")
    }

    @Test(arguments: [
        ("Cache-Control: max-age=10", false), ("Cache-Control: max-age=10, public", true),
        ("Cache-Control: max-age=10, must-revalidate", true), ("Cache-Control: s-maxage=10", true),
    ])
    func authorization(fields: String, isShared: Bool) {
        let scene = Scene()
        scene.fetch(fields, request: "Authorization: secret")
        #expect((scene.lookup().hit != nil) == isShared)
        #expect((scene.lookup("/", "Authorization: other").hit != nil) == isShared)
    }

    @Test(arguments: [
        ("text/html", true), ("application/json", true), ("application/hal+json; charset=utf-8", true),
        ("application/LD+JSON", true), ("image/svg+xml", false), ("text/css", false), ("+json", false),
    ])
    func dataUnderTheNameOfAFileIsNotStored(type: String, isRefused: Bool) {
        let outcome = Scene().fetch("Cache-Control: max-age=10|Content-Type: \(type)", path: "/account/x.css")
        #expect(outcome?.refusal == (isRefused ? "type-mismatch" : nil))
    }

    @Test func ageCountsDelayAndDate() {
        let scene = Scene()
        let request = Scene.request("/")
        guard let fetch = scene.lookup(request).fetch else { return #expect(Bool(false)) }
        let response = scene.response(200, "Cache-Control: max-age=100|Age: 10|Date: \(scene.date(-5))")
        let outcome = fetch.received(response, request: request, requestTime: scene.now - 7, now: scene.now)
        #expect(outcome.hit?.age == 17)
        scene.now += 3
        outcome.fill?.finish()
        #expect(scene.lookup().hit?.age == 20)
        #expect(scene.lookup().hit?.timeToLive == 80)
    }

    @Test func dateIsKeptOrAdded() throws {
        let scene = Scene()
        let date = scene.date(0)
        scene.fetch("Cache-Control: max-age=10", path: "/a")
        scene.fetch("Cache-Control: max-age=10|Date: none", path: "/b")
        scene.now += 5
        for path in ["/a", "/b"] {
            let request = Scene.request(path)
            let answer = Answer(try #require(scene.lookup(request).hit), request, now: scene.now)
            #expect(answer["date"] == date)
            #expect(answer["age"] == "5")
            #expect(answer["cache-status"] == "squilla; hit; ttl=5")
            #expect(answer.body == "hello")
            #expect(answer["content-length"] == "5")
        }
    }

    @Test func connectionFieldsAreNotStored() throws {
        let scene = Scene()
        scene.fetch(
            "Cache-Control: max-age=10, no-cache=\"secret\"|Connection: X-Hop, close|X-Hop: 1|Keep-Alive: 2|Proxy-Connection: 3|"
                + "TE: 4|Upgrade: 5|Proxy-Authenticate: 6|Secret: 7|X-End: 8|Age: 1|Via: 1.0 other")
        let request = Scene.request("/")
        let answer = Answer(try #require(scene.lookup(request).hit), request, now: scene.now)
        for name in [
            "connection", "x-hop", "keep-alive", "proxy-connection", "te", "upgrade", "proxy-authenticate", "secret",
        ] {
            #expect(answer[name] == nil)
        }
        #expect(answer["x-end"] == "8")
        #expect(
            answer.head.joinedValue(of: .via).map { String(decoding: $0, as: UTF8.self) } == "1.0 other, 1.1 squilla")
        #expect(answer.head.count(of: .age) == 1)
    }

    @Test func onlyGetIsStored() {
        let scene = Scene { $0.partialBytes = 0 }
        #expect(scene.lookup(Scene.request("/", method: "POST")).passReason == .method)
        #expect(scene.lookup(Scene.request("/", method: "HEAD")).passReason == .uriMiss)
        // A range goes to the origin as it came, too, and what comes back as a part is not stored where parts aren't.
        let request = Scene.request("/", "Range: bytes=0-1")
        let fetch = scene.lookup(request).fetch
        #expect(fetch?.reason == .uriMiss && fetch?.droppedFields == [])
        let outcome = fetch.map {
            scene.answer($0, request, 206, "Cache-Control: max-age=60|Content-Range: bytes 0-1/5")
        }
        #expect(outcome?.refusal == "partial" && scene.cache.counters.objects == 0)
        // It is remembered that there is nothing to learn; and nothing is learned where no body is stored in pieces.
        #expect(scene.lookup("/", "Range: bytes=0-1").passReason == .uriMiss)
        let plain = Scene {
            $0.segmentBytes = 0
            $0.partialBytes = 0
        }
        #expect(plain.lookup("/", "Range: bytes=0-1").passReason == .uriMiss)
        #expect(scene.lookup("/", "Cache-Control: no-store").passReason == .request)
    }
}
