import Columns
import Runtime
import SQL
import Testing

@testable import Streams

@Suite struct OutboundTests {
    @Test func addressesAreTakenApart() {
        let plain = OutboundURL("http://example.com")
        #expect(plain?.host == "example.com" && plain?.port == 80 && plain?.target == "/")
        let full = OutboundURL("HTTPS://Example.com:8443/a/b?c=d#e")
        #expect(full?.isSecure == true && full?.port == 8443 && full?.target == "/a/b?c=d")
        #expect(full?.authority == "Example.com:8443")
        let six = OutboundURL("http://[::1]:9200?x")
        #expect(six?.host == "::1" && six?.port == 9200 && six?.target == "/?x" && six?.authority == "[::1]:9200")
        for text in [
            "", "http://", "http:///x", "example.com", "ftp://x", "http://a b/", "http://x:0/", "http://x:70000/",
            "http://[::1/", "http://::1/", "http://u@x/", "http://x/\n", "http://ü/",
        ] {
            #expect(OutboundURL(text) == nil, "\(text)")
        }
    }

    @Test func pausesGrowToTheirLimit() {
        var pause = RetryPause(first: 1_000, longest: 50_000, random: Random(seed: 3))
        var last: [Int64] = []
        for attempt in 0..<40 {
            let value = pause.next()
            let full = min(50_000, 1_000 << Int64(min(attempt, 20)))
            #expect(value >= full / 2 && value <= full)
            last.append(value)
        }
        #expect(Set(last.suffix(20)).count > 10, "by chance they differ")
        #expect(pause.next(wished: 45_000) >= 45_000)
        #expect(pause.next(wished: 1 << 50) == 50_000)
    }

    @Test func secretsAreMasked() {
        let text = """
            -- it's 'http.header.X' = 'kept'
            CREATE TABLE t (`pass'word` INT) WITH ('a' = 'b''c', 'sasl.password'='x''y', /* ' */ 'http.header.X-Key' = /* z */
              'k', 'http.header.Accept' = 'text/csv');
            INSERT INTO t SELECT 'token', 'visible' FROM u
            """
        let hidden = SecretText.hidden(in: text)
        #expect(hidden.contains("'sasl.password'='******'"))
        #expect(hidden.contains("/* z */\n  '******'"))
        #expect(hidden.contains("'http.header.Accept' = 'text/csv'"))
        #expect(hidden.contains("'a' = 'b''c'"))
        #expect(hidden.contains("SELECT 'token', 'visible' FROM u"))
        #expect(hidden.contains("'http.header.X' = 'kept'"))
    }

    @Test func rowsBecomeText() {
        let batch = Rows.batch(
            [("a", .int64), ("b", .string), ("c", .timestamp), ("d", .int64)],
            [[1, "x,y", 0, 0], [nil, "say \"hi\"", nil, 19_000], [2, "", 1_500_000, nil], [3, nil, nil, nil]])
        let fields = [
            PlanField(name: "a", type: .bigint), PlanField(name: "b,b", type: .varchar),
            PlanField(name: "c", type: .timestamp), PlanField(name: "d", type: .date),
        ]
        func text(_ encoding: RowEncoding) -> String {
            String(decoding: encoding.header(fields) + encoding.encode([batch], fields), as: UTF8.self)
        }
        #expect(
            text(.csv) == """
                a,"b,b",c,d
                1,"x,y",1970-01-01T00:00:00Z,1970-01-01
                ,"say ""hi""\",,2022-01-08
                2,"",1970-01-01T00:00:01.500Z,
                3,,,

                """)
        #expect(text(.json).hasPrefix(#"[{"a":1,"b,b":"x,y","#) && text(.json).hasSuffix("}]"))
        #expect(String(decoding: RowEncoding.json.encode([], fields), as: UTF8.self) == "[]")
    }
}
