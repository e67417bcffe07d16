import Codings
import Testing

@testable import Edge

/// Pages and fragments that origins send compressed, and pages that go out so.
@Suite struct CodedPageTests {
    private static let asks = "Surrogate-Control: content=\"ESI/1.0\"\r\nContent-Type: text/html\r\n"

    private static func packed(_ text: String, _ coding: ContentCoding) throws -> [UInt8] {
        let encoder = try ContentEncoder(coding, level: 5)
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        try encoder.encode(bytes.span, into: &out)
        try encoder.finish(into: &out)
        return out
    }

    private static func unpacked(_ response: WireResponse) throws -> String {
        guard let name = response.field("content-encoding") else { return response.text }
        let coding = try #require(ContentCoding.allCases.first { $0.token == name })
        var out: [UInt8] = []
        let decoder = try ContentDecoder(coding, limit: 1 << 26)
        try decoder.decode(response.body.span, into: &out)
        #expect(decoder.isComplete)
        return String(decoding: out, as: UTF8.self)
    }

    private func edge(_ origin: ScriptedOrigin, _ change: @escaping (inout EdgeSettings) -> Void = { _ in }) throws
        -> TestEdge
    {
        try TestEdge(origin: origin.port) {
            $0.esi.isEnabled = true
            change(&$0)
        }
    }

    /// Stored and not, small and large, each coding in and each out.
    @Test(arguments: ContentCoding.allCases, ["max-age=60", "no-store"])
    func codedPagesAndFragments(coding: ContentCoding, control: String) throws {
        for filler in [0, 200_000] {
            // What does not compress below the limit of small bodies.
            let text = String((0..<filler).map { Character(UnicodeScalar(UInt8(33 + $0 &* 7919 % 27))) })
            let page = try Self.packed("1\(text)<esi:include src=\"/f\"/>2", coding)
            let fragment = try Self.packed("F\(text)", coding)
            let fields = "Content-Encoding: \(coding.token)\r\nCache-Control: \(control)\r\n"
            let origin = ScriptedOrigin(bytes: { head in
                head.contains("GET /f ")
                    ? ScriptedOrigin.ok(fragment, fields) : ScriptedOrigin.ok(page, fields + Self.asks)
            })
            let edge = try edge(origin)
            let client = try edge.connect()
            for accept in ["", "gzip", "br", "zstd"] {
                let response = try client.get("/", accept.isEmpty ? "" : "Accept-Encoding: \(accept)\r\n")
                #expect(response.status == 200)
                // A small page whose length was not known yet may be compressed too.
                if filler > 0 { #expect(response.field("content-encoding") == (accept.isEmpty ? nil : accept)) }
                #expect(try Self.unpacked(response) == "1\(text)F\(text)2")
            }
            #expect(origin.requests.count == (control == "no-store" ? 8 : 2))
        }
    }

    @Test func aBombIsRefusedAndExplained() throws {
        let bomb = try Self.packed(String(repeating: "0", count: 8 << 20), .gzip)
        let page = Array("a<esi:include src=\"/bomb\" onerror=\"continue\"/>b".utf8)
        let origin = ScriptedOrigin(bytes: { head in
            if head.contains("GET /page ") { return ScriptedOrigin.ok(page, Self.asks) }
            return ScriptedOrigin.ok(bomb, "Content-Encoding: gzip\r\n" + (head.contains("/bomb ") ? "" : Self.asks))
        })
        let edge = try edge(origin)
        #expect(try edge.get("/page").text == "ab")
        let answer = try edge.get("/bombpage")
        #expect(answer.status == 500 && answer.text.contains("esi_decoded_bytes"))
        let events = edge.events(3)
        let fragment = try #require(events.first { $0["url.path"] == "/bomb" })
        #expect(fragment["error.code"] == "esi_decoded_bytes")
        let event = try #require(events.first { $0["url.path"] == "/bombpage" })
        #expect(event["error.message"]?.contains("esi.max_decoded_ratio") == true)
        // The same within a bound that is large enough.
        let wide = try self.edge(origin) { $0.esi.maximumDecodedRatio = 2_000 }
        #expect(try wide.get("/page").body.count == (8 << 20) + 2)
    }

    /// Other hosts' pages that nobody asked to be read stay as they came.
    @Test func anUnknownCodingPassesWhereNobodyAsked() throws {
        let origin = ScriptedOrigin { _ in
            ScriptedOrigin.ok("<esi:vars>", "Content-Type: text/html\r\nContent-Encoding: deflate\r\n")
        }
        let answer = try edge(origin) { $0.esi.processedHosts = ["*"] }.get("/")
        #expect(answer.status == 200 && answer.text == "<esi:vars>" && answer.field("content-encoding") == "deflate")
    }

    /// A page that ends before its template leaves nothing of it for the next request on the connection.
    @Test func aPageThatEndsEarlyLeavesNothing() throws {
        let origin = ScriptedOrigin { origin, connection in
            while true {
                let head = try origin.request(connection)
                if head.hasPrefix("POST") { _ = try connection.read(1) }
                let filler = String(repeating: "x", count: 2 << 20)
                try connection.send(
                    ScriptedOrigin.ok("<esi:vars>$set_redirect('/there')</esi:vars>\(filler)", Self.asks))
            }
        }
        let edge = try edge(origin)
        let client = try edge.connect()
        for _ in 0..<3 {
            try client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\n\r\nx")
            let answer = try client.response()
            #expect(answer.status == 302 && answer.body.isEmpty)
            #expect(try client.get("/").status == 302)
        }
    }
}
