import HTTPWire
import Testing

@Suite struct ResponseParserTests {
    static let samples = [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.0 404 Not  Found\nServer: x\nX : y\n\n",
        "HTTP/1.1 200\r\nX: a\r\n  b\r\n\tc\r\nY: z\r\n\r\n",
        "HTTP/1.1 304 \r\nETag: \"x\"\r\nContent-Length: 100\r\n\r\n",
        "HTTP/1.1 200 ümlaut\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
    ]

    @Test(arguments: samples) func anySplitGivesTheSame(text: String) throws {
        let bytes = Array((text + "REST").utf8)
        let whole = try #require(try parseResponse([bytes]))
        #expect(whole.used == bytes.count - 4)
        for first in 0...bytes.count {
            let parsed = try #require(try parseResponse([Array(bytes[..<first]), Array(bytes[first...])]))
            #expect(Meaning(parsed.head) == Meaning(whole.head))
        }
        let single = try #require(try parseResponse(bytes.map { [$0] }))
        #expect(Meaning(single.head) == Meaning(whole.head))
    }

    @Test(arguments: [
        ("200 OK\r\nContent-Length: 5", Method.get, BodyFraming.length(5)),
        ("200 OK\r\nContent-Length: 5, 5\r\nContent-Length: 5", .get, .length(5)),
        ("200 OK\r\nContent-Length: 5", .head, .none), ("204 No\r\nContent-Length: 5", .get, .none),
        ("304 No\r\nContent-Length: 5", .get, .none), ("100 Go", .get, .none), ("200 OK", .get, .untilClose),
        ("200 OK\r\nTransfer-Encoding: chunked", .get, .chunked),
        ("200 OK\r\nTransfer-Encoding: chunked", .head, .none),
        ("200 OK\r\nTransfer-Encoding: identity", .get, .untilClose),
    ])
    func framing(text: String, method: Method, framing: BodyFraming) throws {
        let head = try #require(try parseResponse("HTTP/1.1 \(text)\r\n\r\n", method: method))
        #expect(head.framing == framing)
        #expect(head.keepsAlive == (framing != .untilClose))
    }

    @Test func unfoldsLines() throws {
        let head = try #require(try parseResponse("HTTP/1.1 200 OK\r\nX: a\r\n  b\r\n \r\nY: c\r\n\r\n"))
        #expect(head.block.string(named: "x") == "a    b")
        #expect(head.block.string(named: "y") == "c")
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n", "HTTP/2 200 OK\r\n\r\n", "ICY 200 OK\r\n\r\n",
        "HTTP/1.1 200OK\r\n\r\n", "HTTP/1.1 200 O\u{00}K\r\n\r\n", "HTTP/1.1 200 OK\r\nX\r\n\r\n",
        "HTTP/1.1 200 OK\r\n folded: x\r\n\r\n", "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n", "\r\nHTTP/1.1 200 OK\r\n\r\n",
        "hello",
    ])
    func refusesGarbage(text: String) {
        #expect(throws: WireError.self) { try parseResponse(text) }
    }

    @Test func tenThousandFieldsAreRefused() {
        let text = "HTTP/1.1 200 OK\r\n" + String(repeating: "X: y\r\n", count: 10_000) + "\r\n"
        #expect(throws: WireError.self) { try parseResponse(text) }
    }
}
