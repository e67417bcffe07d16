import Glibc
import Runtime
import Synchronization
import Testing
import Upstream

@testable import Edge

@Suite struct DrainTests {
    @Test func aDrainUnderLoadFailsNoRequestAndLosesNoEvent() throws {
        let origin = ScriptedOrigin { _ in
            usleep(2_000)
            return ScriptedOrigin.ok("x", "Cache-Control: no-store\r\n")
        }
        let edge = try TestEdge(origin: origin.port)
        let tally = Monitor((answered: 0, failed: 0, ended: 0))
        for _ in 0..<8 {
            Thread.start(name: "client") {
                guard let client = try? edge.connect() else {
                    return tally.update { $0.ended += 1 }
                }
                while true {
                    guard (try? client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n")) != nil,
                        let response = try? client.response()
                    else {
                        tally.update { $0.failed += 1 }
                        break
                    }
                    tally.update { $0.answered += 1 }
                    if response.field("connection") == "close" { break }
                }
                tally.update { $0.ended += 1 }
            }
        }
        #expect(tally.wait(timeoutNanoseconds: 10_000_000_000) { $0.answered >= 40 ? true : nil } == true)
        // Else a client that gets no turn for a while finds its connection closed, as documented.
        #expect(edge.server.drain(deadlineMilliseconds: 10_000, keepsIdle: true) == 0)
        #expect(tally.wait(timeoutNanoseconds: 10_000_000_000) { $0.ended == 8 ? true : nil } == true)
        let result = tally.withLock { $0 }
        #expect(result.failed == 0)
        #expect(edge.events.count == result.answered)
        #expect(throws: WireSocket.Closed.self) { try edge.connect() }
    }

    @Test func whatDoesNotEndIsCutAtTheDeadline() throws {
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            _ = connection.isEnded()
        }
        let edge = try TestEdge(origin: origin.port)
        let client = try edge.connect()
        try client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        while origin.requests.isEmpty { usleep(1_000) }
        #expect(edge.server.drain(deadlineMilliseconds: 100) == 1)
        #expect(client.isEnded())
        #expect(edge.events.count == 1)
    }

    @Test func eventStreamsEndWithADrain() throws {
        let service = ClosureService { _, responder in
            responder.start(status: 200, headers: [("Content-Type", "text/event-stream")])
            responder.write(Array("data: 1\n\n".utf8))
            Thread.start(name: "hold") {
                for _ in 0..<2_000 where !responder.isClosed { usleep(5_000) }
            }
        }
        let edge = try TestEdge(origin: nil, service: service)
        let client = try WireSocket.connect(edge.servicePort)
        try client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        _ = try client.readHead()
        #expect(edge.server.drain(deadlineMilliseconds: 5_000) == 0)
        #expect(try client.readChunked().body == Array("data: 1\n\n".utf8))
    }

    @Test func aReloadChangesTheOriginAndDropsNothing() throws {
        let one = ScriptedOrigin { _ in
            usleep(30_000)
            return ScriptedOrigin.ok("one", "Cache-Control: no-store\r\n")
        }
        let two = ScriptedOrigin { _ in ScriptedOrigin.ok("two", "Cache-Control: no-store\r\n") }
        let edge = try TestEdge(origin: one.port)
        let client = try edge.connect()
        try client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
        while one.requests.isEmpty { usleep(1_000) }
        var settings = edge.server.settings
        settings.origins[0].endpoints[0].port = two.port
        edge.server.reload(settings)
        #expect(try client.response().text == "one")
        #expect(try client.get("/").text == "two")
    }
}
