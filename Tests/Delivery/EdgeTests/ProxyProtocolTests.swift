import Glibc
import Reactor
import Testing
import Upstream

@testable import Edge

@Suite struct ProxyProtocolTests {
    private func edge(_ change: @escaping (inout EdgeSettings) -> Void = { _ in }) throws -> (TestEdge, ScriptedOrigin)
    {
        let origin = ScriptedOrigin { _ in ScriptedOrigin.ok("x", "Cache-Control: no-store\r\n") }
        return (try TestEdge(origin: origin.port, change, listener: { $0.expectsProxyHeader = true }), origin)
    }

    @Test func theClientIsWhoTheHeaderNames() throws {
        let (edge, origin) = try edge()
        let client = try edge.connect()
        try client.send("PROXY TCP4 192.0.2.7 10.0.0.1 50")
        usleep(2_000)
        try client.send("00 80\r\nGET / HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(try client.response().status == 200)
        #expect(try client.get("/second").status == 200)
        #expect(origin.requests[0].contains("X-Forwarded-For: 192.0.2.7\r\n"))
        for event in edge.events(2) {
            #expect(event["client.ip"] == "192.0.2.7")
            #expect(event["client.port"] == "5000")
        }
    }

    @Test func http2AfterTheHeader() throws {
        let (edge, _) = try edge()
        let socket = try edge.connect()
        try socket.send("PROXY TCP6 2001:db8::1 ::1 1 2\r\n")
        let client = try FrameClient(socket)
        try client.request(1)
        #expect(try client.response(1).body == Array("x".utf8))
        #expect(edge.events(1)[0]["client.ip"] == "2001:db8::1")
    }

    @Test func aConnectionWithoutTheHeaderIsClosed() throws {
        let (edge, origin) = try edge()
        for text in ["GET / HTTP/1.1\r\nHost: test\r\n\r\n", "PROXY NONSENSE\r\n\r\n"] {
            let client = try edge.connect()
            try client.send(text)
            #expect(client.isEnded())
        }
        #expect(origin.requests.isEmpty)
    }

    @Test func onlyTrustedBalancersAreHeard() throws {
        let (edge, _) = try edge {
            $0.trustedProxies = [AddressBlock(base: .ipv4(10, 0, 0, 0, port: 0), prefixLength: 8)]
        }
        let client = try edge.connect()
        try? client.send("PROXY TCP4 192.0.2.7 10.0.0.1 5000 80\r\nGET / HTTP/1.1\r\nHost: test\r\n\r\n")
        #expect(client.isEnded())
    }

    @Test(arguments: [ProxyHeader.Version.v1, .v2]) func originsAreTold(version: ProxyHeader.Version) throws {
        let origin = ScriptedOrigin { _ in ScriptedOrigin.ok("told", "Cache-Control: no-store\r\n") }
        let inner = try TestEdge(
            origin: origin.port, { $0.cdnID = "inner" }, listener: { $0.expectsProxyHeader = true })
        let outer = try TestEdge(
            origin: nil,
            {
                var endpoint = OriginSettings(name: "main", host: "127.0.0.1", port: inner.port)
                endpoint.proxyHeader = version
                $0.origins = [EdgeOrigin(name: "main", endpoints: [endpoint])]
            }, listener: { $0.expectsProxyHeader = true })
        for client in ["192.0.2.7", "192.0.2.8"] {
            let socket = try outer.connect()
            try socket.send("PROXY TCP4 \(client) 10.0.0.1 5000 80\r\n")
            #expect(try socket.get("/").text == "told")
            #expect(try socket.get("/").text == "told")
        }
        #expect(inner.events(4).map { $0["client.ip"] } == ["192.0.2.7", "192.0.2.7", "192.0.2.8", "192.0.2.8"])
    }
}
