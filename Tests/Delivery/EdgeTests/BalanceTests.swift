import Glibc
import Testing
import Upstream

@testable import Edge

/// Endpoints of one origin over real sockets, where a scenario would need to know ports.
@Suite struct BalanceTests {
    private func edge(
        _ origins: [ScriptedOrigin], _ change: (inout EdgeOrigin) -> Void = { _ in }
    ) throws -> TestEdge {
        try TestEdge(origin: nil) { settings in
            var origin = EdgeOrigin(
                name: "main",
                endpoints: origins.map { OriginSettings(name: "main", host: "127.0.0.1", port: $0.port) })
            change(&origin)
            settings.origins = [origin]
        }
    }

    @Test func aClientIsBoundToItsEndpoint() throws {
        let origins = (0..<4).map { number in
            ScriptedOrigin { _ in ScriptedOrigin.ok("\(number)", "Cache-Control: private\r\n") }
        }
        let edge = try edge(origins) { $0.affinity = AffinitySettings(secret: "0123456789abcdef") }
        let first = try edge.get("/")
        let cookie = try #require(first.field("set-cookie"))
        #expect(cookie.hasSuffix("; Path=/; HttpOnly; SameSite=Lax"))
        let pair = cookie.prefix { $0 != ";" }
        for number in 0..<12 {
            let answer = try edge.get("/\(number)", "Cookie: a=b; \(pair)\r\n")
            #expect(answer.text == first.text)
            #expect(answer.field("set-cookie") == nil)
        }
        let forged = "Cookie: \(pair.dropLast())\(pair.last == "0" ? "1" : "0")\r\n"
        let found = try (0..<8).map { try edge.get("/f\($0)", forged).text }
        #expect(Set(found).count > 1)
    }

