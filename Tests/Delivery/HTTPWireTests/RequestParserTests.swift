import HTTPWire
import Testing

@Suite struct RequestParserTests {
    static let samples = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\nGET /p/q?x=1&y=%20 HTTP/1.1\r\nHost: example.com:8080\r\nAccept:*/*\r\nX-Empty:\r\nX:  a b\t \r\n\r\n",
        "POST http://Other.example:81?q HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\nExpect: 100-continue\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\nConnection: close, x\r\n\r\n",
        "PURGE /a HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
        "PUT /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\ncOnTeNt-tYpE: a/b\r\n\r\n",
    ]

    @Test(arguments: samples) func anySplitGivesTheSame(text: String) throws {
        let bytes = Array((text + "REST").utf8)
        let whole = try #require(try parseRequest([bytes]))
        #expect(whole.used == bytes.count - 4)
        for first in 0...bytes.count {
            for second in stride(from: first, through: bytes.count, by: 7) {
                let pieces = [bytes[..<first], bytes[first..<second], bytes[second...]].map(Array.init)
                let parsed = try #require(try parseRequest(pieces))
                #expect(parsed.used == whole.used)
                #expect(Meaning(parsed.head) == Meaning(whole.head))
            }
        }
        let single = try #require(try parseRequest(bytes.map { [$0] }))
        #expect(Meaning(single.head) == Meaning(whole.head))
    }

    @Test func readsTargetForms() throws {
        let absolute = try #require(try parseRequest("GET HTTP://Ex.org:81/a/b?c=d HTTP/1.1\r\nHost: h:9\r\n\r\n"))
        #expect(absolute.targetForm == .absolute)
        #expect(absolute.string(absolute.host) == "Ex.org")
        #expect(absolute.port == 81)
        #expect(absolute.string(absolute.originTarget) == "/a/b?c=d")
        let bare = try #require(try parseRequest("GET http://h?c HTTP/1.1\r\nHost: h\r\n\r\n"))
        #expect(bare.path.isEmpty && bare.string(bare.originTarget) == "?c")
        let secure = try #require(try parseRequest("GET https://h/ HTTP/1.1\r\nHost: h\r\n\r\n"))
        #expect(secure.isHTTPSTarget)
        let asterisk = try #require(try parseRequest("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"))
        #expect(asterisk.targetForm == .asterisk && asterisk.originTarget.isEmpty)
    }

    @Test func pipelinedRequestsReuseOneHead() throws {
        var parser = RequestParser()
        var head = RequestHead()
        let bytes = Array("GET /1 HTTP/1.1\r\nHost: a\r\nVia: x\r\n\r\nHEAD /2 HTTP/1.1\r\nHost: b\r\n\r\n".utf8)
        let first = try parser.parse(bytes.span, into: &head)
        #expect(first.isComplete && head.string(head.path) == "/1" && parser.isIdle)
        let rest = Array(bytes[first.consumed...])
        let second = try parser.parse(rest.span, into: &head)
        #expect(second.isComplete && second.consumed == rest.count)
        #expect(head.method == .head && head.string(head.host) == "b" && !head.block.contains(.via))
    }

    @Test(arguments: [
        ("HTTP/1.1", "", true), ("HTTP/1.0", "", false), ("HTTP/1.1", "Connection: close\r\n", false),
        ("HTTP/1.0", "Connection: keep-alive\r\n", true), ("HTTP/1.1", "Connection: x, Close\r\n", false),
        ("HTTP/1.0", "Connection: keep-alive, close\r\n", false), ("HTTP/1.5", "", true),
    ])
    func persistence(version: String, field: String, keeps: Bool) throws {
        let head = try #require(try parseRequest("GET / \(version)\r\nHost: a\r\n\(field)\r\n"))
        #expect(head.keepsAlive == keeps)
    }

    @Test func knowsHeaderNamesInAnyCase() throws {
        for header in KnownHeader.allCases where header != .other {
            #expect(KnownHeader(name: header.name.uppercased()) == header)
            #expect(KnownHeader(name: header.name.lowercased()) == header)
            #expect(KnownHeader(name: header.name + "x") == .other)
        }
    }
}
