import Bytes
import HTTPWire
import Runtime
import Synchronization
import Testing

@testable import HTTPCache

/// The memory store against a model, and its eviction.
@Suite struct StoreTests {
    /// What each stored response takes beside its bytes.
    @Test func aSlotIsSmall() { #expect(MemoryLayout<StoreShard.Slot>.stride <= 88) }

    @Test func aSlotsWordHoldsThree() {
        var slot = StoreShard.Slot()
        slot.cost = 1 << 40
        slot.frequency = 3
        slot.isMain = true
        #expect(slot.cost == ((1 << 29) - 1) * 16 && slot.frequency == 3 && slot.isMain)
        slot.cost = 4096
        slot.frequency = 1
        #expect(slot.cost == 4096 && slot.frequency == 1 && slot.isMain)
        slot.isMain = false
        #expect(slot.cost == 4096 && slot.frequency == 1 && !slot.isMain)
    }

    @Test(arguments: [1, 2, 3]) func limitIsNeverPassed(seed: UInt64) throws {
        var random = Random(seed: seed)
        let limit = 200_000
        let scene = Scene {
            $0.memoryBytes = limit
            $0.maximumObjectBytes = 60_000
            $0.maximumVariants = 3
        }
        var open: [CacheFill] = []
        var excesses = 0
        for _ in 0..<1500 {
            let path = "/\(random.below(200))"
            let request = Scene.request(path, random.chance(0.3) ? "Foo: \(random.below(5))" : "")
            switch random.below(20) {
            case 0: scene.cache.invalidate(CacheKey(request, isHTTPS: false))
            case 1: scene.now += Int64(random.below(30))
            case 2 where random.chance(0.02): scene.cache.invalidateAll()
            case 3 where !open.isEmpty:
                let fill = open.remove(at: random.below(open.count))
                if random.chance(0.8) { fill.finish() } else { fill.abort() }
            default:
                guard let fetch = scene.lookup(request).fetch else { continue }
                let fields =
                    "Cache-Control: max-age=\(random.below(100))|ETag: \"x\"|Vary: \(random.chance(0.3) ? "Foo" : "Bar")"
                let status = fetch.isConditional && random.chance(0.5) ? 304 : 200
                let outcome = fetch.received(
                    scene.response(status, fields), request: request, requestTime: scene.now, now: scene.now)
                guard let fill = outcome.fill else { continue }
                for _ in 0..<random.below(4) {
                    let size = random.chance(0.1) ? 30_000 : random.below(2000)
                    _ = fill.append([UInt8](repeating: 0, count: size), now: scene.now, onDrained: {})
                    if scene.cache.usedBytes.load(ordering: .relaxed) > limit { excesses += 1 }
                }
                if random.chance(0.8) { fill.finish() } else { open.append(fill) }
            }
            if scene.cache.usedBytes.load(ordering: .relaxed) > limit { excesses += 1 }
        }
        #expect(excesses == 0)
        for fill in open { fill.abort() }
        open = []
        #expect(scene.cache.counters.fetches == 0)
        scene.cache.invalidateAll()
        #expect(scene.cache.counters.bytes == 0)
        #expect(scene.cache.counters.objects == 0)
    }

    @Test func tableAgreesWithADictionary() {
        var random = Random(seed: 9)
        var shard = StoreShard()
        var model: [String: Int] = [:]
        var bytes = 0
        for step in 0..<20_000 {
            let name = "k\(random.below(500))"
            let key = Array(name.utf8)
            let hash = ByteHash.hash(key.span, seed: ByteHash.processSeed)
            var found: Int?
            shard.forEach(hash: hash, key: key.span) { index, _ in
                found = index
                return false
            }
            #expect((found != nil) == (model[name] != nil))
            switch random.below(4) {
            case 0, 1:
                if let found { bytes -= shard.remove(found, hash: hash) }
                let cost = 16 * (1 + random.below(50))
                shard.insert(StoreTests.object(key), hash: hash, cost: cost)
                model[name] = step
                bytes += cost
            case 2:
                if let found {
                    bytes -= shard.remove(found, hash: hash)
                    model[name] = nil
                }
            default:
                if let found { shard.touch(found) }
            }
            #expect(shard.count == model.count)
            #expect(shard.small.bytes + shard.main.bytes == bytes)
        }
        while shard.count > 0 { bytes -= shard.evictOne() }
        #expect(bytes == 0 && shard.evictOne() == 0)
    }

    static func object(_ key: [UInt8]) -> CachedObject {
        CachedObject(
            key: key, variance: [], statusLine: [], head: [], status: 200,
            freshness: Freshness(
                responseTime: 0, initialAge: 0, lifetime: 1, staleWhileRevalidate: 0, staleIfError: 0, flags: []))
    }

    @Test func aScanLeavesThePopularObjects() {
        var shard = StoreShard()
        let limit = 100
        func ask(_ name: String) -> Bool {
            let key = Array(name.utf8)
            let hash = ByteHash.hash(key.span, seed: ByteHash.processSeed)
            var found: Int?
            shard.forEach(hash: hash, key: key.span) { index, _ in
                found = index
                return false
            }
            if let found {
                shard.touch(found)
                return true
            }
            while shard.count >= limit { _ = shard.evictOne() }
            shard.insert(StoreTests.object(key), hash: hash, cost: 16)
            return false
        }
        for _ in 0..<5 { for index in 0..<50 { _ = ask("popular\(index)") } }
        for index in 0..<10_000 { _ = ask("scan\(index)") }
        #expect((0..<50).filter { ask("popular\($0)") }.count >= 45)
    }
}
