import Glibc
import Testing

@testable import squilla

@Suite("Access logs")
struct AccessLogTests {
    private func entry(_ line: String) -> ReplayEntry? { ReplayEntry(accessLogLine: Array(line.utf8)) }

    @Test("A line of the combined format")
    func combined() throws {
        let line =
            #"83.149.9.216 - frank [17/May/2015:10:05:03 +0000] "GET /a?b=c HTTP/1.1" 200 203023 "http://x/" "Mozilla \"5\" \x41""#
        let found = try #require(entry(line))
        #expect(found.timestamp == 1_431_857_103_000_000)
        #expect(found.method == "GET" && found.target == "/a?b=c" && found.client == "83.149.9.216")
        #expect(found.referrer == "http://x/" && found.userAgent == "Mozilla \"5\" A")
    }

    @Test("The common format, a target with spaces, a user with spaces")
    func odd() throws {
        let common = try #require(entry(#"::1 - - [10/Oct/2000:13:55:36 -0700] "GET /x HTTP/1.0" 200 -"#))
        #expect(common.userAgent == nil && common.referrer == nil && common.timestamp == 971_211_336_000_000)
        #expect(entry(#"h - a b [10/Oct/2000:13:55:36 -0700] "GET /x y HTTP/1.0" 200 -"#)?.target == "/x y")
    }

    @Test(
        "What is no such line is nil",
        arguments: [
            "", "x", "a b c", #"h - - [no time] "GET / HTTP/1.1" 200 1"#,
            #"h - - [10/Oct/2000:13:55:36 -0700] "-" 408 0"#,
            #"h - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1"#,
            #"h - - [10/Oct/2000:13:55:36 -0700] "\x16\x03" 400 0"#,
            #"h - - [10/Oct/2000:13:55:36 -0700"#,
        ])
    func bad(line: String) {
        #expect(entry(line) == nil)
    }

    @Test("Lines of any length come one by one; bad ones are counted")
    func source() throws {
        let good = #"h - - [10/Oct/2000:13:55:36 -0700] "GET /TARGET HTTP/1.1" 200 1 "-" "-""#
        var text = ""
        for index in 0..<3000 {
            text +=
                good.replacing("TARGET", with: String(repeating: "x", count: index))
                + (index % 2 == 0 ? "\n" : "\r\n\n")
        }
        text += "bad\n" + String(repeating: "y", count: 200_000) + "\n" + good
        let path = "/tmp/squilla-tests-\(UInt64.random(in: 0 ... .max)).log"
        let file = try #require(fopen(path, "w"))
        fputs(text, file)
        fclose(file)
        defer { unlink(path) }
        let source = try AccessLogSource(path: path)
        var lengths: [Int] = []
        while let entry = try source.next() { lengths.append(entry.target.utf8.count - 1) }
        #expect(lengths == Array(0..<3000) + [6])
        #expect(source.badLines == 2)
        #expect(throws: (any Error).self) { try AccessLogSource(path: path + ".none") }
    }
}
