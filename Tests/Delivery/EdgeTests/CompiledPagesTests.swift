import ESI
import Runtime
import Testing

@testable import Edge
@testable import HTTPCache

/// Compiled pages of a worker: bounded, the least recently used go first, and nothing of the cache is kept by them.
@Suite struct CompiledPagesTests {
    private func object(_ text: String, now: Int64 = 0) -> CachedObject {
        CachedObject(
            key: Array("example.com/".utf8), variance: [], statusLine: [], head: [], status: 200,
            freshness: Freshness(
                responseTime: now, initialAge: 0, lifetime: 60, staleWhileRevalidate: 0, staleIfError: 0, flags: []),
            inlineBody: Array(text.utf8))
    }

    private func page(_ text: String) -> ESIPage { ESIPage(Array(text.utf8).span, settings: ESISettings()) }

    private func ready(_ count: Int) -> ReadyPage {
        ReadyPage(body: [UInt8](repeating: 0, count: count), fragments: [], events: nil, fragmentBytes: 0, url: [])
    }

    @Test func ofTheSameResponseOnly() throws {
        var pages = CompiledPages()
        let first = object("one")
        pages.keep(page("one"), 1, first, limit: 1 << 20)
        #expect(pages.find(1, first)?.parts?.count == 1)
        #expect(pages.find(2, first) == nil)
        #expect(pages.find(1, object("one")) == nil)
        var stale = first
        stale.freshness.expire(at: 5)
        #expect(pages.find(1, stale) == nil)
    }

    @Test func theLeastRecentlyUsedGo() {
        let objects = (0..<400).map { object("\($0)") }
        let one = page("text").memoryBytes
        var random = Random(seed: 4)
        var pages = CompiledPages()
        // What is there, oldest first.
        var order: [Int] = []
        for _ in 0..<5000 {
            let number = random.below(40)
            if let place = order.firstIndex(of: number) {
                order.remove(at: place)
                order.append(number)
                #expect(pages.find(UInt64(number), objects[number]) != nil)
            } else {
                #expect(pages.find(UInt64(number), objects[number]) == nil)
                pages.keep(page("text"), UInt64(number), objects[number], limit: one * 10 + 1)
                order.append(number)
                if order.count > 10 { order.removeFirst() }
            }
            #expect(pages.count == order.count && pages.heldBytes == order.count * one)
        }
        pages.removeAll()
        #expect(pages.count == 0 && pages.heldBytes == 0 && pages.find(0, objects[0]) == nil)
    }

    @Test func readyPagesCount() {
        let objects = (0..<6).map { object("\($0)") }
        var pages = CompiledPages()
        let limit = 100_000
        for number in 0..<6 { pages.keep(page("text"), UInt64(number), objects[number], limit: limit) }
        let compiled = pages.heldBytes
        pages.keep(ready: ready(10_000), 1, objects[1], limit: limit)
        #expect(pages.findReady(1, objects[1])?.body.count == 10_000)
        #expect(pages.heldBytes >= compiled + 10_000)
        // One in its place, and none for another response.
        pages.keep(ready: ready(12_000), 1, objects[1], limit: limit)
        pages.keep(ready: ready(10_000), 1, object("other"), limit: limit)
        #expect(pages.findReady(1, objects[1]) == nil)
        #expect(pages.heldBytes == compiled)
        pages.keep(ready: ready(limit / 4), 1, objects[1], limit: limit)
        #expect(pages.findReady(1, objects[1]) == nil && pages.heldBytes == compiled)
        // Room is made for a page by the others, never by itself.
        let smaller = 60_000 + compiled
        for number in (0..<6).reversed() {
            pages.keep(ready: ready(10_000), UInt64(number), objects[number], limit: smaller)
        }
        #expect(pages.find(5, objects[5]) == nil && pages.findReady(1, objects[1]) != nil)
        #expect(pages.find(0, objects[0]) == nil, "it went for the room of another before its turn came")
        #expect(pages.heldBytes > 40_000 && pages.heldBytes <= smaller)
    }
}
