import Synchronization
import Testing

@testable import squilla

@Suite("Replay")
struct ReplayTests {
    /// Entries from memory.
    private struct Listed: ReplaySource {
        var entries: [ReplayEntry]
        var badLines = 0

        mutating func next() -> ReplayEntry? { entries.isEmpty ? nil : entries.removeFirst() }
    }

    private func entry(_ target: String, method: String = "GET", at milliseconds: Int64 = 0) -> ReplayEntry {
        ReplayEntry(timestamp: 1_400_000_000_000_000 + milliseconds * 1000, method: method, target: target)
    }

    @Test("Speeds as people write them")
    func speed() {
        #expect(ReplaySettings.speed("10x") == 10)
        #expect(ReplaySettings.speed("0.5x") == 0.5)
        #expect(ReplaySettings.speed("3") == 3)
        #expect(ReplaySettings.speed("max") == .infinity)
        for wrong in ["", "x", "-1x", "0", "fast", "nan"] { #expect(ReplaySettings.speed(wrong) == nil, "\(wrong)") }
    }

    @Test("Targets as people write them, and those that cannot be reached")
    func targets() throws {
        let target = try LoadTarget("http://127.0.0.1:8080/")
        #expect(target.authority == "127.0.0.1:8080" && target.port == 8080 && target.isIPv4Loopback)
        #expect(try LoadTarget("127.0.0.1").port == 80)
        #expect(try LoadTarget("http://[::1]:99").host == "::1")
        for wrong in ["https://a", "http://", "http://a:0", "http://a:x", "http://a/b", "http://u@a"] {
            #expect(throws: LoadFailure.self, "\(wrong)") { try LoadTarget(wrong) }
        }
    }

    @Test("A request is sent as it was, and never as two")
    func bytes() throws {
        var good = entry("/a?b=c")
        good.client = "83.149.9.216"
        good.referrer = "http://x/\r\nEvil: 1"
        good.userAgent = "-"
        let text = String(decoding: try #require(good.bytes(authority: "h:1")), as: UTF8.self)
        #expect(
            text
                == "GET /a?b=c HTTP/1.1\r\nHost: h:1\r\nReferer: http://x/  Evil: 1\r\nX-Forwarded-For: 83.149.9.216\r\n\r\n"
        )
        let odd = String(decoding: try #require(entry("/a b\u{1}ü\"#").bytes(authority: "h")), as: UTF8.self)
        #expect(odd.hasPrefix("GET /a%20b%01%C3%BC%22%23 HTTP/1.1\r\n"))
        #expect(
            String(decoding: try #require(entry("/", method: "POST").bytes(authority: "h")), as: UTF8.self).contains(
                "Content-Length: 0\r\n"))
        var stranger = entry("/")
        stranger.client = "crawler.example\r\nEvil: 1"
        #expect(!String(decoding: try #require(stranger.bytes(authority: "h")), as: UTF8.self).contains("Evil"))
    }

    @Test(
        "What is no request is not sent",
        arguments: [("get", "/"), ("GET", ""), ("GET", "x"), ("CONNECT", "/"), ("G T", "/"), ("GET", "*")])
    func noRequest(method: String, target: String) {
        #expect(entry(target, method: method).bytes(authority: "h") == nil)
    }

    @Test("Nobody there: it gives up early and says so", .timeLimit(.minutes(1)))
    func unreachable() throws {
        var settings = ReplaySettings(target: "http://127.0.0.1:1")
        settings.speed = .infinity
        settings.concurrency = 4
        let replay = try Replay(settings, source: Listed(entries: (0..<5000).map { entry("/\($0)") }))
        let summary = try replay.run { _, _ in }
        #expect(summary.isUnreachable && summary.exitCode == 1 && summary.answered == 0)
        #expect(summary.failed < 100)
        #expect(summary.text.contains("could not be reached"))
    }

    @Test(
        "Requests go out with the pauses they had, scaled, and lines that are none are counted", .timeLimit(.minutes(1))
    )
    func sends() throws {
        let server = try TinyServer()
        defer { server.stop() }
        var settings = ReplaySettings(target: "http://127.0.0.1:\(server.port)")
        settings.speed = 10
        settings.concurrency = 3
        var entries = (0..<20).map { entry("/\($0)", at: Int64($0) * 100) }
        entries.append(entry("nothing", at: 2000))
        let replay = try Replay(settings, source: Listed(entries: entries, badLines: 2))
        let summary = try replay.run { _, _ in }
        #expect(summary.answered == 20 && summary.classes[2] == 20 && summary.failed == 0)
        #expect(summary.badLines == 3 && summary.exitCode == 0)
        #expect(summary.bytes == 20 * 5)
        #expect(summary.elapsedNanoseconds >= 180_000_000)
        #expect(summary.latency.total == 20)
        #expect(server.connections <= 3)
    }

    @Test("A log that cannot be read ends it with the reason")
    func sourceFails() throws {
        struct Broken: ReplaySource {
            var badLines = 0
            mutating func next() throws -> ReplayEntry? { throw LoadFailure("the disk is gone") }
        }
        let replay = try Replay(ReplaySettings(target: "http://127.0.0.1:1"), source: Broken())
        #expect(throws: LoadFailure.self) { try replay.run { _, _ in } }
    }

    @Test("Percentiles are right to two percent")
    func histogram() throws {
        var histogram = LatencyHistogram()
        #expect(histogram.percentile(0.5) == nil)
        for value in 1...10_000 as ClosedRange<Int64> { histogram.add(value * 1000) }
        for (share, expected) in [(0.5, 5_000_000.0), (0.99, 9_900_000), (1, 10_000_000)] {
            let found = Double(try #require(histogram.percentile(share)))
            #expect(abs(found - expected) / expected < 0.02, "\(share)")
        }
        histogram.add(.max)
        histogram.add(-5)
        #expect(histogram.total == 10_002)
    }
}
