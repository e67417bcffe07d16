import Columns
import EventLog
import Testing

@Suite struct TopicRouteTests {
    @Test func eventsComeBackAsTheyWent() throws {
        let api = try TestManagement()
        defer { api.stop() }
        let events = "/api/v1/topics/t/events"
        let first = try api.ask("POST", events + "?durability=commit", #"{"@timestamp":"2026-01-01T00:00:00Z","a":1}"#)
        #expect(first.status == 200)
        #expect(first.body == #"{"count":1,"first_offset":0,"last_offset":0,"partition":0,"topic":"t"}"# + "\n")
        let lines = (0..<30_000).map { #"{"@timestamp":"2026-01-01T00:00:01Z","a":\#($0)}"# + "\n" }.joined()
        #expect(try api.ask("POST", events + "?durability=commit", lines).status == 200)
        // More than a client may leave unread.
        let all = try api.ask("GET", events + "?from=1&limit=1000000")
        #expect(all.status == 200)
        #expect(all.body == lines)
        #expect(try api.ask("GET", events + "?limit=2").body.split(separator: "\n").count == 2)
    }

    @Test func whatDoesNotFitIsKeptBesideWhatTheClientKept() throws {
        let api = try TestManagement()
        defer { api.stop() }
        let events = "/api/v1/topics/t/events"
        let time = #""@timestamp":"2026-01-01T00:00:00Z""#
        for event in [
            #"{\#(time),"a":1}"#, #"{\#(time),"a":"x","_unfit":{"b":2}}"#, #"{\#(time),"_unfit":"mine"}"#,
            #"{\#(time),"a":1e400,"_unfit":null}"#,
        ] {
            let answer = try api.ask("POST", events + "?durability=commit", event)
            #expect(answer.body.contains(#""count":1"#), "\(event): \(answer.body)")
        }
        let kept = try api.ask("GET", events).body.split(separator: "\n").map {
            String($0[($0.firstRange(of: #""_unfit":"#)?.upperBound ?? $0.startIndex)...])
        }
        #expect(kept == ["null}", #"{"a":"x","b":2}}"#, #"{"_unfit":"mine"}}"#, #"{"a":1e400}}"#])
    }

    @Test func fractionsCountWhateverElseComesWithThem() throws {
        let api = try TestManagement()
        defer { api.stop() }
        let events = "/api/v1/topics/t/events"
        for event in [#"{"p":1}"#, "{\"p\":\"x\"}\n{\"p\":20.5}\n{\"p\":3}"] {
            #expect(try api.ask("POST", events + "?durability=commit", event).status == 200)
        }
        let schema = try #require(api.log.topic("t")).schema
        #expect(schema.index(of: "p").map { schema.fields[$0].type } == .float64)
        let kept = try api.ask("GET", events).body
        #expect(kept.contains(#""_unfit":{"p":"x"}"#) && kept.contains(#""p":20.5"#) && !kept.contains(#"{"p":20.5}"#))
    }

    @Test func integersThatNoDoubleHoldsAreKeptBesideDoubles() throws {
        let api = try TestManagement()
        defer { api.stop() }
        let events = "/api/v1/topics/t/events"
        for event in [#"{"p":1}"#, #"{"p":2.5}"#, #"{"p":9007199254740993}"#, #"{"p":9007199254740994}"#] {
            #expect(try api.ask("POST", events + "?durability=commit", event).status == 200)
        }
        let kept = try api.ask("GET", events).body
        #expect(kept.contains(#""_unfit":{"p":9007199254740993}"#) && !kept.contains(#"{"p":9007199254740994}"#))
    }

    @Test func aTopicWithoutColumnsIsAsGoodAsNew() throws {
        let api = try TestManagement()
        defer { api.stop() }
        try api.log.createTopic("t", schema: Schema([]))
        #expect(try api.ask("POST", "/api/v1/topics/t/events?durability=commit", #"{"p":1}"#).status == 200)
        let topic = try #require(api.log.topic("t"))
        #expect(topic.schema.fields == [Field("@timestamp", .timestamp), Field("p", .int64)])
    }

    @Test func namesWithoutEndDoNotGrowTheSchemaWithoutEnd() throws {
        let api = try TestManagement()
        defer { api.stop() }
        let long = String(repeating: "n", count: 300)
        for request in 0..<3 {
            let members = (0..<900).map { #""r\#(request)_\#($0)":\#($0)"# }.joined(separator: ",")
            let event = #"{\#(members),"\#(long)":1}"#
            #expect(try api.ask("POST", "/api/v1/topics/t/events?durability=commit", event).status == 200)
        }
        let columns = try #require(api.log.topic("t")).schema.fields.map(\.name)
        #expect(columns.count == 1500 && columns.contains("_unfit") && !columns.contains(long))
        let last = try api.ask("GET", "/api/v1/topics/t/events?from=2").body
        #expect(last.contains(#""r2_899":899,"\#(long)":1}"#))
    }

    @Test func textThatIsNoUTF8IsKept() throws {
        let api = try TestManagement()
        defer { api.stop() }
        let event = Array("{\"a\":\"x".utf8) + [0xFF] + Array("\"}".utf8)
        #expect(try api.ask("POST", "/api/v1/topics/t/events?durability=commit", bytes: event).status == 200)
        #expect(try api.ask("GET", "/api/v1/topics/t/events").body.contains("\"a\":\"x\u{FFFD}\""))
    }

    @Test func aRefusedAppendMakesNoTopic() throws {
        let api = try TestManagement()
        defer { api.stop() }
        for (target, body, code, status) in [
            ("t/events?partition=5", "{}", "unknown_partition", 404),
            ("t/events", "[]", "bad_request", 400),
            ("t/events", "", "bad_request", 400),
            ("..%2f/events", "{}", "invalid_name", 400),
            (String(repeating: "x", count: 300) + "/events", "{}", "invalid_name", 400),
            ("a/b/events", "{}", "not_found", 404),
            ("/events", "{}", "not_found", 404),
            ("t/events?durability=always", "{}", "bad_request", 400),
        ] {
            let answer = try api.ask("POST", "/api/v1/topics/" + target, body)
            #expect(answer.status == status, "\(target)")
            #expect(answer.body.hasPrefix(#"{"error":{"code":"\#(code)""#), "\(target): \(answer.body)")
        }
        #expect(try api.ask("GET", "/api/v1/topics").body == "[]\n")
    }

    @Test func positionsAreWholeNumbers() throws {
        let api = try TestManagement()
        defer { api.stop() }
        #expect(try api.ask("POST", "/api/v1/topics/t/events?durability=commit", "{}").status == 200)
        let position = "/api/v1/topics/t/consumers/c"
        #expect(try api.ask("GET", position).status == 404)
        for bad in ["", "7", #"{"offset":-5}"#, #"{"offset":1.5}"#, #"{"offset":"1"}"#, #"{"offset":1,"x":2}"#, "{}"] {
            #expect(try api.ask("PUT", position, bad).status == 400, "\(bad)")
        }
        #expect(try api.ask("PUT", position, #"{"offset": 1}"#).status == 200)
        #expect(try api.ask("GET", position).body == #"{"offset":1}"# + "\n")
    }
}
