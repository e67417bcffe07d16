import Glibc
import Testing

@testable import Edge

@Suite struct TunnelTests {
    private static let ask =
        "GET /chat HTTP/1.1\r\nHost: test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    private static let agreement =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

    /// Agrees, greets, and sends back what comes.
    private static func echo(_ origin: ScriptedOrigin, _ connection: WireSocket) throws {
        _ = try origin.request(connection)
        try connection.send(agreement + "hello")
        while let byte = try? connection.read(1) { try connection.send(byte) }
    }

    @Test func bytesGoBothWaysAfterAnUpgrade() throws {
        let origin = ScriptedOrigin { try TunnelTests.echo($0, $1) }
        let edge = try TestEdge(origin: origin.port)
        let client = try edge.connect()
        // The client may send before it has the answer.
        try client.send(TunnelTests.ask + "early")
        let head = WireResponse(head: try client.readHead())
        #expect(head.status == 101)
        #expect(head.field("upgrade") == "websocket")
        #expect(head.field("connection") == "upgrade")
        #expect(head.field("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(String(decoding: try client.read(10), as: UTF8.self) == "helloearly")
        let payload = (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }
        for piece in stride(from: 0, to: payload.count, by: 10_000) {
            try client.send(Array(payload[piece..<piece + 10_000]))
            #expect(try client.read(10_000) == Array(payload[piece..<piece + 10_000]))
        }
        client.endSending()
        #expect(client.isEnded())
        let request = origin.requests[0].lowercased()
        #expect(request.contains("\r\nconnection: upgrade\r\n") && request.contains("\r\nupgrade: websocket\r\n"))
        #expect(request.contains("\r\nsec-websocket-key: "))
        let event = edge.events(1)[0]
        #expect(event["http.response.status_code"] == "101")
        #expect(event["http.request.body.bytes"] == "300005")
        #expect(event["http.response.body.bytes"] == "300010")
        #expect(event["error.code"] == nil)
    }

    @Test func anOriginMayDecline() throws {
        let origin = ScriptedOrigin { _ in ScriptedOrigin.ok("no") }
        let edge = try TestEdge(origin: origin.port)
        let client = try edge.connect()
        try client.send(TunnelTests.ask)
        let response = try client.response()
        #expect(response.status == 200 && response.text == "no")
        #expect(try client.get("/next").status == 200)
    }

    @Test func theOriginsEndIsTheClients() throws {
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            try connection.send(TunnelTests.agreement + "bye")
        }
        let edge = try TestEdge(origin: origin.port)
        let client = try edge.connect()
        try client.send(TunnelTests.ask)
        _ = try client.readHead()
        #expect(client.readToEnd() == Array("bye".utf8))
        #expect(edge.events(1)[0]["error.code"] == nil)
    }

    @Test func anIdleTunnelEnds() throws {
        let origin = ScriptedOrigin { try TunnelTests.echo($0, $1) }
        let edge = try TestEdge(origin: origin.port) { $0.tunnelTimeoutMilliseconds = 100 }
        let client = try edge.connect()
        try client.send(TunnelTests.ask)
        _ = try client.readHead()
        #expect(client.readToEnd() == Array("hello".utf8))
        #expect(edge.events(1)[0]["error.code"] == "tunnel_idle")
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: test\r\nConnection: upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: test\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n\r\nx",
    ])
    func whatIsNoUpgradeIsNotPassedOn(request: String) throws {
        let origin = ScriptedOrigin { _ in TunnelTests.agreement }
        let edge = try TestEdge(origin: origin.port)
        let client = try edge.connect()
        try client.send(request)
        #expect(try client.response().status == 502)
        #expect(!origin.requests[0].lowercased().contains("upgrade"))
    }
}
