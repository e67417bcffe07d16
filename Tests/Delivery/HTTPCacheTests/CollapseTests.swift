import HTTPCache
import HTTPWire
import Testing

/// Many requests for one thing are one fetch.
@Suite struct CollapseTests {
    @Test func tenThousandMissesAreOneFetch() throws {
        let scene = Scene()
        let request = Scene.request("/")
        var fetches: [CacheFetch] = []
        var waiting = 0
        for _ in 0..<10_000 {
            let decision = scene.lookup(request)
            if let fetch = decision.fetch { fetches.append(fetch) }
            if decision.isWait { waiting += 1 }
        }
        #expect(fetches.count == 1 && waiting == 9_999)
        #expect(scene.cache.counters.waiters == 9_999)
        let response = scene.response(200, "Cache-Control: max-age=10")
        let outcome = fetches[0].received(response, request: request, requestTime: scene.now, now: scene.now)
        #expect(scene.outcomes.all == Array(repeating: .retry, count: 9_999))
        let fill = try #require(outcome.fill)
        _ = fill.append(Array("hel".utf8), now: scene.now, onDrained: {})
        let hit = try #require(scene.lookup(request).hit)
        #expect(hit.kind == .collapsed && hit.status.isCollapsed && hit.status.forward == .uriMiss)
        _ = fill.append(Array("lo".utf8), now: scene.now, onDrained: {})
        fill.finish()
        #expect(Answer(hit, request, now: scene.now).body == "hello")
        #expect(scene.lookup(request).hit?.kind == .hit)
        #expect(scene.cache.counters.fetches == 0)
    }

    @Test func uncacheableResponsesDontQueue() throws {
        let scene = Scene { $0.hitForMissSeconds = 30 }
        let request = Scene.request("/")
        let first = try #require(scene.lookup(request).fetch)
        #expect(scene.lookup(request).isWait)
        #expect(scene.answer(first, request, 200, "Cache-Control: no-store").refusal == "no-store")
        #expect(scene.outcomes.all == [.retry])
        let alone = [scene.lookup(request), scene.lookup(request)].compactMap(\.fetch)
        #expect(alone.count == 2 && alone.allSatisfy { !$0.isShared && $0.droppedFields == [] })
        scene.now += 31
        let again = scene.lookup(request)
        #expect(again.fetch?.isShared == true && scene.lookup(request).isWait)
    }

    @Test func whatBecomesCacheableIsStoredAgain() throws {
        let scene = Scene()
        scene.fetch("Cache-Control: no-store")
        scene.fetch("Cache-Control: max-age=10")
        #expect(scene.lookup().hit != nil)
        scene.now += 20
        #expect(scene.lookup().fetch?.isShared == true)
    }

    @Test func failuresReachTheWaitersOnce() throws {
        let scene = Scene()
        let request = Scene.request("/")
        let first = try #require(scene.lookup(request).fetch)
        #expect(scene.lookup(request).isWait)
        #expect(first.failed(status: 504, now: scene.now) == nil)
        let second = try #require(scene.lookup(request).fetch)
        #expect(scene.lookup(request).isWait)
        #expect(scene.answer(second, request, 503, "").refusal == "status")
        #expect(scene.outcomes.all == [.failed(status: 504), .failed(status: 503)])
    }

    @Test func aFetchThatIsDroppedLetsTheNextTry() {
        let scene = Scene()
        var fetch = scene.lookup().fetch
        #expect(fetch != nil && scene.lookup().isWait)
        fetch = nil
        #expect(scene.outcomes.all == [.retry])
        #expect(scene.lookup().fetch != nil)
    }

    @Test func variantsKnownBeforeDontWaitForEachOther() throws {
        let scene = Scene()
        scene.fetch("Cache-Control: max-age=10|Vary: Foo", request: "Foo: 1")
        let second = scene.lookup("/", "Foo: 2")
        let third = scene.lookup("/", "Foo: 3")
        #expect(second.fetch != nil && third.fetch != nil)
        #expect(scene.lookup("/", "Foo: 3").isWait)
    }

    @Test func variantsUnknownBeforeFindOut() throws {
        let scene = Scene()
        let first = Scene.request("/", "Foo: 1")
        let fetch = try #require(scene.lookup(first).fetch)
        #expect(scene.lookup("/", "Foo: 2").isWait)
        let outcome = fetch.received(
            scene.response(200, "Cache-Control: max-age=10|Vary: Foo"), request: first, requestTime: scene.now,
            now: scene.now)
        #expect(scene.lookup("/", "Foo: 1").hit?.kind == .collapsed)
        #expect(scene.lookup("/", "Foo: 2").fetch != nil)
        outcome.fill?.finish()
    }

    @Test func whoLeavesIsNotCalled() throws {
        let scene = Scene()
        let request = Scene.request("/")
        let fetch = try #require(scene.lookup(request).fetch)
        guard case .wait(let ticket) = scene.lookup(request) else { return #expect(Bool(false)) }
        scene.cache.leave(key: CacheKey(request, isHTTPS: false), ticket: ticket)
        scene.answer(fetch, request, 200, "Cache-Control: max-age=10")
        #expect(scene.outcomes.all.isEmpty)
    }

    @Test func authorizedRequestsGoAlone() throws {
        let scene = Scene()
        let decision = scene.lookup("/", "Authorization: x")
        #expect(decision.fetch?.isShared == false)
        #expect(scene.lookup().fetch != nil, "nobody waits for a private answer")
    }
}
