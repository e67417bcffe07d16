import Glibc
import HTTPCache
import HTTPWire
import Runtime
import Synchronization

/// Stores objects with tags, purges them while another thread looks others up, and prints how long the purge took, what
/// look-ups cost before, during and after it, and whether anything purged was found.
///
///     PurgeBenchmark [OBJECTS]
@main
struct PurgeBenchmark {
    static func main() {
        let count = CommandLine.arguments.count > 1 ? Int(CommandLine.arguments[1]) ?? 1_000_000 : 1_000_000
        let cache = ResponseCache(settings: CacheSettings(memoryBytes: 8 << 30))
        store(cache, paths: 0..<count, tags: { "all, group-\($0 % 1000), item-\($0)" })
        store(cache, paths: count..<count + 10_000, tags: { "other, item-\($0)" })
        print("\(cache.counters.objects) objects, \(cache.counters.tags) tags, \(cache.counters.bytes >> 20) MiB")

        let phase = Atomic<Int>(0)
        let results = Monitor<[[Int64]]>([])
        let keys = (count..<count + 10_000).map { key($0) }
        Thread.start(name: "reader") {
            var samples: [[Int64]] = [[], [], [], []]
            while phase.load(ordering: .relaxed) < 4 {
                let now = phase.load(ordering: .relaxed)
                let request = keys[Int.random(in: 0..<keys.count)]
                let start = clock()
                let isHit = hit(cache, request)
                samples[min(now, 3)].append(clock() - start)
                if !isHit { print("a hit was lost") }
            }
            results.update { $0 = samples }
        }
        usleep(1_000_000)
        report("1 object by tag", cache, .tag(Array("item-7".utf8)))
        phase.store(1, ordering: .relaxed)
        report("\(count / 1000) objects by tag", cache, .tag(Array("group-5".utf8)))
        report("all of them by tag", cache, .tag(Array("all".utf8)))
        var stale = 0
        for number in stride(from: 0, to: count, by: 97) where hit(cache, key(number)) { stale += 1 }
        print("hits of purged objects after the answer: \(stale)")
        phase.store(2, ordering: .relaxed)
        let start = clock()
        var pace = WorkPace()
        cache.sweep {
            pace.rest()
            return true
        }
        print("sweep: \((clock() - start) / 1_000_000) ms, then \(cache.counters.objects) objects")
        phase.store(3, ordering: .relaxed)
        usleep(1_000_000)
        phase.store(4, ordering: .relaxed)
        let samples = results.wait { $0.isEmpty ? nil : $0 } ?? []
        for (name, list) in zip(["before", "purges", "sweep", "after"], samples) where !list.isEmpty {
            let sorted = list.sorted()
            let at = { (part: Double) in sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))] }
            print(
                "look-up \(name): median \(at(0.5)) ns, 99 % \(at(0.99)) ns, 99.9 % \(at(0.999)) ns, \(list.count) of them"
            )
        }
        store(cache, paths: 0..<200_000, tags: { "all, item-\($0)" })
        report("prefix", cache, CacheKey(url: "http://example.com/p/1").map { .prefix($0) } ?? .everything)
        report("everything", cache, .everything)
        print("\(cache.counters.objects) objects, \(cache.counters.bytes) bytes")
    }

    private static func report(_ what: String, _ cache: ResponseCache, _ target: PurgeTarget) {
        let start = clock()
        let count = cache.purge(target, isSoft: false, now: now)
        print("purge of \(what): \(count) met in \((clock() - start) / 1000) us")
    }

    private static let now: Int64 = 1_700_000_000

    private static func clock() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    private static func request(_ number: Int) -> RequestHead {
        var parser = RequestParser()
        var head = RequestHead()
        let text = Array("GET /p/\(number) HTTP/1.1\r\nHost: example.com\r\n\r\n".utf8)
        _ = try? parser.parse(text.span, into: &head)
        return head
    }

    private static func key(_ number: Int) -> RequestHead { request(number) }

    private static func hit(_ cache: ResponseCache, _ request: RequestHead) -> Bool {
        let key = CacheKey(request, isHTTPS: false)
        // A fetch that a miss starts is given up at once.
        if case .serve = cache.lookup(key: key, request: request, now: now, wakeup: { { _ in } }) { return true }
        return false
    }

    private static func store(_ cache: ResponseCache, paths: Range<Int>, tags: (Int) -> String) {
        let body = [UInt8](repeating: 0x61, count: 200)
        for number in paths {
            let request = request(number)
            let key = CacheKey(request, isHTTPS: false)
            guard case .fetch(let fetch) = cache.lookup(key: key, request: request, now: now, wakeup: { { _ in } })
            else { continue }
            var parser = ResponseParser()
            var head = ResponseHead()
            let text = Array(
                "HTTP/1.1 200 OK\r\nCache-Control: max-age=9999\r\nCache-Tag: \(tags(number))\r\nContent-Length: 200\r\n\r\n"
                    .utf8)
            _ = try? parser.parse(text.span, requestMethod: .get, into: &head)
            guard case .store(let fill, _) = fetch.received(head, request: request, requestTime: now, now: now) else {
                continue
            }
            _ = fill.append(body, now: now, onDrained: {})
            fill.finish()
        }
    }
}
