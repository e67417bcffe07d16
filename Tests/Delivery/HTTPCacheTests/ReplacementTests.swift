import HTTPCache
import HTTPWire
import Testing

/// RFC 9111 §4.3.3: what an answer that isn't stored leaves of the one that is.
@Suite struct ReplacementTests {
    /// Status and fields of the answer; whether the stored response is gone.
    static let table: [(Int, String, Bool)] = [
        (404, "", true), (410, "Cache-Control: no-store", true), (403, "", true), (302, "Location: /a", true),
        (200, "Cache-Control: no-store", true), (200, "Cache-Control: private", true), (200, "", true),
        (200, "Cache-Control: max-age=10|Vary: *", true), (500, "", false), (501, "Cache-Control: no-store", false),
        (503, "Cache-Control: no-store", false), (400, "", false), (412, "", false), (416, "", false),
        (429, "", false), (304, "", false), (206, "Content-Range: bytes 0-0/5", false),
    ]

    @Test(arguments: table) func anAnswerThatIsNotStoredReplaces(status: Int, fields: String, isGone: Bool) throws {
        let scene = Scene { $0.servesStaleWhileRevalidate = true }
        scene.fetch("Cache-Control: max-age=1, stale-while-revalidate=600")
        scene.now += 2
        let request = Scene.request("/")
        let refresh = try #require(scene.lookup(request).hit?.refresh)
        scene.answer(refresh, request, status, fields)
        // What is remembered of a URL that can't be cached is forgotten by then.
        scene.now += 31
        let counters = scene.cache.counters
        #expect(counters.objects == (isGone ? 0 : 1) && (counters.bytes == 0) == isGone)
        #expect((scene.lookup(request).hit == nil) == isGone)
        let standIn = scene.cache.standIn(key: CacheKey(request, isHTTPS: false), request: request, now: scene.now)
        #expect((standIn == nil) == isGone)
    }

    /// Neither of what the client alone is told, nor of what only it wants not to be kept.
    @Test(arguments: ["Cache-Control: no-store", "Authorization: x"])
    func whatOneClientAsksForTakesNothingFromOthers(fields: String) throws {
        let scene = Scene()
        scene.fetch("Cache-Control: max-age=10")
        let request = Scene.request("/", fields)
        if let fetch = scene.lookup(request).fetch { scene.answer(fetch, request, 404, "") }
        #expect(scene.lookup().hit != nil)
        let fetch = try #require(scene.lookup("/", "Cache-Control: no-cache").fetch)
        scene.answer(fetch, request, 404, "")
        #expect(scene.lookup().hit != nil)
        scene.answer(try #require(scene.lookup("/", "Cache-Control: no-cache").fetch), Scene.request("/"), 404, "")
        #expect(scene.lookup().hit == nil)
    }

    @Test func whoWaitedAsksForTheWholeThen() throws {
        let scene = Scene()
        scene.fetch("Cache-Control: max-age=1|ETag: \"x\"")
        scene.now += 2
        let request = Scene.request("/")
        let fetch = try #require(scene.lookup(request).fetch)
        #expect(fetch.isConditional && scene.lookup(request).isWait)
        scene.answer(fetch, request, 200, "Cache-Control: no-store|ETag: \"y\"")
        #expect(scene.outcomes.all == [.retry])
        let alone = try #require(scene.lookup(request).fetch)
        #expect(!alone.isShared && !alone.isConditional)
    }

    @Test func otherVariantsStay() throws {
        let scene = Scene()
        for value in 1...2 { scene.fetch("Cache-Control: max-age=10|Vary: Foo", request: "Foo: \(value)") }
        let request = Scene.request("/", "Foo: 1|Cache-Control: no-cache")
        scene.answer(try #require(scene.lookup(request).fetch), request, 404, "")
        #expect(scene.lookup("/", "Foo: 1").hit == nil && scene.lookup("/", "Foo: 2").hit != nil)
    }

    @Test func whatWasStoredMeanwhileStays() throws {
        let scene = Scene()
        scene.fetch("Cache-Control: max-age=1|ETag: \"x\"")
        scene.now += 2
        let request = Scene.request("/", "Cache-Control: no-cache")
        let late = try #require(scene.lookup(request).fetch)
        scene.fetch("Cache-Control: max-age=10|ETag: \"y\"", body: "new")
        scene.answer(late, request, 404, "")
        #expect(Answer(try #require(scene.lookup().hit), Scene.request("/"), now: scene.now).body == "new")
    }

    /// Announced, and found out on the way.
    @Test(arguments: ["Content-Length: 50", "Transfer-Encoding: chunked"])
    func whatIsTooLargeReplaces(framing: String) throws {
        let scene = Scene { $0.maximumObjectBytes = 10 }
        scene.fetch("Cache-Control: max-age=1|ETag: \"x\"")
        scene.now += 2
        let body = String(repeating: "x", count: 50)
        scene.fetch("Cache-Control: max-age=10|ETag: \"y\"|\(framing)", body: body)
        #expect(scene.cache.counters.objects == 0 && scene.cache.counters.bytes == 0)
    }

    /// RFC 9111 §4.3.5; what is answered to HEAD, and whether the stored response is still fresh.
    @Test(arguments: [
        (200, "ETag: \"x\"|Content-Length: 5", "", true), (200, "", "", true), (500, "", "", true),
        (405, "Content-Length: 0", "", true), (404, "", "Cache-Control: no-store", true),
        (404, "", "Authorization: x", true), (404, "", "", false), (410, "", "", false),
        (200, "ETag: \"y\"", "", false), (200, "Content-Length: 6", "", false),
        (200, "Last-Modified: Fri, 02 Jan 2015 00:00:00 GMT", "", false),
    ])
    func whatIsAnsweredToHeadMakesStale(status: Int, fields: String, request: String, isFresh: Bool) {
        let scene = Scene()
        scene.fetch("Cache-Control: max-age=10|ETag: \"x\"|Last-Modified: Thu, 01 Jan 2015 00:00:00 GMT")
        let head = Scene.request("/", method: "HEAD", request)
        scene.cache.note(headOf: CacheKey(head, isHTTPS: false), head, scene.response(status, fields), now: scene.now)
        #expect((scene.lookup().hit != nil) == isFresh && scene.cache.counters.objects == 1)
    }

    @Test func aStaleOneThatNobodyMayRenewIsStale() throws {
        let scene = Scene { $0.servesStaleWhileRevalidate = true }
        scene.fetch("Cache-Control: max-age=1, stale-while-revalidate=600")
        scene.now += 2
        let request = Scene.request("/")
        scene.answer(try #require(scene.lookup(request).hit?.refresh), request, 429, "")
        #expect(scene.lookup(request).fetch?.reason == .stale)
    }
}
