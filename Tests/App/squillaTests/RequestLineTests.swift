import Testing

@testable import squilla

@Suite("Request lines")
struct RequestLineTests {
    private func row(_ json: String) throws -> JSONRow { try #require(JSONRow(Array(json.utf8))) }

    private let json = """
        {"@timestamp":"2026-01-31T12:00:01.5Z","http.response.status_code":503,"http.request.method":"GET",\
        "url.domain":"a.example","url.path":"/x\\u001b[31m","url.query":"q=1","cache.status":"miss",\
        "event.duration":1530000,"http.response.bytes":20480,"client.ip":"127.20.1.9","error.code":"origin_timeout"}
        """

    @Test("A request is one line, and what it carries cannot drive the terminal")
    func plain() throws {
        let line = RequestLine(isColored: false).render(try row(json))
        #expect(!line.contains("\u{1B}") && !line.contains("\n"))
        #expect(line.contains(" 503 GET  miss "))
        #expect(line.contains("1.53 ms") && line.contains("20.5 kB") && line.contains("127.20.1.9"))
        #expect(line.hasSuffix("a.example/x\\x1b[31m?q=1 origin_timeout"))
    }

    @Test("Colour adds colour only")
    func colored() throws {
        let colored = RequestLine(isColored: true).render(try row(json))
        #expect(colored.contains("\u{1B}[31m503\u{1B}[0m"))
        var plain = colored
        while let start = plain.firstIndex(of: "\u{1B}"), let end = plain[start...].firstIndex(of: "m") {
            plain.removeSubrange(start...end)
        }
        #expect(plain == RequestLine(isColored: false).render(try row(json)))
    }

    @Test("NULL and missing members leave dashes")
    func empty() throws {
        let line = RequestLine(isColored: false).render(try row("{\"url.path\":null,\"event.duration\":null}"))
        #expect(line.contains("–"))
    }

    @Test("Three digits and a unit")
    func units() {
        #expect(RequestLine.duration("0") == "0 µs")
        #expect(RequestLine.duration("1500") == "1.50 µs")
        #expect(RequestLine.duration("999600") == "1.00 ms")
        #expect(RequestLine.duration("12345678") == "12.3 ms")
        #expect(RequestLine.duration("61000000000") == "61 s")
        #expect(RequestLine.size("999") == "999 B")
        #expect(RequestLine.size("1000") == "1 kB")
        #expect(RequestLine.size("123456789012") == "123 GB")
        #expect(RequestLine.localTime("nonsense") == "nonsense")
    }
}
