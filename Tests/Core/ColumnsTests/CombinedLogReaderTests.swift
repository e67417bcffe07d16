import Bytes
import Columns
import Testing

@Suite struct CombinedLogReaderTests {
    private func read(_ text: String, piece: Int = .max) -> (Batch?, ReadReport) {
        let bytes = Array(text.utf8)
        var reader = CombinedLogReader()
        var start = 0
        while start < bytes.count {
            let end = piece > bytes.count - start ? bytes.count : start + piece
            reader.feed(bytes.span.extracting(start..<end))
            start = end
        }
        reader.finish()
        let batch = reader.nextBatch()
        return (batch, reader.report)
    }

    private let text = #"""
        83.149.9.216 - - [17/May/2015:10:05:03 +0000] "GET /a/b.png?x=1&y=2 HTTP/1.1" 200 203023 "http://s.com/" "Mozilla/5.0 (\"q\")"
        2001:db8::1 - alice smith [10/Oct/2000:13:55:36 -0700] "POST / HTTP/2.0" 304 -
        host.example.org - - [10/Oct/2000:13:55:36 -0700] "\x16\x03" 400 0 "-" "-"
        nonsense

        1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "GET /with blank HTTP/1.0" 404 12 "-" "curl" "more"
        1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "-" 408 0 "-" "-
        1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "-" 408 0 "-" "-"
        """#

    @Test(arguments: [1, 10, 100_000])
    func linesAreRead(piece: Int) throws {
        let (read, report) = read(text, piece: piece)
        let batch = try #require(read)
        func strings(_ name: String) -> [String?] { (0..<5).map { batch.column(name)?.string($0) } }
        #expect(batch.rowCount == 5 && report.problems.map(\.line) == [4, 7] && report.bytes == text.utf8.count)
        #expect(strings("client.address") == ["83.149.9.216", "2001:db8::1", "host.example.org", "1.2.3.4", "1.2.3.4"])
        #expect(batch.column("client.ip")?.addresses?[1] == IPAddress("2001:db8::1"))
        #expect(batch.column("client.ip")?.isNull(2) == true)
        #expect(strings("user.name") == [nil, "alice smith", nil, nil, nil])
        #expect(batch.column("@timestamp")?.int64s?[0] == 1_431_857_103_000_000)
        #expect(strings("http.request.method") == ["GET", "POST", nil, "GET", nil])
        #expect(strings("url.path") == ["/a/b.png", "/", nil, "/with blank", nil])
        #expect(strings("url.query") == ["x=1&y=2", nil, nil, nil, nil])
        #expect(strings("http.version") == ["1.1", "2.0", nil, "1.0", nil])
        #expect(strings("url.original") == ["/a/b.png?x=1&y=2", "/", "\u{16}\u{3}", "/with blank", nil])
        #expect(batch.column("http.response.status_code")?.int64s == [200, 304, 400, 404, 408])
        #expect(batch.column("http.response.body.bytes")?.isNull(1) == true)
        #expect(strings("http.request.referrer") == ["http://s.com/", nil, nil, nil, nil])
        #expect(strings("user_agent.original") == [#"Mozilla/5.0 ("q")"#, nil, nil, "curl", nil])
    }

    @Test func aDamagedLineNeverTraps() {
        let line = Array(text.utf8.prefix { $0 != 0x0a })
        var reader = CombinedLogReader()
        var count = 0
        for index in line.indices {
            for byte in Array("\"\\[] -x9\n".utf8) {
                var damaged = line + [0x0a]
                damaged[index] = byte
                reader.feed(damaged.span)
                count += byte == 0x0a ? 2 : 1
            }
            let cut = line[..<index] + [0x0a]
            reader.feed(cut.span)
            count += 1
        }
        reader.finish()
        while reader.nextBatch() != nil {}
        let lines = reader.report.lines
        #expect(lines == count)
    }
}
