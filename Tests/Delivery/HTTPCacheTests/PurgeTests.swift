import Bytes
import HTTPWire
import Runtime
import Synchronization
import Testing

@testable import HTTPCache

/// Purging: what it meets, what it leaves, and what is under way meanwhile.
@Suite struct PurgeTests {
    private func scene() -> Scene {
        let scene = Scene()
        scene.fetch("Cache-Control: max-age=100|Surrogate-Key: all even  two|ETag: \"2\"", path: "/a/2")
        scene.fetch("Cache-Control: max-age=100|Cache-Tag: all, odd,, three ,|ETag: \"3\"", path: "/a/3")
        scene.fetch("Cache-Control: max-age=100|Surrogate-Key: all|Cache-Tag: odd", path: "/b/5")
        scene.fetch("Cache-Control: max-age=100", path: "/b/none")
        return scene
    }

    private func purge(_ scene: Scene, tag: String, soft: Bool = false) -> Int {
        scene.cache.purge(.tag(Array(tag.utf8)), isSoft: soft, now: scene.now)
    }

    private func hits(_ scene: Scene) -> [String] {
        ["/a/2", "/a/3", "/b/5", "/b/none"].filter { path in
            scene.lookup(Scene.request(path, "Cache-Control: only-if-cached")).hit?.kind == .hit
        }
    }

    @Test func byTag() {
        let scene = scene()
        #expect(purge(scene, tag: "odd") == 2)
        #expect(hits(scene) == ["/a/2", "/b/none"])
        #expect(purge(scene, tag: "odd") == 0)
        #expect(purge(scene, tag: "Even") == 0)
        #expect(purge(scene, tag: "") == 0)
        #expect(purge(scene, tag: "all") == 1)
        #expect(hits(scene) == ["/b/none"])
    }

    @Test func whatIsStoredAfterwardsStays() {
        let scene = scene()
        #expect(purge(scene, tag: "odd") == 2)
        scene.fetch("Cache-Control: max-age=100|Cache-Tag: odd", path: "/a/3")
        #expect(hits(scene) == ["/a/2", "/a/3", "/b/none"])
        #expect(purge(scene, tag: "odd") == 1)
        #expect(hits(scene) == ["/a/2", "/b/none"])
    }

    @Test func byKeyPrefixAndAll() throws {
        let scene = scene()
        let key = try #require(CacheKey(url: "HTTP://EXAMPLE.com:80/a/2#x"))
        #expect(scene.cache.purge(.key(key), isSoft: false, now: scene.now) == 1)
        #expect(hits(scene) == ["/a/3", "/b/5", "/b/none"])
        let folder = try #require(CacheKey(url: "http://example.com/b/"))
        #expect(scene.cache.purge(.prefix(folder), isSoft: false, now: scene.now) == 2)
        #expect(hits(scene) == ["/a/3"])
        #expect(scene.cache.purge(.everything, isSoft: false, now: scene.now) == 1)
        #expect(hits(scene) == [])
        #expect(scene.cache.counters.bytes == 0)
        #expect(scene.cache.counters.purged == 4)
    }

