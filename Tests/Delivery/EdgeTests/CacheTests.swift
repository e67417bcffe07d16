import Columns
import Glibc
import HTTPCache
import Runtime
import Synchronization
import Testing
import Upstream

@testable import Edge

@Suite struct CacheTests {
    @Test func aHitIsServedWithoutTheOriginAndNoted() throws {
        let origin = ScriptedOrigin { _ in
            ScriptedOrigin.ok("hello", "Cache-Control: max-age=60\r\nContent-Type: text/html; charset=utf-8\r\n")
        }
        let edge = try TestEdge(origin: origin.port)
        let client = try edge.connect()
        let first = try client.get("/a?b", "User-Agent: tester\r\nReferer: http://r/\r\n")
        #expect(first.field("cache-status") == "test-edge; fwd=uri-miss; fwd-status=200; stored")
        let second = try client.get("/a?b", "User-Agent: tester\r\n")
        #expect(second.text == "hello")
        #expect(second.field("cache-status")?.hasPrefix("test-edge; hit; ttl=") == true)
        #expect(second.field("age") != nil)
        #expect(origin.requests.count == 1)
        let events = edge.events(2)
        #expect(events[0]["cache.status"] == "miss")
        #expect(events[0]["cache.detail"] == "uri-miss")
        #expect(events[0]["origin.status_code"] == "200")
        #expect(events[0]["origin.address"] == "127.0.0.1:\(origin.port)")
        #expect(events[0]["http.request.referrer"] == "http://r/")
        #expect(events[1]["cache.status"] == "hit")
        // Seconds, of a machine that may be busy.
        #expect(events[1]["cache.age"] == second.field("age"))
        #expect(events[1]["origin.status_code"] == nil)
        #expect(events[1]["http.response.mime_type"] == "text/html")
        #expect(events[1]["user_agent.original"] == "tester")
    }

    @Test func everyFieldOfAnEventIsThere() throws {
        let origin = ScriptedOrigin { _ in
            usleep(2_000)
            return ScriptedOrigin.ok("hello", "Cache-Control: no-store\r\nContent-Type: text/plain\r\n")
        }
        let rule = ScenarioRules.rule("seen | - | - | set_header X-Seen yes")
        let edge = try TestEdge(origin: origin.port) { settings in
            settings.rules.set = RuleSet.compile([rule], origins: [], allowsESI: false).set
        }
        _ = try edge.get("/p/q?x=1", "User-Agent: ua\r\nReferer: r\r\n")
        let event = edge.events(1)[0]
        let absent: Set = ["cache.age", "error.code", "error.message", "error.source"]
        for field in RequestEventSchema.schema.fields
        where !absent.contains(field.name) && !field.name.hasPrefix("esi.")
            && !field.name.hasPrefix("tls.")
        {
            #expect(event[field.name] != nil, "\(field.name)")
        }
        #expect(event["url.path"] == "/p/q")
        #expect(event["url.query"] == "x=1")
        #expect(event["url.domain"] == "test")
        #expect(event["http.request.method"] == "GET")
        #expect(event["http.version"] == "1.1")
        #expect(event["http.response.body.bytes"] == "5")
        #expect(event["observer.name"] == "test-edge")
        let duration = Int64(event["event.duration"] ?? "") ?? 0
        let firstByte = Int64(event["squilla.response.first_byte.duration"] ?? "") ?? 0
        #expect(duration >= 2_000_000 && firstByte >= 2_000_000 && firstByte <= duration)
        #expect((Int64(event["origin.first_byte.duration"] ?? "") ?? 0) >= 2_000_000)
        let sizes = ["http.response.bytes", "http.response.header.bytes"].map { Int(event[$0] ?? "") ?? 0 }
        #expect(sizes[0] == sizes[1] + 5)
    }

    @Test func conditionsAndRangesAreAnsweredFromTheStore() throws {
        let origin = ScriptedOrigin { _ in
            ScriptedOrigin.ok("0123456789", "Cache-Control: max-age=60\r\nETag: \"v1\"\r\n")
        }
        let edge = try TestEdge(origin: origin.port)
        let client = try edge.connect()
        _ = try client.get("/r")
        #expect(try client.get("/r", "If-None-Match: \"v1\"\r\n").status == 304)
        let part = try client.get("/r", "Range: bytes=2-4\r\n")
        #expect(part.status == 206)
        #expect(part.text == "234")
        #expect(part.field("content-range") == "bytes 2-4/10")
        let parts = try client.get("/r", "Range: bytes=0-1,8-\r\n")
        #expect(parts.status == 206)
        #expect(parts.text.contains("01\r\n--") && parts.text.contains("89\r\n--"))
        #expect(try client.get("/r", "Range: bytes=50-\r\n").status == 416)
        #expect(try client.get("/r", method: "HEAD").field("content-length") == "10")
        #expect(try client.get("/r").text == "0123456789")
        #expect(origin.requests.count == 1)
    }

