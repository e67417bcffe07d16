import HTTPWire
import Synchronization
import Testing

@testable import HTTPCache

/// Bodies that lie in the store in pieces, without a socket.
struct SegmentTests {
    private static let length = 100_000
    private static let piece = 4096

    private func scene(memory: Int = 64 << 20) -> Scene {
        Scene {
            $0.memoryBytes = memory
            $0.segmentBytes = SegmentTests.piece
            $0.segmentedAboveBytes = 10_000
        }
    }

    private static func byte(_ position: Int, version: Int = 0) -> UInt8 {
        UInt8(truncatingIfNeeded: position &* 31 &+ position >> 8 &+ version)
    }

    private func bytes(_ range: Range<UInt64>, version: Int = 0) -> [UInt8] {
        range.map { SegmentTests.byte(Int($0), version: version) }
    }

    /// Fetches the whole through a run; the hit's object stands for it.
    private func fill(_ scene: Scene, tag: String = "a") throws -> CachedObject {
        let request = Scene.request("/")
        let fetch = try #require(scene.lookup(request).fetch)
        let response = scene.response(
            200,
            "Cache-Control: max-age=60|ETag: \"\(tag)\"|Accept-Ranges: bytes|Content-Length: \(SegmentTests.length)")
        let outcome = fetch.received(response, request: request, requestTime: scene.now, now: scene.now)
        guard case .segments(let run, let hit) = outcome else {
            Issue.record("not in pieces")
            throw CancellationError()
        }
        let reader = SegmentedReader(scene.cache, hit.object)
        var position: UInt64 = 0
        while position < UInt64(SegmentTests.length) {
            let end = min(UInt64(SegmentTests.length), position + 1000)
            _ = run.append(bytes(position..<end).span, now: scene.now, onDrained: {})
            position = end
        }
        run.finish()
        withExtendedLifetime(reader) {}
        return hit.object
    }

    /// Reads a range; runs that are asked for are answered by an origin that has all.
    private func read(_ scene: Scene, _ object: CachedObject, _ range: Range<UInt64>, asked: inout [Range<UInt64>])
        -> [UInt8]
    {
        guard let reader = SegmentedReader(scene.cache, object, range: range) else { return [] }
        var out: [UInt8] = []
        while true {
            switch reader.next(wakeup: nil) {
            case .data(let bytes, let part): out += bytes[part]
            case .missing(let run):
                asked.append(run.range)
                let answer = scene.response(
                    206,
                    "ETag: \"a\"|Content-Length: \(run.range.count)|Content-Range: bytes "
                        + "\(run.range.lowerBound)-\(run.range.upperBound - 1)/\(SegmentTests.length)")
                guard run.received(answer, now: scene.now) == .fills else { return out }
                _ = run.append(bytes(run.range).span, now: scene.now, onDrained: {})
                run.finish()
            case .wait, .aborted, .end: return out
            }
        }
    }

    @Test func everyRangeIsCutOutOfThePieces() throws {
        let scene = scene()
        let object = try fill(scene)
        #expect(scene.cache.counters.objects == 1 && scene.cache.counters.pieces == 25)
        var asked: [Range<UInt64>] = []
        for range: Range<UInt64> in [0..<1, 4095..<4097, 5000..<20_000, 99_999..<100_000, 0..<100_000] {
            #expect(read(scene, object, range, asked: &asked) == bytes(range))
        }
        #expect(asked.isEmpty)
    }

    @Test func onlyMissingPiecesAreFetched() throws {
        let scene = scene(memory: 60_000)
        let object = try fill(scene)
        let pieces = scene.cache.counters.pieces
        #expect(pieces > 0 && pieces < 20 && scene.cache.counters.bytes <= 60_000)
        var asked: [Range<UInt64>] = []
        #expect(read(scene, object, 0..<100_000, asked: &asked) == bytes(0..<100_000))
        #expect(!asked.isEmpty && asked.allSatisfy { $0.lowerBound % UInt64(SegmentTests.piece) == 0 })
        // What is asked for ends where the range ends.
        asked = []
        scene.cache.invalidateAll()
        #expect(read(scene, object, 5000..<9000, asked: &asked) == bytes(5000..<9000))
        #expect(asked == [4096..<12_288])
    }

