import HTTPCache
import HTTPWire
import Runtime
import Testing

/// Bodies on their way into the cache.
@Suite struct FillTests {
    func begin(
        _ scene: Scene, _ fields: String = "Cache-Control: max-age=10"
    ) throws -> (fill: CacheFill, hit: CacheHit) {
        let request = Scene.request("/")
        let fetch = try #require(scene.lookup(request).fetch)
        let outcome = fetch.received(
            scene.response(200, fields), request: request, requestTime: scene.now, now: scene.now)
        return (try #require(outcome.fill), try #require(outcome.hit))
    }

    @Test func readersStreamWhatIsThere() throws {
        let scene = Scene()
        let (fill, hit) = try begin(scene)
        let reader = try #require(BodyReader(hit.object))
        let calls = Count()
        func next() -> BodyPiece { reader.next { calls.add() } }
        guard case .wait = next() else { return #expect(Bool(false)) }
        _ = fill.append([1, 2], now: scene.now, onDrained: {})
        #expect(calls.value == 1)
        guard case .data(let bytes, let range) = next() else { return #expect(Bool(false)) }
        #expect(Array(bytes[range]) == [1, 2])
        guard case .wait = next() else { return #expect(Bool(false)) }
        fill.finish()
        #expect(calls.value == 2)
        guard case .end = next() else { return #expect(Bool(false)) }
        #expect(scene.cache.counters.objects == 1)
    }

    @Test func anAbortedBodyIsNeitherStoredNorEnded() throws {
        for announcesLength in [true, false] {
            let scene = Scene()
            let (fill, hit) = try begin(
                scene, "Cache-Control: max-age=10" + (announcesLength ? "|Content-Length: 5" : ""))
            _ = fill.append([1, 2], now: scene.now, onDrained: {})
            let reader = try #require(BodyReader(hit.object))
            _ = reader.next(wakeup: nil)
            // An origin that lies about its length is as good as one that breaks off.
            if announcesLength { fill.finish() } else { fill.abort() }
            guard case .aborted = reader.next(wakeup: nil) else { return #expect(Bool(false)) }
            #expect(scene.cache.counters.objects == 0 && scene.cache.counters.bytes == 0)
            #expect(scene.lookup().fetch != nil)
        }
    }

    @Test func tooLargeIsRelayedOrLetGo() throws {
        let scene = Scene {
            $0.maximumObjectBytes = 1000
            $0.streamWindowBytes = 500
        }
        let request = Scene.request("/")
        let fetch = try #require(scene.lookup(request).fetch)
        #expect(
            scene.answer(fetch, request, 200, "Cache-Control: max-age=10|Content-Length: 1001").refusal == "too-large")

        let other = Scene {
            $0.maximumObjectBytes = 1000
            $0.streamWindowBytes = 500
        }
        let (fill, hit) = try begin(other)
        var reader = BodyReader(hit.object)
        let drained = Count()
        _ = fill.append([UInt8](repeating: 1, count: 900), now: other.now, onDrained: {})
        #expect(fill.isStored)
        let goesOn = fill.append([UInt8](repeating: 2, count: 200), now: other.now) { drained.add() }
        #expect(!goesOn && !fill.isStored)
        #expect(other.cache.counters.bytes == 0)
        #expect(other.lookup().fetch?.isShared == false, "nobody queues for what is too large")
        var seen = 0
        while case .data(_, let range) = try #require(reader).next(wakeup: {}) { seen += range.count }
        #expect(seen == 1100)
        #expect(drained.value == 1)
        #expect(BodyReader(hit.object) == nil, "its start is gone")
        _ = fill.append([3], now: other.now, onDrained: {})
        fill.finish()
        reader = nil
        #expect(other.cache.counters.objects == 0)
    }

    @Test func aSlowReaderThatLeavesFreesTheFiller() throws {
        let scene = Scene {
            $0.maximumObjectBytes = 10
            $0.streamWindowBytes = 100
        }
        let (fill, hit) = try begin(scene)
        var slow = BodyReader(hit.object)
        let drained = Count()
        let goesOn = fill.append([UInt8](repeating: 1, count: 200), now: scene.now) { drained.add() }
        #expect(!goesOn)
        #expect(slow != nil)
        slow = nil
        #expect(drained.value == 1)
        _ = fill.append([UInt8](repeating: 1, count: 200), now: scene.now, onDrained: {})
    }

    @Test func manySmallPiecesEndInFewSegments() throws {
        var random = Random(seed: 3)
        let scene = Scene { $0.memoryBytes = 64 << 20 }
        let (fill, hit) = try begin(scene)
        var expected: [UInt8] = []
        for _ in 0..<3000 {
            let piece = (0..<random.below(200)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            expected += piece
            _ = fill.append(piece, now: scene.now, onDrained: {})
        }
        fill.finish()
        let stored = try #require(scene.lookup().hit)
        let reader = try #require(BodyReader(stored.object))
        var segments = 0
        var seen: [UInt8] = []
        while case .data(let bytes, let range) = reader.next(wakeup: nil) {
            segments += 1
            seen += bytes[range]
        }
        #expect(seen == expected && segments < 20)
        #expect(Answer.read(hit.object, 1000..<70_000) == Array(expected[1000..<70_000]))
    }

    @Test func manyThreadsReadOneFill() async throws {
        let scene = Scene { $0.memoryBytes = 64 << 20 }
        let (fill, hit) = try begin(scene)
        let total = 400_000
        await withTaskGroup(of: UInt64.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    guard let reader = BodyReader(hit.object) else { return 0 }
                    var sum: UInt64 = 0
                    while true {
                        switch reader.next(wakeup: {}) {
                        case .data(let bytes, let range): for byte in bytes[range] { sum &+= UInt64(byte) }
                        case .wait: await Task.yield()
                        case .end: return sum
                        case .aborted, .missing: return 0
                        }
                    }
                }
            }
            let piece = [UInt8](repeating: 1, count: 100)
            for index in 0..<total / 100 {
                _ = fill.append(piece, now: 0, onDrained: {})
                if index % 100 == 0 { await Task.yield() }
            }
            fill.finish()
            for await sum in group { #expect(sum == UInt64(total)) }
        }
    }
}