    @Test func aStaleObjectIsValidated() throws {
        let origin = ScriptedOrigin { head in
            head.contains("If-None-Match: \"v1\"")
                ? "HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\nCache-Control: max-age=60\r\n\r\n"
                : ScriptedOrigin.ok("body", "Cache-Control: max-age=0\r\nETag: \"v1\"\r\n")
        }
        let edge = try TestEdge(origin: origin.port)
        let client = try edge.connect()
        _ = try client.get("/v")
        #expect(try client.get("/v").text == "body")
        #expect(try client.get("/v").text == "body")
        #expect(origin.requests.count == 2)
        #expect(edge.events(3).map { $0["cache.status"] } == ["miss", "revalidated", "hit"])
    }

    @Test func simultaneousMissesAreOneFetch() throws {
        let origin = ScriptedOrigin { _ in
            usleep(150_000)
            return ScriptedOrigin.ok("once", "Cache-Control: max-age=60\r\n")
        }
        let edge = try TestEdge(origin: origin.port)
        let clients = try (0..<200).map { _ in try edge.connect() }
        for client in clients { try client.send("GET /one HTTP/1.1\r\nHost: t\r\n\r\n") }
        for client in clients { #expect(try client.response().text == "once") }
        #expect(origin.requests.count == 1)
        let outcomes = edge.events(200).map { $0["cache.status"] ?? "" }
        #expect(outcomes.filter { $0 == "miss" }.count == 1)
        #expect(outcomes.filter { $0 == "collapsed" || $0 == "hit" }.count == 199)
    }

    @Test func readersStreamWhatIsStillBeingFilled() throws {
        let gate = Monitor(false)
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            try connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nCache-Control: max-age=60\r\n\r\n")
            try connection.send("5\r\nfirst\r\n")
            _ = gate.wait(timeoutNanoseconds: 10_000_000_000) { $0 ? true : nil }
            try connection.send("6\r\nsecond\r\n0\r\n\r\n")
        }
        let edge = try TestEdge(origin: origin.port)
        let clients = try (0..<3).map { _ in try edge.connect() }
        for client in clients {
            try client.send("GET /s HTTP/1.1\r\nHost: test\r\n\r\n")
            _ = try client.readHead()
            #expect(try client.read(10) == Array("5\r\nfirst\r\n".utf8))
        }
        gate.update { $0 = true }
        for client in clients { #expect(try client.readChunked().body == Array("second".utf8)) }
        #expect(origin.requests.count == 1)
        #expect(try edge.get("/s").field("content-length") == "11")
    }

    @Test func theFillIsFinishedWhenItsClientLeaves() throws {
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\nCache-Control: max-age=60\r\n\r\n01234")
            usleep(50_000)
            try connection.send("56789")
        }
        let edge = try TestEdge(origin: origin.port)
        let client = try edge.connect()
        try client.send("GET /f HTTP/1.1\r\nHost: test\r\n\r\n")
        _ = try client.readHead()
        client.reset()
        for _ in 0..<4_000 where edge.server.cache.counters.objects == 0 { usleep(5_000) }
        #expect(try edge.get("/f").text == "0123456789")
        #expect(origin.requests.count == 1)
    }

