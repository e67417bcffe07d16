import HTTPCache
import HTTPWire
import Testing

/// RFC 9111 §4.3, §4.4 and RFC 5861: asking the origin again, and forgetting.
@Suite struct ValidationTests {
    @Test func asksWithStoredValidators() throws {
        let scene = Scene()
        scene.fetch("Cache-Control: max-age=10|ETag: W/\"x\"|Last-Modified: Wed, 01 Jan 2020 00:00:00 GMT")
        scene.now += 10
        let fetch = try #require(scene.lookup("/", "If-None-Match: \"mine\"").fetch)
        #expect(fetch.reason == .stale && fetch.isConditional)
        #expect(fetch.droppedFields.contains(.ifNoneMatch))
        var writer = HeadWriter()
        fetch.writeConditions(to: &writer)
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == "If-None-Match: W/\"x\"\r\nIf-Modified-Since: Wed, 01 Jan 2020 00:00:00 GMT\r\n")
    }

    @Test func withheldFieldsReachOnlyTheOneWhoAsked() throws {
        let scene = Scene()
        let request = Scene.request("/")
        let filled = scene.fetch("Cache-Control: max-age=10, no-cache=\"set-cookie\"|ETag: \"x\"|Set-Cookie: a=1|B: 1")
        let first = Answer(try #require(filled?.hit), request, now: scene.now)
        #expect(first["set-cookie"] == "a=1" && first["b"] == "1")
        #expect(Answer(try #require(scene.lookup(request).hit), request, now: scene.now)["set-cookie"] == nil)
        scene.now += 20
        let fetch = try #require(scene.lookup(request).fetch)
        let outcome = scene.answer(
            fetch, request, 304,
            "ETag: \"x\"|Cache-Control: max-age=10, private=\"Set-Cookie, X\"|Set-Cookie: a=2|X: 1|Connection: X|B: 2")
        let own = Answer(try #require(outcome.hit), request, now: scene.now)
        #expect(own["set-cookie"] == "a=2" && own["x"] == nil && own["b"] == "2")
        let other = Answer(try #require(scene.lookup(request).hit), request, now: scene.now)
        #expect(other["set-cookie"] == nil && other["x"] == nil && other["b"] == "2")
    }

    /// What the cache holds from a time that has not come is validated once, and counted from then on.
    @Test(arguments: [(61, false), (60, true), (86_400, false)])
    func aClockThatWentBackMakesStale(step: Int64, isFresh: Bool) throws {
        let scene = Scene()
        scene.fetch("Cache-Control: max-age=7200|ETag: \"x\"")
        scene.now -= step
        let request = Scene.request("/")
        let first = scene.lookup(request)
        #expect((first.hit?.age == 0) == isFresh)
        guard let fetch = first.fetch else { return }
        #expect(fetch.isConditional && fetch.reason == .stale)
        scene.answer(fetch, request, 304, "ETag: \"x\"|Cache-Control: max-age=7200")
        #expect(scene.lookup(request).hit?.age == 0)
        scene.now += 7199
        #expect(scene.lookup(request).hit?.age == 7199)
        scene.now += 1
        #expect(scene.lookup(request).hit == nil)
    }

    @Test func aClockThatWentForwardMakesStale() throws {
        let scene = Scene()
        scene.fetch("Cache-Control: max-age=7200|ETag: \"x\"")
        scene.now += 86_400
        let request = Scene.request("/")
        let fetch = try #require(scene.lookup(request).fetch)
        scene.answer(fetch, request, 304, "ETag: \"x\"|Cache-Control: max-age=7200")
        #expect(scene.lookup(request).hit?.age == 0)
    }

    @Test func notModifiedFreshens() throws {
        let scene = Scene()
        scene.fetch("Cache-Control: max-age=10|ETag: \"x\"|A: 1|B: 1|B: 2|Content-Type: a/b")
        scene.now += 20
        let request = Scene.request("/")
        let fetch = try #require(scene.lookup(request).fetch)
        let outcome = scene.answer(
            fetch, request, 304, "ETag: \"x\"|B: 3|Content-Type: no/no|Content-Length: 99|Connection: C|C: 4")
        let hit = try #require(outcome.hit)
        #expect(hit.kind == .revalidated && hit.age == 0)
        for hit in [hit, try #require(scene.lookup(request).hit)] {
            let answer = Answer(hit, request, now: scene.now)
            #expect(answer["a"] == "1" && answer["b"] == "3" && answer["c"] == nil)
            #expect(answer["content-type"] == "a/b" && answer["content-length"] == "5" && answer.body == "hello")
        }
        scene.now += 9
        #expect(scene.lookup().hit != nil)
        #expect(scene.cache.counters.objects == 1)
    }

    /// Rules see what a 304 renews, and what they make of it is kept like a whole response.
    @Test(arguments: ["old", "new"])
    func whatIsRenewedIsKeptAsRulesLeaveIt(tag: String) throws {
        let scene = Scene()
        scene.fetch(
            "Cache-Control: no-cache|ETag: \"x\"|Content-Type: a/b|Link: own|Link: added|Surrogate-Key: old")
        let request = Scene.request("/")
        var override = CacheOverride()
        override.lifetimeSeconds = 2
        for round in 1...3 {
            let fetch = try #require(scene.lookup(request).fetch)
            let response = scene.response(304, "ETag: \"x\"|B: 2|Cache-Control: no-store|Set-Cookie: c=1")
            #expect(fetch.renewed(by: scene.response(304, "ETag: \"y\"")) == nil)
            #expect(fetch.renewed(by: scene.response(200, "ETag: \"x\"")) == nil)
            var renewed = try #require(fetch.renewed(by: response))
            #expect(renewed.status == 200 && renewed.block.string(named: "content-type") == "a/b")
            #expect(renewed.block.string(named: "b") == "2" && renewed.block.contains(.setCookie))
            renewed.block.remove(.setCookie)
            renewed.block.append("Link", "added \(round)")
            renewed.block.append("Surrogate-Key", "new")
            let outcome = fetch.received(
                response, renewed: renewed, request: request, requestTime: scene.now, now: scene.now,
                override: override)
            #expect(try #require(outcome.hit).kind == .revalidated)
            let hit = try #require(scene.lookup(request).hit)
            #expect(hit.kind == .hit && hit.timeToLive == 2)
            let answer = Answer(hit, request, now: scene.now)
            #expect(answer["b"] == "2" && answer["set-cookie"] == nil && answer["surrogate-key"] == nil)
            let links = answer.head.fields.filter { answer.head.string($0.name) == "Link" }
            #expect(links.map { answer.head.string($0.value) } == ["own", "added \(round)"])
            scene.now += 2
        }
        #expect(scene.cache.purge(.tag(Array(tag.utf8)), isSoft: false, now: scene.now) == 1)
    }

    /// A lifetime by rules is for what a 304 renews what it is for a whole response.
    @Test(arguments: [(0, false), (60, true)])
    func aRuledLifetimeOutweighsTheNotModified(seconds: Int64, isHit: Bool) throws {
        let scene = Scene { $0.servesStaleWhileRevalidate = true }
        let control = "Cache-Control: max-age=30, stale-while-revalidate=30|ETag: \"x\""
        scene.fetch(control)
        scene.now += 100
        let request = Scene.request("/")
        var override = CacheOverride()
        override.lifetimeSeconds = seconds
        let fetch = try #require(scene.lookup(request).fetch)
        _ = fetch.received(
            scene.response(304, control), request: request, requestTime: scene.now, now: scene.now, override: override)
        #expect((scene.lookup(request).hit != nil) == isHit)
    }

    @Test func notModifiedMayShortenOrForbid() throws {
        for (fields, isKept) in [("Cache-Control: max-age=1", true), ("Cache-Control: no-store", false)] {
            let scene = Scene()
            scene.fetch("Cache-Control: max-age=10|ETag: \"x\"")
            scene.now += 20
            let request = Scene.request("/")
            scene.answer(try #require(scene.lookup(request).fetch), request, 304, fields)
            #expect((scene.lookup().hit != nil) == isKept)
        }
    }

    @Test func foreignNotModifiedDropsTheStored() throws {
        let scene = Scene()
        scene.fetch("Cache-Control: max-age=10|ETag: \"x\"")
        scene.now += 20
        let request = Scene.request("/")
        let outcome = scene.answer(try #require(scene.lookup(request).fetch), request, 304, "ETag: \"y\"")
        guard case .retry = outcome else { return #expect(Bool(false)) }
        #expect(try #require(scene.lookup(request).fetch).isConditional == false)
    }

    @Test func aNewResponseReplaces() throws {
        let scene = Scene()
        scene.fetch("Cache-Control: max-age=10|ETag: \"x\"", body: "old")
        scene.now += 20
        scene.fetch("Cache-Control: max-age=10|ETag: \"y\"", body: "new")
        let request = Scene.request("/")
        #expect(Answer(try #require(scene.lookup(request).hit), request, now: scene.now).body == "new")
        #expect(scene.cache.counters.objects == 1)
    }

    /// Cache-Control; seconds later; whether it stands in for a 503, and for an origin that can't be reached.
    @Test(arguments: [
        ("max-age=10, stale-if-error=30", 35, true, true), ("max-age=10, stale-if-error=30", 45, false, true),
        ("max-age=10", 15, false, true), ("max-age=10", 110, false, false),
        ("max-age=10, stale-if-error=30, must-revalidate", 15, false, false),
        ("max-age=10, proxy-revalidate", 15, false, false), ("s-maxage=10, stale-if-error=30", 15, false, false),
        ("no-cache, stale-if-error=30", 5, false, false),
    ])
    func staleOnError(control: String, later: Int64, onError: Bool, onFailure: Bool) throws {
        for fails in [true, false] {
            let scene = Scene { $0.staleWhenUnreachableSeconds = 100 }
            scene.fetch("ETag: \"x\"|Cache-Control: \(control)")
            scene.now += later
            let request = Scene.request("/")
            let fetch = try #require(scene.lookup(request).fetch)
            let hit = fails ? fetch.failed(status: 502, now: scene.now) : scene.answer(fetch, request, 503, "").hit
            #expect((hit?.kind == .stale) == (fails ? onFailure : onError))
            let standIn = scene.cache.standIn(key: CacheKey(request, isHTTPS: false), request: request, now: scene.now)
            #expect((standIn != nil) == onFailure)
        }
    }

    @Test func staleWhileRevalidate() throws {
        let scene = Scene { $0.servesStaleWhileRevalidate = true }
        scene.fetch("Cache-Control: max-age=10, stale-while-revalidate=5")
        scene.now += 12
        let hit = try #require(scene.lookup().hit)
        let refresh = try #require(hit.refresh)
        #expect(hit.kind == .stale)
        #expect(scene.lookup().hit?.refresh == nil, "one refresh at a time")
        scene.answer(refresh, Scene.request("/"), 200, "Cache-Control: max-age=10", body: "new")
        #expect(scene.lookup().hit?.kind == .hit)
        scene.now += 16
        #expect(scene.lookup().hit == nil)
    }

    @Test(arguments: [
        ("POST", 200, true), ("PUT", 201, true), ("DELETE", 204, true), ("M-SEARCH", 200, true), ("PATCH", 302, true),
        ("POST", 400, false), ("POST", 500, false), ("GET", 200, false), ("OPTIONS", 200, false),
    ])
    func invalidation(method: String, status: Int, isInvalid: Bool) {
        let scene = Scene()
        for path in ["/", "/l", "/dir/c?q"] { scene.fetch("Cache-Control: max-age=10", path: path) }
        let request = Scene.request("/", method: method)
        let response = scene.response(status, "Location: http://EXAMPLE.com:80/l#x|Content-Location: dir/c?q")
        scene.cache.invalidate(after: request, key: CacheKey(request, isHTTPS: false), response: response)
        for path in ["/", "/l", "/dir/c?q"] { #expect((scene.lookup(path).hit == nil) == isInvalid, "\(path)") }
    }

    @Test func otherOriginsAreNotInvalidated() {
        let scene = Scene()
        scene.fetch("Cache-Control: max-age=10", path: "/l")
        let request = Scene.request("/", method: "POST")
        for location in ["http://other.com/l", "https://example.com/l", "//other.com/l", "http://example.com:81/l"] {
            let response = scene.response(200, "Location: \(location)")
            scene.cache.invalidate(after: request, key: CacheKey(request, isHTTPS: false), response: response)
        }
        #expect(scene.lookup("/l").hit != nil)
    }

    @Test func whatWasFetchedBeforeAnInvalidationIsNotKept() throws {
        let scene = Scene()
        let request = Scene.request("/")
        let fetch = try #require(scene.lookup(request).fetch)
        let outcome = fetch.received(
            scene.response(200, "Cache-Control: max-age=10"), request: request, requestTime: scene.now, now: scene.now)
        #expect(scene.lookup(request).hit?.kind == .collapsed)
        scene.cache.invalidate(CacheKey(request, isHTTPS: false))
        #expect(scene.lookup(request).fetch != nil, "newcomers fetch anew")
        _ = outcome.fill?.append(Array("hello".utf8), now: scene.now, onDrained: {})
        outcome.fill?.finish()
        #expect(scene.cache.counters.objects == 0)
        #expect(scene.cache.counters.bytes == 0)
        scene.fetch("Cache-Control: max-age=10")
        #expect(scene.cache.invalidateAll() == 1)
        #expect(scene.lookup(request).fetch != nil)
        #expect(scene.cache.counters.bytes == 0)
    }
}