    @Test func storedResponsesBindNobody() throws {
        let origin = ScriptedOrigin { _ in ScriptedOrigin.ok("x", "Cache-Control: max-age=60\r\n") }
        let edge = try edge([origin, origin]) { $0.affinity = AffinitySettings(secret: "0123456789abcdef") }
        for _ in 0..<2 { #expect(try edge.get("/").field("set-cookie") == nil) }
    }

    @Test func aCookieIsReadBackAndNoOther() {
        let settings = AffinitySettings(secret: "0123456789abcdef")
        let value = AffinityCookie.write(0xFEDC_BA98_7654_3210, settings)
        #expect(AffinityCookie.read(value, settings) == 0xFEDC_BA98_7654_3210)
        for index in value.indices {
            var changed = value
            changed[index] = changed[index] == 0x30 ? 0x31 : 0x30
            #expect(AffinityCookie.read(changed, settings) == nil)
        }
        #expect(AffinityCookie.read([], settings) == nil)
        #expect(AffinityCookie.read(value, AffinitySettings(secret: "another secret..")) == nil)
    }

    @Test func checksTakeAnEndpointOutAndBringItBack() throws {
        let bad = ScriptedOrigin { head in
            head.contains("/up") ? "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n" : ScriptedOrigin.ok("bad")
        }
        let good = ScriptedOrigin { _ in ScriptedOrigin.ok("good") }
        let edge = try edge([bad, good]) { origin in
            var check = HealthCheckSettings()
            check.path = "/up"
            check.intervalMilliseconds = 20
            check.fall = 2
            origin.policy.check = check
        }
        for _ in 0..<2_000 where edge.server.origins[0].report(now: 0)[0].state == .available { usleep(10_000) }
        let report = edge.server.origins[0].report(now: 0)
        #expect(report.map(\.state) == [.unwell, .available])
        #expect(report[0].reason == "status 500")
        for number in 0..<10 { #expect(try edge.get("/\(number)", method: "POST").text == "good") }
    }

    @Test func tcpChecksWantAConnect() throws {
        let (dead, port) = WireSocket.listen(isDead: true)
        defer { dead.close() }
        let good = ScriptedOrigin { _ in ScriptedOrigin.ok("good") }
        let edge = try TestEdge(origin: nil) { settings in
            var origin = EdgeOrigin(
                name: "main",
                endpoints: [port, good.port].map { OriginSettings(name: "main", host: "127.0.0.1", port: $0) })
            var check = HealthCheckSettings()
            check.kind = .tcp
            check.intervalMilliseconds = 20
            check.fall = 1
            origin.policy.check = check
            settings.origins = [origin]
        }
        for _ in 0..<2_000 where edge.server.origins[0].report(now: 0)[0].state == .available { usleep(10_000) }
        #expect(edge.server.origins[0].report(now: 0).map(\.state) == [.unwell, .available])
    }

    /// More than half are down, so that all are asked; those that take no connection are passed over.
    @Test func theLastOneLeftGetsAllRequests() throws {
        let dead = (0..<3).map { _ in WireSocket.listen(isDead: true) }
        defer { for each in dead { each.socket.close() } }
        var ports = dead.map(\.port)
        let good = ScriptedOrigin { _ in ScriptedOrigin.ok("good") }
        ports.append(good.port)
        let edge = try TestEdge(origin: nil) { settings in
            settings.workers = 1
            var origin = EdgeOrigin(
                name: "main",
                endpoints: ports.map { port in
                    var endpoint = OriginSettings(name: "main", host: "127.0.0.1", port: port)
                    endpoint.failurePauseMilliseconds = 600_000
                    return endpoint
                })
            var check = HealthCheckSettings()
            check.kind = .tcp
            check.intervalMilliseconds = 20
            check.fall = 1
            origin.policy.check = check
            settings.origins = [origin]
        }
        for _ in 0..<2_000 {
            if edge.server.origins[0].report(now: 0).count(where: { $0.state == .unwell }) == 3 { break }
            usleep(10_000)
        }
        // Until each of the others has refused five times.
        for number in 0..<80 { _ = try edge.get("/first/\(number)", method: "POST") }
        for number in 0..<20 { #expect(try edge.get("/\(number)", method: "POST").text == "good") }
    }

    /// The client must know that what it sends behind the rest of its body won't be read.
    @Test func anErrorBeforeTheBodyEndsTheConnection() throws {
        let (dead, port) = WireSocket.listen(isDead: true)
        defer { dead.close() }
        let edge = try TestEdge(origin: port)
        let client = try edge.connect()
        try client.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\n")
        let answer = try client.response()
        #expect(answer.status == 502)
        #expect(answer.field("connection") == "close")
        let names = try (0..<2).map { _ in try edge.get("/").text.split(separator: "\n").last }
        #expect(names[0] != names[1])
    }

    /// A reload in the middle of requests: nothing fails, and what is known of endpoints that stay is kept.
    @Test func aReloadKeepsEndpoints() throws {
        let origins = (0..<2).map { number in ScriptedOrigin { _ in ScriptedOrigin.ok("\(number)") } }
        let edge = try edge(origins)
        for number in 0..<10 { #expect(try edge.get("/\(number)", method: "POST").status == 200) }
        var settings = edge.server.settings
        settings.origins[0].endpoints[0].placement.weight = 5
        edge.server.reload(settings)
        for number in 0..<10 { #expect(try edge.get("/\(number)", method: "POST").status == 200) }
        #expect(edge.server.origins[0].report(now: 0).reduce(0) { $0 + $1.requests } == 20)
    }

    @Test func keysKeepToTheirOwner() throws {
        let origins = (0..<3).map { number in ScriptedOrigin { _ in ScriptedOrigin.ok("\(number)") } }
        let edge = try edge(origins) {
            $0.policy.balance.policy = .maglev
            $0.policy.balance.hashKey = .header("X-User")
        }
        for user in 0..<20 {
            let found = try (0..<3).map { try edge.get("/\($0)", "X-User: u\(user)\r\n", method: "POST").text }
            #expect(Set(found).count == 1)
        }
    }
}
