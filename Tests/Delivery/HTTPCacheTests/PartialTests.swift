import HTTPWire
import Testing

@testable import HTTPCache

/// Parts of small bodies.
@Suite struct PartialTests {
    /// A generator that says the same each time (SplitMix64).
    private struct Numbers: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    /// Parts added in any order hold, byte for byte, what a plain array of the whole holds.
    @Test(arguments: 0..<400) func combinesLikeAnArray(seed: Int) throws {
        var numbers = Numbers(state: UInt64(seed))
        let length = Int.random(in: 1...40, using: &numbers)
        var model = [UInt8?](repeating: nil, count: length)
        var content: PartialContent?
        for step in 0..<12 {
            let start = Int.random(in: 0..<length, using: &numbers)
            let count = Int.random(in: 1...(length - start), using: &numbers)
            let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &numbers) }
            let part = try #require(PartialContent(bytes, at: UInt64(start), length: UInt64(length)))
            content = content?.adding(part, maximumRanges: 40, maximumBytes: 40) ?? part
            for (offset, byte) in bytes.enumerated() { model[start + offset] = byte }
            try check(content, model, "seed \(seed), step \(step)")
        }
    }

    private func check(_ content: PartialContent?, _ model: [UInt8?], _ comment: Comment) throws {
        let content = try #require(content)
        for (position, byte) in model.enumerated() {
            let offset = content.offset(of: UInt64(position))
            #expect(offset.map { content.bytes[Int($0)] } == byte, comment)
            #expect(content.holds(UInt64(position)..<UInt64(position) + 1) == (byte != nil), comment)
        }
        #expect(content.bytes.count == model.count { $0 != nil }, comment)
        for (left, right) in zip(content.ranges, content.ranges.dropFirst()) {
            #expect(left.upperBound < right.lowerBound, comment)
        }
        #expect(content.isWhole == model.allSatisfy { $0 != nil }, comment)
        guard let gap = content.gap else { return }
        let missing = model.indices.filter { model[$0] == nil }
        #expect(Array(Int(gap.lowerBound)..<Int(gap.upperBound)) == missing, comment)
        let (before, behind) = content.bytes(around: gap)
        #expect(before == model[..<Int(gap.lowerBound)].map { $0 }, comment)
        #expect(behind == model[Int(gap.upperBound)...].map { $0 }, comment)
    }

    @Test func staysWithinItsLimits() throws {
        let first = try #require(PartialContent([1, 2], at: 0, length: 20))
        let second = try #require(PartialContent([3, 4], at: 10, length: 20))
        #expect(first.adding(second, maximumRanges: 1, maximumBytes: 20) == second)
        #expect(first.adding(second, maximumRanges: 2, maximumBytes: 3) == second)
        #expect(first.adding(second, maximumRanges: 2, maximumBytes: 4).ranges == [0..<2, 10..<12])
        #expect(PartialContent([], at: 0, length: 20) == nil)
        #expect(PartialContent([1], at: 20, length: 20) == nil)
        #expect(PartialContent([1, 2], at: 19, length: 20) == nil)
        #expect(PartialContent([1], at: .max, length: .max) == nil)
    }

    /// A whole response, if one comes first, stays; a part that comes after it is not kept.
    @Test func wholeStays() throws {
        let scene = Scene()
        let request = Scene.request("/", "Range: bytes=0-1")
        let fetch = try #require(scene.lookup(request).fetch)
        let outcome = fetch.received(
            scene.response(206, "Cache-Control: max-age=60|ETag: \"a\"|Content-Range: bytes 0-1/5|Content-Length: 2"),
            request: request, requestTime: scene.now, now: scene.now)
        guard case .keep(let fill) = outcome else {
            Issue.record("not kept")
            return
        }
        scene.fetch("Cache-Control: max-age=60|ETag: \"b\"|Content-Length: 5", body: "hello")
        fill.append([UInt8]("xx".utf8).span)
        fill.finish()
        let hit = try #require(scene.lookup().hit)
        #expect(!hit.object.isPartial)
        #expect(scene.cache.counters.objects == 1)
    }

    /// A purge while a part passes keeps it out, and all memory comes back.
    @Test func purgedMeanwhile() throws {
        let scene = Scene()
        for target in [PurgeTarget.everything, .tag(Array("t".utf8)), .key(CacheKey(url: "http://example.com/")!)] {
            let request = Scene.request("/", "Range: bytes=0-1")
            let fetch = try #require(scene.lookup(request).fetch)
            let outcome = fetch.received(
                scene.response(
                    206,
                    "Cache-Control: max-age=60|ETag: \"a\"|Surrogate-Key: t|Content-Range: bytes 0-1/5|Content-Length: 2"
                ), request: request, requestTime: scene.now, now: scene.now)
            guard case .keep(let fill) = outcome else {
                Issue.record("not kept")
                return
            }
            fill.append([UInt8]("xx".utf8).span)
            _ = scene.cache.purge(target, isSoft: false, now: scene.now)
            fill.finish()
            #expect(scene.cache.counters.objects == 0)
            #expect(scene.cache.counters.bytes == 0)
            #expect(scene.cache.counters.fetches == 0)
        }
    }

    /// Parts leave memory by eviction like anything else.
    @Test func evicted() throws {
        let scene = Scene { $0.memoryBytes = 64 << 10 }
        for number in 0..<200 {
            let request = Scene.request("/\(number)", "Range: bytes=0-999")
            let fetch = try #require(scene.lookup(request).fetch)
            let outcome = fetch.received(
                scene.response(
                    206, "Cache-Control: max-age=60|ETag: \"a\"|Content-Range: bytes 0-999/5000|Content-Length: 1000"),
                request: request, requestTime: scene.now, now: scene.now)
            guard case .keep(let fill) = outcome else {
                Issue.record("not kept")
                return
            }
            fill.append([UInt8](repeating: 1, count: 1000).span)
            fill.finish()
        }
        let counters = scene.cache.counters
        #expect(counters.objects > 10 && counters.objects < 64)
        #expect(counters.bytes <= 64 << 10)
    }
}
