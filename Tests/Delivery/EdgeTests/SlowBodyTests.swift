import Glibc
import Testing

@testable import Edge

/// How slowly a request's body may come.
@Suite struct SlowBodyTests {
    /// Wants 600 bytes in each 600 ms; its origin takes a body whole and says how long it was.
    private func edge(_ change: @escaping (inout EdgeSettings) -> Void = { _ in }) throws -> TestEdge {
        let origin = ScriptedOrigin { origin, connection in
            while true {
                let head = try origin.request(connection)
                let field = try #require(
                    head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length: ") })
                let length = try #require(Int(field.dropFirst(16)))
                _ = try connection.read(length)
                try connection.send(ScriptedOrigin.ok("\(length)"))
            }
        }
        return try TestEdge(origin: origin.port) {
            $0.bodyTimeoutMilliseconds = 600
            $0.minimumBodyBytesPerSecond = 1_000
            change(&$0)
        }
    }

    private func upload(_ client: WireSocket, _ length: Int) throws {
        try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n")
    }

    private func each(_ milliseconds: UInt32, times: Int, _ body: () throws -> Void) rethrows {
        for _ in 0..<times {
            try body()
            usleep(milliseconds * 1000)
        }
    }

    @Test func theDefaultIsABoundThatAModemKeeps() {
        let settings = EdgeSettings()
        #expect(settings.minimumBodyBytesPerPeriod == 7_200)
    }

    @Test func aTrickleGets408() throws {
        let edge = try edge()
        let client = try edge.connect()
        try upload(client, 1_000)
        // The socket takes what is sent until the edge's end arrives.
        each(20, times: 50) { try? client.send("x") }
        #expect(try client.response().status == 408)
        #expect(client.isEnded())
        let event = edge.events(1)[0]
        #expect(event["error.source"] == "client" && event["http.response.status_code"] == "408")
    }

    @Test func aSlowBodyIsTaken() throws {
        let edge = try edge()
        let client = try edge.connect()
        try upload(client, 60_000)
        // Longer than two spans.
        try each(25, times: 60) { try client.send([UInt8](repeating: 1, count: 1_000)) }
        #expect(try client.response().text == "60000")
    }

    @Test func aBodyMayPause() throws {
        let edge = try edge()
        let client = try edge.connect()
        try upload(client, 2_000)
        try client.send([UInt8](repeating: 1, count: 1_000))
        usleep(700_000)
        try client.send([UInt8](repeating: 1, count: 1_000))
        #expect(try client.response().text == "2000")
    }

    @Test func withoutAPaceOneByteIsEnough() throws {
        let edge = try edge { $0.minimumBodyBytesPerSecond = 0 }
        let client = try edge.connect()
        try upload(client, 30)
        try each(50, times: 30) { try client.send("x") }
        #expect(try client.response().text == "30")
    }

    // MARK: HTTP/2

    private func begin(_ client: FrameClient, _ stream: Int, _ length: Int) throws {
        try client.request(stream, "POST", "/\(stream)", [("content-length", "\(length)")], ends: false)
    }

    /// The static code of status 200.
    private let ok: UInt8 = 0x88

    @Test func aStreamThatTricklesIsRefused() throws {
        let edge = try edge()
        let client = try FrameClient(edge.connect())
        try begin(client, 1, 1_000)
        try each(20, times: 50) { try client.data(1, [1], ends: false) }
        #expect(try client.response(1).code != ok)
        #expect(edge.events(1)[0]["http.response.status_code"] == "408")
        // The connection goes on.
        try begin(client, 3, 1)
        try client.data(3, [1], ends: true)
        #expect(try client.response(3).code == ok)
    }

    @Test func bodiesMayComeOneAfterTheOther() throws {
        let edge = try edge()
        let client = try FrameClient(edge.connect())
        try begin(client, 1, 60_000)
        try begin(client, 3, 10)
        try each(25, times: 60) { try client.data(1, [UInt8](repeating: 1, count: 1_000), ends: false) }
        try client.data(1, [], ends: true)
        try client.data(3, [UInt8](repeating: 1, count: 10), ends: true)
        var answers: [Int: UInt8] = [:]
        while answers.count < 2 {
            let frame = try client.next()
            if frame.type == FrameClient.Kind.headers { answers[frame.stream] = frame.payload.first }
        }
        #expect(answers == [1: ok, 3: ok])
    }

    /// One body that comes fast enough does not pay for so many that don't.
    @Test func manyStreamsThatWaitAreRefused() throws {
        let edge = try edge()
        let client = try FrameClient(edge.connect())
        let idle = (0..<60).map { 3 + 2 * $0 }
        try begin(client, 1, 1_000_000)
        for stream in idle { try begin(client, stream, 10) }
        try each(20, times: 50) { try client.data(1, [UInt8](repeating: 1, count: 40), ends: false) }
        // It is fast enough for itself and one more.
        let statuses = edge.events(idle.count - 2).map { $0["http.response.status_code"] }
        #expect(statuses.allSatisfy { $0 == "408" })
    }
}
