import Glibc
import HTTPWire
import Runtime
import Testing

@testable import Edge

@Suite struct BadClientTests {
    /// Head, status, error code of the event.
    static let refused: [(String, Int, String)] = [
        ("GET\r\n\r\n", 400, "malformed_start_line"),
        ("GET / HTTP/9.9\r\nHost: a\r\n\r\n", 505, "unsupported_version"),
        ("GET /\u{1} HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed_start_line"),
        ("\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", 400, "malformed_start_line"),
        ("GET / HTTP/1.1\r\n\r\n", 400, "malformed_host"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "malformed_host"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n", 400, "malformed_field"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n folded\r\n\r\n", 400, "malformed_field"),
        ("GET / HTTP/1.1\nHost: a\n\n", 400, "malformed_start_line"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: y\rz\r\n\r\n", 400, "malformed_field"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: y\nZ: 1\r\n\r\n", 400, "malformed_field"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: \u{0}\r\n\r\n", 400, "malformed_field"),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
            "malformed_framing"
        ),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400, "malformed_framing"),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc", 400, "malformed_framing"),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", 400, "malformed_framing"),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501, "unsupported_coding"),
        ("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "malformed_framing"),
        ("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 501, "unsupported_method"),
        ("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405, "unsupported_method"),
        ("GET / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\nContent-Length: 1\r\n\r\nx", 417, "unsupported_expectation"),
    ]

    @Test(arguments: refused) func aBrokenRequestIsAnsweredAndNoted(head: String, status: Int, code: String) throws {
        let origin = ScriptedOrigin { _ in ScriptedOrigin.ok("never") }
        let edge = try TestEdge(origin: origin.port)
        let client = try edge.connect()
        try client.send(head)
        let response = try client.response()
        if !head.hasPrefix("CONNECT") { #expect(response.status == status) }
        #expect(origin.requests.isEmpty)
        let event = edge.events(1)[0]
        #expect(event["error.source"] == "client")
        #expect(event["http.response.status_code"] == "\(response.status)")
        if !head.hasPrefix("CONNECT") { #expect(event["error.code"] == code) }
        if status == 400 { #expect(client.isEnded()) }
    }

    @Test func oversizedRequestsAreRefused() throws {
        let origin = ScriptedOrigin { _ in ScriptedOrigin.ok("never") }
        let edge = try TestEdge(origin: origin.port) {
            $0.wireLimits = WireLimits(startLineBytes: 1_000, fieldLineBytes: 2_000, headBytes: 4_000, fieldCount: 20)
            $0.maximumBodyBytes = 100
        }
        let long = String(repeating: "x", count: 3_000)
        let many = String(repeating: "X-A: b\r\n", count: 10_000)
        for (text, status) in [
            ("GET /\(long) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: \(long)\r\n\r\n", 431),
            ("GET / HTTP/1.1\r\nHost: a\r\n\(many)\r\n", 431),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n", 413),
        ] {
            let client = try edge.connect()
            try? client.send(text)
            #expect(try client.response().status == status)
            #expect(client.isEnded())
        }
        #expect(origin.requests.isEmpty)
    }

    @Test func aChunkedBodyOverTheLimitIsCutOff() throws {
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            _ = try connection.readChunked()
            try connection.send(ScriptedOrigin.ok("never"))
        }
        let edge = try TestEdge(origin: origin.port) { $0.maximumBodyBytes = 1_000 }
        let client = try edge.connect()
        try client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<20 { try? client.send("64\r\n" + String(repeating: "x", count: 100) + "\r\n") }
        #expect(try client.response().status == 413)
        #expect(edge.events(1)[0]["error.code"] == "body_too_large")
    }

    @Test(arguments: ["zz\r\n", "5;\n\nhello\r\n", "5\r\nhelloX\r\n", "ffffffffffffffffff\r\n", "-1\r\n"])
    func aBrokenChunkIsRefused(chunk: String) throws {
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            _ = try connection.readChunked()
        }
        let edge = try TestEdge(origin: origin.port)
        let client = try edge.connect()
        try client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(chunk)")
        #expect(try client.response().status == 400)
        #expect(client.isEnded())
        #expect(edge.events(1)[0]["error.code"] == "malformed_chunk")
    }

    @Test func aSlowHeadGets408() throws {
        let edge = try TestEdge(origin: nil) { $0.headerTimeoutMilliseconds = 500 }
        let client = try edge.connect()
        try client.send("GET / HT")
        for _ in 0..<4 {
            usleep(20_000)
            try? client.send("T")
        }
        #expect(try client.response().status == 408)
        #expect(client.isEnded())
        #expect(edge.events(1)[0]["http.response.status_code"] == "408")
    }

    @Test func aConnectionThatSaysNothingIsClosedSilently() throws {
        let edge = try TestEdge(origin: nil) { $0.headerTimeoutMilliseconds = 50 }
        #expect(try edge.connect().isEnded())
    }

    @Test func anIdleKeptConnectionIsClosed() throws {
        let origin = ScriptedOrigin { _ in ScriptedOrigin.ok("x") }
        let edge = try TestEdge(origin: origin.port) { $0.keepAliveTimeoutMilliseconds = 50 }
        let client = try edge.connect()
        #expect(try client.get("/").status == 200)
        #expect(client.isEnded())
    }

    private static let earlyAnswer = "HTTP/1.1 405 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"

    /// An origin that answers before it has read the request's body leaves the client's connection to the next request.
    @Test func anEarlyAnswerKeepsTheConnection() throws {
        let origin = ScriptedOrigin { origin, connection in
            let isUpload = try origin.request(connection).hasPrefix("POST")
            try connection.send(isUpload ? Self.earlyAnswer : ScriptedOrigin.ok("next"))
        }
        let edge = try TestEdge(origin: origin.port) { $0.workers = 1 }
        let client = try edge.connect()
        for framing in ["Content-Length: 5\r\n\r\nab", "Transfer-Encoding: chunked\r\n\r\n5\r\nab"] {
            try client.send("POST / HTTP/1.1\r\nHost: t\r\n\(framing)")
            let answer = try client.response()
            #expect(answer.status == 405 && answer.field("connection") == nil)
            try client.send(framing.hasPrefix("C") ? "cde" : "cde\r\n0\r\n\r\n")
            #expect(try client.get("/").text == "next")
        }
        // More than is read for that: it is told, or seen.
        try client.send("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n")
        #expect(try client.response().field("connection") == "close")
        let endless = try edge.connect()
        try endless.send("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n")
        #expect(try endless.response().status == 405)
        try? endless.send("20000\r\n" + String(repeating: "x", count: 0x20000))
        #expect(endless.isEnded())
    }

    /// It may be gone: its request is not waited for without end.
    @Test func aHalfClosedClientIsTakenForGoneAfterAWhile() throws {
        let hasEnded = Monitor(false)
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            _ = connection.isEnded()
            hasEnded.update { $0 = true }
        }
        let edge = try TestEdge(origin: origin.port) { $0.halfClosedTimeoutMilliseconds = 100 }
        let client = try edge.connect()
        try client.send("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n")
        client.endSending()
        #expect(client.isEnded())
        #expect(hasEnded.wait(timeoutNanoseconds: 10_000_000_000) { $0 ? true : nil } == true)
        #expect(edge.events(1)[0]["error.code"] == "client_gone")
    }

    @Test func aReaderThatStopsIsCut() throws {
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\nCache-Control: no-store\r\n\r\n")
            let piece = [UInt8](repeating: 1, count: 1 << 20)
            for _ in 0..<100 { try connection.send(piece) }
        }
        let edge = try TestEdge(origin: origin.port) { $0.writeTimeoutMilliseconds = 100 }
        let client = try WireSocket.connect(edge.port, receiveBuffer: 8_192)
        try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        let event = edge.events(1)[0]
        #expect(event["error.code"] == "client_stalled")
        #expect(event["error.source"] == "client")
        #expect(client.drain() < 100_000_000)
    }

    @Test func aClientThatLeavesHalfWayIsNotedAndCostsTheOriginNoMore() throws {
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\nCache-Control: no-store\r\n\r\n")
            let piece = [UInt8](repeating: 1, count: 1 << 16)
            while true { try connection.send(piece) }
        }
        let edge = try TestEdge(origin: origin.port)
        let client = try edge.connect()
        try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = try client.readHead()
        client.reset()
        let event = edge.events(1)[0]
        #expect(event["error.code"] == "client_gone")
        #expect(event["http.response.status_code"] == "200")
    }

    @Test func aHalfClosedClientStillGetsItsAnswer() throws {
        let origin = ScriptedOrigin { _ in
            usleep(20_000)
            return ScriptedOrigin.ok("late")
        }
        let edge = try TestEdge(origin: origin.port)
        let client = try edge.connect()
        try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        client.endSending()
        #expect(try client.response().text == "late")
        #expect(client.isEnded())
    }

    @Test func requestsAfterABadOneAreNotRead() throws {
        let origin = ScriptedOrigin { _ in ScriptedOrigin.ok("x") }
        let edge = try TestEdge(origin: origin.port)
        let client = try edge.connect()
        try client.send(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try client.response().status == 400)
        #expect(client.isEnded())
        #expect(origin.requests.isEmpty)
    }

    @Test func aRequestInSinglebytesIsARequest() throws {
        let origin = ScriptedOrigin { _ in ScriptedOrigin.ok("x") }
        let edge = try TestEdge(origin: origin.port)
        let client = try edge.connect()
        for byte in Array("\r\nGET /s HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab".utf8) {
            try client.send([byte])
            if byte == 10 { usleep(1_000) }
        }
        #expect(try client.response().text == "x")
    }
}