    @Test func anotherVersionIsNeverMixedIn() throws {
        let scene = scene(memory: 60_000)
        let object = try fill(scene)
        scene.cache.invalidateAll()
        for answer in [
            "ETag: \"b\"|Content-Range: bytes 0-4095/100000|Content-Length: 4096",
            "ETag: W/\"a\"|Content-Range: bytes 0-4095/100000|Content-Length: 4096",
            "Content-Range: bytes 0-4095/100000|Content-Length: 4096",
            "ETag: \"a\"|Content-Encoding: gzip|Content-Range: bytes 0-4095/100000|Content-Length: 4096",
        ] {
            guard case .missing(let run) = SegmentedReader(scene.cache, object, range: 0..<10)?.next(wakeup: nil) else {
                continue
            }
            #expect(run.received(scene.response(206, answer), now: scene.now) == .changed)
        }
        #expect(object.segments?.isChanged == true)
        // Who was reading is told.
        guard case .aborted = SegmentedReader(scene.cache, object, range: 0..<10)?.next(wakeup: nil) else {
            Issue.record("the reader goes on")
            return
        }
    }

    @Test func aRunWaitsForItsReaders() throws {
        let scene = scene()
        let request = Scene.request("/")
        let fetch = try #require(scene.lookup(request).fetch)
        let response = scene.response(
            200, "Cache-Control: max-age=60|ETag: \"a\"|Accept-Ranges: bytes|Content-Length: \(SegmentTests.length)")
        guard
            case .segments(let run, let hit) = fetch.received(
                response, request: request, requestTime: scene.now, now: scene.now)
        else {
            Issue.record("not in pieces")
            return
        }
        let woken = Count()
        var reader = SegmentedReader(scene.cache, hit.object)
        var position: UInt64 = 0
        var step = SegmentRun.Step.goOn
        while step == .goOn, position < 100_000 {
            step = run.append(bytes(position..<position + 1024).span, now: scene.now, onDrained: { woken.add() })
            position += 1024
        }
        #expect(step == .pause && position == UInt64(3 * SegmentTests.piece) && woken.value == 0)
        // The reader is through with the first piece.
        var read = 0
        while read <= SegmentTests.piece, case .data(_, let range) = reader?.next(wakeup: nil) { read += range.count }
        #expect(woken.value == 1 && run.goOn(onDrained: {}) == .goOn)
        reader = nil
        while step != .stop, position < 100_000 {
            step = run.append(bytes(position..<position + 1024).span, now: scene.now, onDrained: {})
            position += 1024
        }
        #expect(step == .stop && position == UInt64(4 * SegmentTests.piece))
    }

    @Test func whatIsPurgedOrReplacedLeavesNoPieces() throws {
        let scene = scene()
        var object: CachedObject? = try fill(scene)
        #expect(
            object != nil
                && scene.cache.purge(.key(CacheKey(Scene.request("/"), isHTTPS: false)), isSoft: false, now: 0) == 1)
        object = nil
        scene.cache.sweep { true }
        #expect(scene.cache.counters.objects == 0 && scene.cache.counters.pieces == 0)
        #expect(scene.cache.counters.bytes == 0)
    }

    @Test func validatorsThatAreStrong() {
        let date = "Date: Thu, 01 Jan 2015 00:01:00 GMT"
        for (fields, isStrong) in [
            ("ETag: \"a\"", true), ("ETag: W/\"a\"", false), ("ETag: a", false), ("", false),
            ("Last-Modified: Thu, 01 Jan 2015 00:00:00 GMT|\(date)", true),
            ("Last-Modified: Thu, 01 Jan 2015 00:00:01 GMT|\(date)", false),
            ("ETag: W/\"a\"|Last-Modified: Thu, 01 Jan 2015 00:00:00 GMT|\(date)", false),
        ] {
            let scene = scene()
            #expect(Validators.hasStrong(scene.response(200, fields).block, now: scene.now) == isStrong, "\(fields)")
        }
    }
}
