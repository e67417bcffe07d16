import Bytes
import Codings
import Glibc
import HTTPCache
import Testing
import Upstream

@testable import Edge

/// Compressed answers on the wire.
@Suite struct CompressionTests {
    private func decoded(_ response: WireResponse) throws -> String {
        guard let name = response.field("content-encoding") else { return response.text }
        let coding = try #require(ContentCoding.allCases.first { $0.token == name })
        let decoder = try ContentDecoder(coding, limit: 64 << 20)
        var out: [UInt8] = []
        try decoder.decode(response.body.span, into: &out)
        #expect(decoder.isComplete)
        return String(decoding: out, as: UTF8.self)
    }

    private static func page(_ bytes: Int) -> String {
        var text = ""
        var number = 0
        while text.utf8.count < bytes {
            text += "<li>item \(number &* 7919 % 1000)</li>\n"
            number += 1
        }
        return text
    }

    @Test(arguments: [600, 30_000, 200_000, 3_000_000])
    func allCodingsOfOneObject(size: Int) throws {
        let page = Self.page(size)
        let origin = ScriptedOrigin { _ in
            ScriptedOrigin.ok(page, "Content-Type: text/html\r\nCache-Control: max-age=60\r\nETag: \"a\"\r\n")
        }
        let edge = try TestEdge(origin: origin.port)
        // The first is compressed while it is fetched.
        for accept in ["gzip", "br", "zstd", "identity", "gzip", "br, gzip", "zstd", "deflate"] {
            let answer = try edge.get("/", "Accept-Encoding: \(accept)\r\n")
            #expect(try decoded(answer) == page)
            #expect(answer.field("vary") == "Accept-Encoding")
            let isPlain = accept == "identity" || accept == "deflate"
            let coding = isPlain ? nil : accept.split(separator: ",").first.map(String.init)
            #expect(answer.field("content-encoding") == coding)
            #expect(answer.field("etag") == (coding.map { "\"a-\($0)\"" } ?? "\"a\""))
            if !isPlain, size > 600 { #expect(answer.body.count < page.utf8.count / 2) }
        }
        #expect(origin.requests.count == 1)
        let again = try edge.get("/", "Accept-Encoding: br\r\nIf-None-Match: \"a-br\"\r\n")
        #expect(again.status == 304)
        let head = try edge.connect()
        try head.send("HEAD / HTTP/1.1\r\nHost: test\r\nAccept-Encoding: br\r\n\r\n")
        let answer = try head.response(isHead: true)
        #expect(answer.field("content-encoding") == "br")
        #expect(answer.field("content-length").flatMap { Int($0) } ?? 0 > 0)
        let range = try edge.get("/", "Accept-Encoding: br\r\nRange: bytes=4-7\r\n")
        #expect(range.status == 206)
        #expect(range.text == "item")
    }

    /// What trickles in goes out compressed as it comes.
    @Test func aSlowBodyIsNotHeldBack() throws {
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            try connection.send(
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nCache-Control: max-age=60\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
            _ = try? connection.readHead()
        }
        let edge = try TestEdge(origin: origin.port)
        let client = try edge.connect()
        try client.send("GET / HTTP/1.1\r\nHost: test\r\nAccept-Encoding: gzip\r\n\r\n")
        let head = WireResponse(head: try client.readHead())
        #expect(head.field("content-encoding") == "gzip")
        // A chunk's size line, then the header of gzip.
        let first = try client.read(4)
        #expect(first.contains(0x0D) || first.contains(0x0A) || first.contains(0x1F))
        client.close()
        origin.stop()
    }

    /// The origin breaks off: so does the compressed answer, and nothing of it is kept.
    @Test func aTornBodyIsTorn() throws {
        let page = Self.page(100_000)
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nCache-Control: max-age=60\r\n"
            try connection.send(head + "Content-Length: \(page.utf8.count)\r\n\r\n\(page.prefix(50_000))")
        }
        let edge = try TestEdge(origin: origin.port)
        #expect(throws: (any Error).self) { try edge.get("/", "Accept-Encoding: gzip\r\n") }
        #expect(edge.server.cache.counters.encodedObjects == 0)
        #expect(edge.server.cache.counters.objects == 0)
    }

    /// Past the number of jobs, clients get the original.
    @Test func tooManyJobsMakeNoQueue() throws {
        let page = Self.page(20_000)
        let origin = ScriptedOrigin { _ in
            ScriptedOrigin.ok(page, "Content-Type: text/html\r\nCache-Control: max-age=60\r\n")
        }
        let edge = try TestEdge(origin: origin.port) { $0.maximumEncodeJobs = 0 }
        let answer = try edge.get("/", "Accept-Encoding: gzip\r\n")
        #expect(answer.field("content-encoding") == nil)
        #expect(answer.text == page)
    }

