import HTTPWire
import Runtime
import Synchronization
import Testing

@testable import HTTPCache

/// Stored responses that are asked for again by where they lie.
@Suite struct PinTests {
    private static let fields = "Cache-Control: max-age=100|Surrogate-Key: news"

    /// What a look-up finds, and its pin.
    private func pin(
        _ scene: Scene, _ path: String = "/a", _ fields: String = "", absent: HeaderSet = [.acceptEncoding]
    ) -> (CachedObject, CachePin?)? {
        let request = Scene.request(path, fields)
        let key = CacheKey(request, isHTTPS: false)
        guard let hit = scene.cache.answer(key: key, request: request, now: scene.now) else { return nil }
        return (hit.object, scene.cache.pin(hit.object, key: key, absent: absent))
    }

    private func hold(_ scene: Scene, _ pins: [CachePin]) -> Bool { scene.cache.hold(pins, now: scene.now) }

    @Test func asLongAsItIsFresh() throws {
        let scene = Scene()
        scene.fetch(Self.fields, path: "/a")
        scene.fetch("Cache-Control: max-age=50", path: "/b")
        let pins = [try #require(pin(scene)?.1), try #require(pin(scene, "/b")?.1)]
        #expect(hold(scene, pins))
        scene.now += 49
        #expect(hold(scene, pins))
        scene.now += 1
        #expect(!hold(scene, pins))
        #expect(hold(scene, [pins[0]]))
    }

    /// What purges meet, hard and soft, is held no longer; what they don't meet is after the next look-up.
    @Test(arguments: [false, true]) func untilAPurge(isSoft: Bool) throws {
        let targets: [(PurgeTarget, Bool)] = [
            (.tag(Array("news".utf8)), true), (.tag(Array("other".utf8)), false), (.everything, true),
            (.key(try #require(CacheKey(url: "http://example.com/a"))), true),
            (.prefix(try #require(CacheKey(url: "http://example.com/"))), true),
            (.prefix(try #require(CacheKey(url: "http://example.org/"))), false),
        ]
        for (target, isMet) in targets {
            let scene = Scene()
            scene.fetch(Self.fields, path: "/a")
            let before = try #require(pin(scene)?.1)
            _ = scene.cache.purge(target, isSoft: isSoft, now: scene.now)
            if isMet {
                #expect(!hold(scene, [before]))
                #expect(pin(scene) == nil)
            } else {
                let after = try #require(pin(scene)?.1)
                #expect(hold(scene, [after]))
            }
        }
    }

    @Test func untilAnotherTakesItsPlace() throws {
        let scene = Scene()
        scene.fetch("Cache-Control: max-age=10|ETag: \"1\"", path: "/a")
        let old = try #require(pin(scene)?.1)
        scene.now += 10
        scene.fetch("Cache-Control: max-age=10|ETag: \"2\"", path: "/a")
        #expect(!hold(scene, [old]))
        let second = try #require(pin(scene)?.1)
        #expect(hold(scene, [second]))
        // Confirmed, it has another lifetime.
        scene.now += 10
        let request = Scene.request("/a")
        let fetch = try #require(scene.lookup(request).fetch)
        scene.answer(fetch, request, 304, "Cache-Control: max-age=10|ETag: \"2\"")
        #expect(!hold(scene, [second]))
        scene.cache.invalidate(CacheKey(request, isHTTPS: false))
        #expect(!hold(scene, [second]))
    }

    @Test func variants() throws {
        let scene = Scene()
        scene.fetch(Self.fields + "|Vary: Foo", path: "/a", request: "Foo: 1")
        #expect(try #require(pin(scene, "/a", "Foo: 1")).1 == nil)
        #expect(try #require(pin(scene, "/a", "Foo: 1", absent: [.acceptEncoding, .acceptLanguage])).1 == nil)
        scene.fetch(Self.fields + "|Vary: Accept-Language", path: "/b")
        #expect(try #require(pin(scene, "/b")).1 == nil)
        let lone = try #require(pin(scene, "/b", absent: [.acceptLanguage])?.1)
        #expect(hold(scene, [lone]))
        // Another answer of the URL: which of them fits only a look-up tells.
        scene.fetch(Self.fields + "|Vary: Accept-Language", path: "/b", request: "Accept-Language: de")
        #expect(!hold(scene, [lone]))
        #expect(try #require(pin(scene, "/b", absent: [.acceptLanguage])).1 == nil)
    }

    @Test func itCountsAsALookUp() throws {
        let scene = Scene()
        scene.fetch(Self.fields, path: "/a")
        let pin = try #require(pin(scene)?.1)
        func frequency() -> UInt8 {
            scene.cache.shard(pin.hash).part.withLock { part in
                part.store.slots[pin.slot].frequency = 0
                return 0
            } + (hold(scene, [pin]) ? 0 : 100)
                + scene.cache.shard(pin.hash).part.withLock { $0.store.slots[pin.slot].frequency }
        }
        #expect(frequency() == 1)
    }

    /// Whatever happens to the cache: what is held is what a look-up finds.
    @Test(arguments: [1, 2, 3]) func agreesWithLookUps(seed: UInt64) throws {
        var random = Random(seed: seed)
        let scene = Scene {
            $0.memoryBytes = 60_000
            $0.maximumObjectBytes = 10_000
        }
        var pins: [String: (CachedObject, CachePin)] = [:]
        var held = 0
        var lost = 0
        for _ in 0..<8000 {
            let path = "/\(random.below(40))"
            switch random.below(60) {
            case 0: scene.now += Int64(random.below(4))
            case 1:
                let tag = PurgeTarget.tag(Array("t\(random.below(4))".utf8))
                _ = scene.cache.purge(tag, isSoft: random.chance(0.5), now: scene.now)
            case 2: scene.cache.invalidate(CacheKey(Scene.request(path), isHTTPS: false))
            case 3..<20:
                let vary = random.chance(0.1) ? "|Vary: Foo" : ""
                scene.fetch(
                    "Cache-Control: max-age=\(1 + random.below(20))|Surrogate-Key: t\(random.below(4))" + vary,
                    path: path,
                    body: String(repeating: "x", count: random.below(3000)))
            case 20..<40:
                if let found = pin(scene, path), let pin = found.1 { pins[path] = (found.0, pin) }
            default:
                guard let (object, pin) = pins[path] else { continue }
                if hold(scene, [pin]) {
                    held += 1
                    let found = self.pin(scene, path)
                    #expect(found?.0.identity == object.identity)
                } else {
                    lost += 1
                }
            }
        }
        #expect(held > 100 && lost > 100)
    }
}