    @Test func anObjectOverTheLimitPassesThroughABoundedWindow() throws {
        let total = 24 << 20
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            try connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nCache-Control: max-age=60\r\n\r\n")
            let piece = [UInt8](repeating: 7, count: 1 << 16)
            for _ in 0..<(total >> 16) {
                try connection.send("10000\r\n")
                try connection.send(piece)
                try connection.send("\r\n")
            }
            try connection.send("0\r\n\r\n")
        }
        let edge = try TestEdge(origin: origin.port) { $0.cache.maximumObjectBytes = 1 << 20 }
        let client = try edge.connect()
        try client.send("GET /big HTTP/1.1\r\nHost: t\r\n\r\n")
        #expect(try client.response().body.count == total)
        #expect(edge.server.cache.counters.objects == 0)
        #expect(edge.server.cache.counters.bytes < 2 << 20)
    }

    @Test func unsafeMethodsInvalidate() throws {
        let origin = ScriptedOrigin { _ in ScriptedOrigin.ok("x", "Cache-Control: max-age=60\r\n") }
        let edge = try TestEdge(origin: origin.port)
        let client = try edge.connect()
        _ = try client.get("/i")
        _ = try client.get("/i", "Content-Length: 0\r\n", method: "POST")
        _ = try client.get("/i")
        #expect(origin.requests.count == 3)
        #expect(edge.events(3).map { $0["cache.status"] } == ["miss", "pass", "miss"])
    }

    @Test func aStaleObjectStandsInForAFailingOrigin() throws {
        let failing = Monitor(false)
        let origin = ScriptedOrigin { _ in
            failing.withLock { $0 }
                ? "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
                : ScriptedOrigin.ok("kept", "Cache-Control: max-age=0, stale-if-error=60\r\n")
        }
        let edge = try TestEdge(origin: origin.port)
        _ = try edge.get("/k")
        failing.update { $0 = true }
        let response = try edge.get("/k")
        #expect(response.status == 200)
        #expect(response.text == "kept")
        #expect(edge.events(2)[1]["cache.status"] == "stale")
    }

    @Test func staleWhileRevalidateAnswersAtOnceAndRefreshes() throws {
        let count = Monitor(0)
        let origin = ScriptedOrigin { _ in
            let number = count.update { value -> Int in
                value += 1
                return value
            }
            return ScriptedOrigin.ok(
                "v\(number)", "Cache-Control: max-age=\(number == 1 ? 0 : 60), stale-while-revalidate=60\r\n")
        }
        let edge = try TestEdge(origin: origin.port)
        #expect(try edge.get("/w").text == "v1")
        #expect(try edge.get("/w").text == "v1")
        #expect(count.wait(timeoutNanoseconds: 10_000_000_000) { $0 == 2 ? true : nil } == true)
        var turns = 0
        while try edge.get("/w").text != "v2", turns < 4_000 {
            usleep(5_000)
            turns += 1
        }
        #expect(turns < 4_000)
        #expect(origin.requests.count == 2)
    }

    @Test func aFetchThatHangsDoesNotHoldItsWaitersForEver() throws {
        let count = Monitor(0)
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            let isFirst = count.update { value -> Bool in
                value += 1
                return value == 1
            }
            if isFirst { _ = connection.isEnded() }
            try connection.send(ScriptedOrigin.ok("alone", "Cache-Control: max-age=60\r\n"))
        }
        let edge = try TestEdge(origin: origin.port) { $0.cache.collapseTimeoutMilliseconds = 80 }
        let first = try edge.connect()
        try first.send("GET /h HTTP/1.1\r\nHost: test\r\n\r\n")
        while origin.requests.isEmpty { usleep(1_000) }
        #expect(try edge.get("/h").text == "alone")
    }

    @Test func waitersOfAFailedFetchAreAnsweredWithoutMoreFetches() throws {
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            usleep(100_000)
        }
        let edge = try TestEdge(origin: origin.port)
        let clients = try (0..<20).map { _ in try edge.connect() }
        for client in clients { try client.send("GET /e HTTP/1.1\r\nHost: t\r\n\r\n") }
        for client in clients { #expect(try client.response().status == 502) }
        #expect(origin.requests.count == 1)
    }

    /// A response that came on the other side of a second is not a second old.
    @Test func theTurnOfASecondMakesNoResponseOlder() throws {
        var clock: (second: Int, part: Int) {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            return (time.tv_sec, time.tv_nsec)
        }
        let asked = Mutex(0)
        let answered = Mutex(0)
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            while clock.second == asked.withLock({ $0 }) { usleep(1_000) }
            answered.withLock { $0 = clock.second }
            try connection.send(ScriptedOrigin.ok("x", "Cache-Control: max-age=60\r\n"))
        }
        let edge = try TestEdge(origin: origin.port)
        // Late in a second, so that the origin does not keep the request for long.
        while clock.part < 800_000_000 { usleep(1_000) }
        asked.withLock { $0 = clock.second }
        #expect(try edge.get("/turn").text == "x")
        let age = Int(try edge.get("/turn").field("age") ?? "") ?? -1
        #expect((0...clock.second - answered.withLock { $0 }).contains(age))
    }

    @Test func onlyIfCachedIsRefusedWithoutAsking() throws {
        let origin = ScriptedOrigin { _ in ScriptedOrigin.ok("x") }
        let edge = try TestEdge(origin: origin.port)
        #expect(try edge.get("/o", "Cache-Control: only-if-cached\r\n").status == 504)
        #expect(origin.requests.isEmpty)
    }
}