    @Test(arguments: [("gzip", 600), ("br", 20_000), ("zstd", 3_000_000), ("gzip;q=0.5, br;q=0.1", 20_000)])
    func whatIsNotStoredIsCompressedOnItsWay(accept: String, size: Int) throws {
        let page = Self.page(size)
        let origin = ScriptedOrigin { head in
            head.contains("If-None-Match: \"p\"")
                ? "HTTP/1.1 304 Not Modified\r\nETag: \"p\"\r\n\r\n"
                : ScriptedOrigin.ok(
                    page, "Content-Type: text/html\r\nCache-Control: private\r\nETag: \"p\"\r\nDigest: x=y\r\n")
        }
        let edge = try TestEdge(origin: origin.port)
        let client = try edge.connect()
        for _ in 0..<3 {
            let answer = try client.get("/", "Accept-Encoding: \(accept)\r\n")
            let coding = String(accept.prefix { $0 != ";" })
            #expect(answer.field("content-encoding") == coding)
            #expect(answer.field("vary") == "Accept-Encoding")
            #expect(answer.field("etag") == "\"p-\(coding)\"")
            #expect(answer.field("digest") == nil)
            #expect(try decoded(answer) == page)
        }
        let plain = try client.get("/")
        #expect(plain.field("content-encoding") == nil && plain.field("etag") == "\"p\"" && plain.text == page)
        #expect(plain.field("vary") == "Accept-Encoding")
        // The origin knows its own tag, the client that of the form which it has.
        let again = try client.get("/", "Accept-Encoding: \(accept)\r\nIf-None-Match: \"p-gzip\"\r\n")
        #expect(again.status == 304 && again.field("etag") == "\"p-gzip\"")
        #expect(edge.server.cache.counters.encodedObjects == 0)
    }

    @Test func whatIsNotStoredMayBeLeftAsItCame() throws {
        let page = Self.page(20_000)
        let origin = ScriptedOrigin { _ in
            ScriptedOrigin.ok(page, "Content-Type: text/html\r\nCache-Control: private\r\n")
        }
        for change in [{ $0.cache.compression.encodesPassed = false }, { $0.maximumLiveEncoders = 0 }]
            as [(inout EdgeSettings) -> Void]
        {
            let answer = try TestEdge(origin: origin.port, change).get("/", "Accept-Encoding: gzip\r\n")
            #expect(answer.field("content-encoding") == nil)
            #expect(answer.text == page)
        }
    }

    @Test(arguments: [
        ("Content-Type: text/event-stream", ""), ("Content-Type: image/png", ""),
        ("Content-Type: text/html", "Cache-Control: no-transform\r\n"),
        ("Content-Type: text/html\r\nContent-Encoding: br", ""),
    ])
    func whatMustStayAsItIs(fields: String, request: String) throws {
        let page = Self.page(2_000)
        let origin = ScriptedOrigin { _ in ScriptedOrigin.ok(page, "\(fields)\r\nCache-Control: no-store\r\n") }
        let answer = try TestEdge(origin: origin.port).get("/", "Accept-Encoding: gzip\r\n\(request)")
        #expect(answer.field("content-encoding") == (fields.contains("Encoding") ? "br" : nil))
        #expect(answer.text == page)
    }

    /// A trickle that is not stored reaches the client piece by piece.
    @Test func aPassedTrickleIsNotHeldBack() throws {
        let origin = ScriptedOrigin { origin, connection in
            _ = try origin.request(connection)
            try connection.send(
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
            _ = try? connection.readHead()
        }
        let edge = try TestEdge(origin: origin.port)
        let client = try edge.connect()
        try client.send("GET / HTTP/1.1\r\nHost: test\r\nAccept-Encoding: gzip\r\n\r\n")
        #expect(WireResponse(head: try client.readHead()).field("content-encoding") == "gzip")
        let decoder = try ContentDecoder(.gzip, limit: 100)
        var text: [UInt8] = []
        while text.count < 5 {
            var line: [UInt8] = []
            while line.last != 0x0A { line += try client.read(1) }
            let size = try #require(Int(String(decoding: line.dropLast(2), as: UTF8.self), radix: 16))
            let chunk = try client.read(size + 2).dropLast(2)
            try decoder.decode(chunk.span, into: &text)
        }
        #expect(String(decoding: text, as: UTF8.self) == "hello")
        client.close()
        origin.stop()
    }
}
