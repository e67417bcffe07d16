import Glibc
import Runtime
import Synchronization
import Testing

@testable import Edge

/// A service made of a closure.
struct ClosureService: HTTPService {
    let body: @Sendable (HTTPRequest, Responder) -> Void

    func handle(_ request: HTTPRequest, _ responder: Responder) { body(request, responder) }
}

@Suite struct ServiceTests {
    private func edge(
        _ change: (inout EdgeSettings) -> Void = { _ in },
        _ body: @escaping @Sendable (HTTPRequest, Responder) -> Void
    ) throws -> TestEdge {
        try TestEdge(origin: nil, service: ClosureService(body: body), change)
    }

    @Test func aServiceAnswersAtOnceWithTheWholeRequest() throws {
        let edge = try edge { request, responder in
            let text = "\(request.method) \(request.path) \(request.query ?? "-") \(request.header("x-a") ?? "-")"
            responder.respond(status: 201, headers: [("X-B", "c\r\nd")], body: Array(text.utf8) + request.body)
        }
        let client = try WireSocket.connect(edge.servicePort)
        for _ in 0..<3 {
            try client.send("POST /p?q HTTP/1.1\r\nHost: t\r\nX-A: 1\r\nContent-Length: 3\r\n\r\nabc")
            let response = try client.response()
            #expect(response.status == 201)
            #expect(response.text == "POST /p q 1abc")
            #expect(response.field("x-b") == "c  d")
        }
    }

    @Test func callbacksMayBeTheLastToHoldTheResponder() throws {
        let edge = try edge { _, responder in
            responder.onDrained { _ = responder.isClosed }
            responder.onClose { _ = responder.isClosed }
            responder.onDrained { _ = responder.isClosed }
            responder.respond(status: 200, body: [0x61])
        }
        let client = try WireSocket.connect(edge.servicePort)
        for _ in 0..<3 { #expect(try client.get("/").text == "a") }
    }

    @Test func aServiceStreamsFromAnotherThreadUnderBackPressure() throws {
        let total = 20 << 20
        let edge = try edge { _, responder in
            let drained = Monitor(0)
            responder.onDrained { drained.update { $0 += 1 } }
            Thread.start(name: "stream") {
                responder.start(status: 200, headers: [("Content-Type", "application/x-ndjson")])
                let piece = [UInt8](repeating: 0x61, count: 64 << 10)
                for _ in 0..<(total / piece.count) {
                    let before = drained.withLock { $0 }
                    if responder.write(piece) { continue }
                    guard drained.wait(timeoutNanoseconds: 10_000_000_000, { $0 > before ? true : nil }) == true else {
                        return responder.abort()
                    }
                }
                responder.finish()
            }
        }
        let client = try WireSocket.connect(edge.servicePort)
        let response = try client.get("/stream")
        #expect(response.body.count == total)
    }

    @Test func theServiceHearsThatItsReaderLeft() throws {
        let closed = Monitor(0)
        let edge = try edge { _, responder in
            responder.onClose { closed.update { $0 += 1 } }
            responder.start(status: 200, headers: [("Content-Type", "text/event-stream")])
            responder.write(Array("data: 1\n\n".utf8))
            Thread.start(name: "hold") {
                for _ in 0..<2_000 where !responder.isClosed { usleep(5_000) }
            }
        }
        for reset in [false, true] {
            let before = closed.withLock { $0 }
            let client = try WireSocket.connect(edge.servicePort)
            try client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
            _ = try client.readHead()
            if reset { client.reset() } else { client.close() }
            #expect(closed.wait(timeoutNanoseconds: 10_000_000_000) { $0 > before ? true : nil } == true)
        }
    }

    @Test func aServiceThatLetsGoGivesAnErrorOrATornResponse() throws {
        let edge = try edge { request, responder in
            if request.path == "/half" {
                responder.start(status: 200, headers: [])
                responder.write([1, 2, 3])
            }
        }
        let client = try WireSocket.connect(edge.servicePort)
        #expect(try client.get("/nothing").status == 500)
        try client.send("GET /half HTTP/1.1\r\nHost: t\r\n\r\n")
        #expect(throws: WireSocket.Closed.self) { try client.response() }
    }

    @Test func bodiesForServicesAreLimited() throws {
        let edge = try edge({ $0.maximumServiceBodyBytes = 10 }) { _, responder in
            responder.respond(status: 200, body: [])
        }
        let client = try WireSocket.connect(edge.servicePort)
        try client.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 11\r\n\r\n")
        #expect(try client.response().status == 413)
        let chunked = try WireSocket.connect(edge.servicePort)
        try chunked.send("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n")
        #expect(try chunked.response().status == 413)
    }

    @Test func continueIsSaidToAServicesClient() throws {
        let edge = try edge { request, responder in responder.respond(status: 200, body: request.body) }
        let client = try WireSocket.connect(edge.servicePort)
        try client.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        #expect(try client.readHead().hasPrefix("HTTP/1.1 100"))
        try client.send("ok")
        #expect(try client.response().text == "ok")
    }
}
