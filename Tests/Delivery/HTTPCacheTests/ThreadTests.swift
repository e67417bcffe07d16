import HTTPCache
import HTTPWire
import Runtime
import Synchronization
import Testing

/// One cache, several loops.
@Suite struct ThreadTests {
    /// Random work of one loop: every fetch is reported, every fill ended, every body read to its end.
    private static func work(_ scene: Scene, seed: UInt64, steps: Int) {
        var random = Random(seed: seed)
        for _ in 0..<steps {
            let request = Scene.request("/\(random.below(20))", random.chance(0.3) ? "Foo: \(random.below(3))" : "")
            if random.chance(0.05) { scene.cache.invalidate(CacheKey(request, isHTTPS: false)) }
            switch scene.lookup(request) {
            case .serve(let hit): _ = Answer.read(hit.object, nil)
            case .wait(let ticket), .load(let ticket):
                scene.cache.leave(key: CacheKey(request, isHTTPS: false), ticket: ticket)
            case .fetch(let fetch):
                let fields = random.chance(0.8) ? "Cache-Control: max-age=10|Vary: Foo" : "Cache-Control: no-store"
                let outcome = fetch.received(
                    scene.response(200, fields), request: request, requestTime: scene.now, now: scene.now)
                guard let fill = outcome.fill else { continue }
                for _ in 0..<random.below(5) {
                    _ = fill.append([UInt8](repeating: 0, count: random.below(5000)), now: scene.now, onDrained: {})
                }
                if random.chance(0.8) { fill.finish() } else { fill.abort() }
            case .pass, .refuse: break
            }
        }
    }

    @Test func loopsShareOneCache() async {
        let limit = 300_000
        let scene = Scene {
            $0.memoryBytes = limit
            $0.maximumObjectBytes = 15_000
        }
        await withTaskGroup(of: Void.self) { group in
            for seed in 1...4 { group.addTask { ThreadTests.work(scene, seed: UInt64(seed), steps: 500) } }
        }
        #expect(scene.cache.counters.bytes <= limit)
        #expect(scene.cache.counters.fetches == 0 && scene.cache.counters.waiters == 0)
        scene.cache.invalidateAll()
        #expect(scene.cache.counters.bytes == 0 && scene.cache.counters.objects == 0)
    }
}
