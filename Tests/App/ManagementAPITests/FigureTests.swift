import Columns
import Edge
import Foundation
import Testing

@Suite struct FigureTests {
    @Test func metricsAreWellFormedAndAddUp() throws {
        let api = try TestManagement()
        defer { api.stop() }
        for number in 0..<7 { #expect(try api.askProxy("/\(number)").status == 421) }
        var text = ""
        // A worker publishes its counters every 200 ms.
        for _ in 0..<200 {
            text = try api.ask("GET", "/metrics").body
            if text.contains("squilla_http_requests_total{class=\"4xx\"} 7\n") { break }
            usleep(50_000)
        }
        #expect(text.contains("squilla_http_requests_total{class=\"4xx\"} 7\n"))
        #expect(text.contains("squilla_http_request_duration_seconds_count 7\n"))
        #expect(text.contains("squilla_cache_limit_bytes 3\n"))
        try check(text)
    }

    /// The text format: each family is described once, before its samples, which stand together and have numbers.
    private func check(_ text: String) throws {
        var described: Set<Substring> = []
        var family: Substring = ""
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 3)
            if line.hasPrefix("#") {
                family = words[2]
                if words[1] == "HELP" { #expect(described.insert(family).inserted, "\(family) is described twice") }
                #expect(words[1] == "HELP" || ["counter", "gauge", "histogram"].contains(words[3]))
                continue
            }
            let name = line.prefix { $0 != "{" && $0 != " " }
            #expect(name == family || ["_bucket", "_sum", "_count"].contains { name == family + $0 }, "\(line)")
            let value = try #require(line.split(separator: " ").last)
            #expect(Double(value) != nil, "\(line)")
        }
        #expect(described.count > 20)
    }

    @Test func originsAreListed() throws {
        let api = try TestManagement(origins: ["127.0.0.1", "127.0.0.2"])
        defer { api.stop() }
        let answer = try api.ask("GET", "/api/v1/origins")
        #expect(answer.body.contains(#""endpoint":"127.0.0.1:9""#))
        #expect(answer.body.contains(#""state":"available""#))
        #expect(!answer.body.contains { $0.isUppercase })
        let metrics = try api.ask("GET", "/metrics").body
        #expect(metrics.contains(#"squilla_endpoint_available{origin="main",endpoint="127.0.0.2:9"} 1"#))
    }

    @Test func statusNamesAreSnakeCase() throws {
        let api = try TestManagement()
        defer { api.stop() }
        let status = try api.ask("GET", "/api/v1/status")
        let cache = #""cache":{"bytes":2,"evictions":4,"limit_bytes":3,"objects":1,"purged":5,"tags":6}"#
        #expect(status.body.contains(cache))
        #expect(!status.body.contains { $0.isUppercase })
    }

    @Test func daysAndTimesOfDayAreText() throws {
        let api = try TestManagement()
        defer { api.stop() }
        let query = #"{"query":"SELECT DATE '2026-01-31' AS d, TIME '12:00:01' AS t"}"#
        #expect(try api.ask("POST", "/api/v1/query", query).body == #"{"d":"2026-01-31","t":"12:00:01"}"# + "\n")
    }

    /// docs/events.md lists the fields of a request's event, all of them and no others, with their types.
    @Test func theDocumentListsEveryField() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../..")
        let text = try String(contentsOf: root.appending(path: "docs/events.md"), encoding: .utf8)
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { row in
            let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            return cells[0].replacing("`", with: "") + " " + cells[1].prefix { $0 != "," }
        }
        #expect(rows.sorted() == RequestEventSchema.schema.fields.map { "\($0.name) \($0.type)" }.sorted())
    }
}