    @Test(arguments: ["example.com/x", "ftp://example.com/", "http://", "http://h:port/", "/a", ""])
    func whatIsNoURL(text: String) { #expect(CacheKey(url: text) == nil) }

    @Test func keysOfURLsAreThoseOfRequests() {
        #expect(CacheKey(url: "http://example.com") == CacheKey(Scene.request("/"), isHTTPS: false))
        #expect(CacheKey(url: "https://Example.com:443/p?q") == CacheKey(Scene.request("/p?q"), isHTTPS: true))
    }

    @Test func aSweepGivesTheMemoryBack() {
        let scene = scene()
        #expect(purge(scene, tag: "all") == 3)
        scene.cache.sweep { true }
        #expect(scene.cache.counters.objects == 1)
        #expect(scene.cache.counters.tags == 0)
        #expect(scene.cache.purge(.everything, isSoft: false, now: scene.now) == 1)
        #expect(scene.cache.counters.bytes == 0)
    }

    /// Who holds a lock for long holds up the sweep, not the other way round.
    @Test func aSweepWaitsForWhoeverHasALock() {
        enum Holder { case none, holds, gone }
        let scene = scene()
        #expect(purge(scene, tag: "all") == 3)
        let holder = Monitor(Holder.none)
        Thread.start(name: "holder") {
            for shard in scene.cache.shards {
                shard.part.withLock { _ in
                    holder.update { $0 = .holds }
                    Thread.sleep(microseconds: 200)
                }
            }
            holder.update { $0 = .gone }
        }
        _ = holder.wait { $0 == .none ? nil : true }
        scene.cache.sweep { true }
        _ = holder.wait { $0 == .gone ? true : nil }
        #expect(scene.cache.counters.objects == 1 && scene.cache.counters.tags == 0)
    }

    /// A sweep is asked whether it goes on for all that it looks at.
    private func steps(_ scene: Scene) -> Int {
        var steps = 0
        scene.cache.sweep {
            steps += 1
            return true
        }
        return steps
    }

    @Test func aSweepLooksOnlyWhereSomethingIsInvisible() {
        let scene = scene()
        for number in 0..<2000 { scene.fetch("Cache-Control: max-age=100|Cache-Tag: n\(number)", path: "/n/\(number)") }
        let looks = steps(scene)
        #expect(purge(scene, tag: "unknown") == 0)
        #expect(purge(scene, tag: "odd", soft: true) == 2)
        #expect(steps(scene) == looks)
        #expect(purge(scene, tag: "n7") == 1)
        let one = steps(scene)
        #expect(one > looks && one < 2000 / 4)
        #expect(scene.cache.counters.objects == 2003)
        #expect(steps(scene) == looks)
    }

    @Test func aSweepThatIsStoppedLeavesTheRest() {
        let scene = scene()
        #expect(purge(scene, tag: "all") == 3)
        scene.cache.sweep { false }
        #expect(scene.cache.counters.objects == 4)
        #expect(hits(scene) == ["/b/none"])
        scene.cache.sweep { true }
        #expect(scene.cache.counters.objects == 1)
    }

    @Test func whatWasEmptiedIsDestroyedBySweeps() {
        let scene = scene()
        #expect(scene.cache.purge(.everything, isSoft: false, now: scene.now) == 4)
        var steps = 0
        scene.cache.sweep {
            steps += 1
            return true
        }
        #expect(steps > 0)
        #expect(scene.cache.takeEmptied().isEmpty)
    }

    @Test(arguments: [1, 2, 3]) func tagsAreCountedAsADictionaryWould(seed: UInt64) {
        var random = Random(seed: seed)
        var index = TagIndex()
        var held: [UInt64: Int] = [:]
        var live: [UInt64: Int] = [:]
        var generation: UInt64 = 0
        // Those that lie in the index: their tag and the generation that they are of.
        var stored: [(tag: UInt64, generation: UInt64)] = []
        for step in 0..<20_000 {
            let grows = step % 4000 < 2500
            if random.chance(0.01) {
                generation += 1
                let tag = UInt64(random.below(300))
                let met = index.purge(tag, isSoft: false, generation: generation, now: 0)
                #expect(met == live[tag] ?? 0)
                live[tag] = 0
            } else if random.chance(grows ? 0.7 : 0.3) || stored.isEmpty {
                let tag = UInt64(random.below(300))
                index.insert(tag)
                stored.append((tag, generation))
                held[tag, default: 0] += 1
                live[tag, default: 0] += 1
            } else {
                let (tag, seen) = stored.remove(at: random.below(stored.count))
                if index.purge(of: tag).map({ seen >= $0.goneBefore }) ?? true { live[tag]? -= 1 }
                index.remove(tag, generation: seen)
                held[tag]? -= 1
                if held[tag] == 0 { (held[tag], live[tag]) = (nil, nil) }
            }
            if index.count != held.count { return #expect(index.count == held.count) }
        }
        #expect(stored.isEmpty || index.count > 0)
    }

    @Test func softlyPurgedIsValidated() throws {
        let scene = scene()
        scene.now += 10
        #expect(purge(scene, tag: "odd", soft: true) == 2)
        #expect(hits(scene) == ["/a/2", "/b/none"])
        let request = Scene.request("/a/3")
        let fetch = try #require(scene.lookup(request).fetch)
        #expect(fetch.isConditional)
        scene.answer(fetch, request, 304, "Cache-Control: max-age=100|ETag: \"3\"")
        #expect(hits(scene) == ["/a/2", "/a/3", "/b/none"])
        // It kept its tags, of which the 304 said nothing.
        #expect(purge(scene, tag: "three") == 1)
        #expect(hits(scene) == ["/a/2", "/b/none"])
    }

    @Test func softlyPurgedStandsInForAFailingOrigin() throws {
        let scene = scene()
        #expect(scene.cache.purge(.everything, isSoft: true, now: scene.now) == 4)
        #expect(hits(scene) == [])
        let fetch = try #require(scene.lookup("/b/none").fetch)
        #expect(fetch.failed(status: 502, now: scene.now)?.kind == .stale)
        #expect(scene.cache.purge(.everything, isSoft: false, now: scene.now) == 4)
    }

    @Test func softByKeyAndPrefix() throws {
        let scene = scene()
        let key = try #require(CacheKey(url: "http://example.com/a/2"))
        #expect(scene.cache.purge(.key(key), isSoft: true, now: scene.now) == 1)
        #expect(hits(scene) == ["/a/3", "/b/5", "/b/none"])
        let folder = try #require(CacheKey(url: "http://example.com/b"))
        #expect(scene.cache.purge(.prefix(folder), isSoft: true, now: scene.now) == 2)
        #expect(hits(scene) == ["/a/3"])
        #expect(scene.cache.counters.objects == 4)
    }

    // MARK: Under way

    @Test func aFetchBegunBeforeIsNotKept() throws {
        let scene = Scene()
        let request = Scene.request("/x")
        let fetch = try #require(scene.lookup(request).fetch)
        #expect(scene.lookup(request).isWait)
        #expect(purge(scene, tag: "t") == 0)
        scene.answer(fetch, request, 200, "Cache-Control: max-age=100|Cache-Tag: t")
        #expect(scene.outcomes.all == [.retry])
        #expect(scene.lookup(request).fetch != nil)
    }

    @Test func aFetchOfOtherTagsIsKept() throws {
        let scene = Scene()
        let request = Scene.request("/x")
        let fetch = try #require(scene.lookup(request).fetch)
        #expect(purge(scene, tag: "t") == 0)
        scene.answer(fetch, request, 200, "Cache-Control: max-age=100|Cache-Tag: u")
        #expect(scene.lookup(request).hit != nil)
    }

    @Test(arguments: [false, true]) func aBodyUnderWayIsNotKept(soft: Bool) throws {
        let scene = Scene()
        let request = Scene.request("/x")
        let fetch = try #require(scene.lookup(request).fetch)
        let outcome = fetch.received(
            scene.response(200, "Cache-Control: max-age=100|Cache-Tag: t|Content-Length: 5"), request: request,
            requestTime: scene.now, now: scene.now)
        let fill = try #require(outcome.fill)
        #expect(scene.lookup(request).hit?.kind == .collapsed)
        #expect(purge(scene, tag: "t", soft: soft) == 0)
        #expect(scene.lookup(request).fetch != nil)
        _ = fill.append(Array("hello".utf8), now: scene.now, onDrained: {})
        fill.finish()
        #expect(scene.cache.counters.objects == 0)
    }

    @Test func aValidationBegunBeforeBringsNothingBack() throws {
        let scene = scene()
        scene.now += 200
        let request = Scene.request("/a/3")
        let fetch = try #require(scene.lookup(request).fetch)
        #expect(purge(scene, tag: "three") == 1)
        scene.answer(fetch, request, 304, "Cache-Control: max-age=100|ETag: \"3\"")
        #expect(hits(scene).contains("/a/3") == false)
    }

    @Test func tooManyTagsAreNotStored() {
        let scene = Scene { $0.maximumTags = 3 }
        #expect(scene.fetch("Cache-Control: max-age=9|Cache-Tag: a,b,c,a")?.fill != nil)
        #expect(scene.fetch("Cache-Control: max-age=9|Cache-Tag: a,b,c,d", path: "/2")?.refusal == "too-many-tags")
    }

    @Test(arguments: [false, true]) func clientsDoNotGetTags(sends: Bool) throws {
        let scene = Scene { $0.sendsTags = sends }
        scene.fetch("Cache-Control: max-age=9|Cache-Tag: a|Surrogate-Key: b|X: y")
        let hit = try #require(scene.lookup().hit)
        let answer = Answer(hit, Scene.request("/"), now: scene.now)
        #expect(answer["cache-tag"] == (sends ? "a" : nil))
        #expect(answer["surrogate-key"] == (sends ? "b" : nil))
        #expect(answer["x"] == "y")
    }

    // MARK: Against a model

    /// Random stores, purges, sweeps and evictions; what is found must be what a dictionary would find.
    @Test(arguments: [1, 2, 3, 4]) func agreesWithAModel(seed: UInt64) throws {
        var random = Random(seed: seed)
        let scene = Scene { $0.memoryBytes = seed == 4 ? 60_000 : 64 << 20 }
        var model: [String: Set<String>] = [:]
        for _ in 0..<4000 {
            let path = "/\(random.below(4))/\(random.below(60))"
            switch random.below(10) {
            case 0:
                let tag = "t\(random.below(12))"
                let expected = model.filter { $0.value.contains(tag) }
                let count = purge(scene, tag: tag)
                if seed != 4 { #expect(count >= expected.count) }
                for path in expected.keys { model[path] = nil }
            case 1 where random.chance(0.3):
                let folder = "/\(random.below(4))/"
                let expected = model.keys.filter { $0.hasPrefix(folder) }
                let key = try #require(CacheKey(url: "http://example.com\(folder)"))
                let count = scene.cache.purge(.prefix(key), isSoft: false, now: scene.now)
                if seed != 4 { #expect(count == expected.count) }
                for path in expected { model[path] = nil }
            case 2 where random.chance(0.1): scene.cache.sweep { true }
            case 3 where random.chance(0.02):
                _ = scene.cache.purge(.everything, isSoft: false, now: scene.now)
                model = [:]
            default:
                let request = Scene.request(path)
                let decision = scene.lookup(request)
                if seed != 4 { #expect((decision.hit != nil) == (model[path] != nil)) }
                if decision.hit != nil { #expect(model[path] != nil) }
                guard let fetch = decision.fetch else { continue }
                let tags = (0..<random.below(4)).map { _ in "t\(random.below(12))" }
                scene.answer(
                    fetch, request, 200, "Cache-Control: max-age=1000|Cache-Tag: \(tags.joined(separator: ","))")
                model[path] = Set(tags)
            }
        }
        _ = scene.cache.purge(.everything, isSoft: false, now: scene.now)
        #expect(scene.cache.counters.bytes == 0)
        #expect(scene.cache.counters.tags == 0)
    }
}
