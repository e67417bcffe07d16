import Foundation
import ManagementAPI
import Runtime
import Testing

/// `/api/v1/subscribe` over real connections.
@Suite struct SubscriptionTests {
    private static let all = "/api/v1/subscribe?q=SELECT+n+FROM+t"
    private static let started = "\"columns\":"

    private static func server(_ limits: SubscriptionLimits = SubscriptionLimits()) throws -> TestManagement {
        let server = try TestManagement(subscriptions: limits)
        try append([0], to: server)
        return server
    }

    private static func append(_ numbers: some Sequence<Int>, to server: TestManagement, pad: Int = 0) throws {
        let padding = String(repeating: "x", count: pad)
        let lines = numbers.map { "{\"n\":\($0),\"path\":\"/p\($0 % 3)\",\"pad\":\"\(padding)\"}\n" }.joined()
        let answer = try server.ask("POST", "/api/v1/topics/t/events", lines)
        #expect(answer.status == 200, "\(answer.body)")
    }

    private static func open(
        _ target: String, on server: TestManagement, fields: String = ""
    ) throws -> OpenAnswer {
        let answer = try server.open(target, fields: fields)
        #expect(answer.read { $0.contains(started) }, "\(answer.text)")
        return answer
    }

    private static func metric(_ name: String, _ server: TestManagement) throws -> Int? {
        let lines = try server.ask("GET", "/metrics").body.split(separator: "\n")
        return lines.first { $0.hasPrefix(name + " ") }.flatMap { Int($0.dropFirst(name.count + 1)) }
    }

    private static func wait(_ condition: () throws -> Bool) rethrows -> Bool {
        let deadline = SystemClock().monotonicNanoseconds() + 20_000_000_000
        while SystemClock().monotonicNanoseconds() < deadline {
            if try condition() { return true }
            usleep(20_000)
        }
        return false
    }

    @Test func rowsComeAsEvents() throws {
        let server = try Self.server()
        defer { server.stop() }
        let answer = try Self.open(Self.all + "&clientId=me&subscriptionId=mine", on: server)
        #expect(answer.text.contains("Content-Type: text/event-stream"))
        #expect(
            answer.text.contains(
                "event: meta\ndata: {\"bytes_per_second\":8388608,\"client_id\":\"me\",\"columns\":[{\"name\":\"n\",\"type\":\"BIGINT\"}]"
            ))
        try Self.append(1...3, to: server)
        #expect(answer.read { $0.contains("data: {\"n\":3}\n\n") })
        #expect(answer.rows == ["{\"n\":1}", "{\"n\":2}", "{\"n\":3}"])
    }

    @Test(arguments: ["&format=ndjson", ""])
    func rowsComeAsLines(parameter: String) throws {
        let server = try Self.server()
        defer { server.stop() }
        let fields = parameter.isEmpty ? "Accept: application/x-ndjson\r\n" : ""
        let answer = try Self.open(Self.all + parameter, on: server, fields: fields)
        #expect(answer.text.contains("Content-Type: application/x-ndjson"))
        #expect(answer.text.contains("{\"$meta\":{"))
        try Self.append(1...2, to: server)
        #expect(answer.read { $0.contains("\n{\"n\":2}\n") })
        #expect(answer.rows == ["{\"n\":1}", "{\"n\":2}"])
    }

    @Test func mantisCriteriaAreUnderstood() throws {
        let server = try Self.server()
        defer { server.stop() }
        let criterion = "select%20e%5B'n'%5D%20from%20t%20where%20path%20==~%20/.*1/"
        let answer = try Self.open("/api/v1/subscribe?criterion=\(criterion)", on: server)
        try Self.append(1...7, to: server)
        #expect(answer.read { $0.contains("{\"n\":7}") })
        #expect(answer.rows == ["{\"n\":1}", "{\"n\":4}", "{\"n\":7}"])
    }

    @Test func oneClientsConnectionsShareTheRows() throws {
        let server = try Self.server()
        defer { server.stop() }
        let pair = try (0..<2).map { _ in try Self.open(Self.all + "&clientId=a", on: server) }
        let other = try Self.open(Self.all + "&clientId=b", on: server)
        let nameless = try Self.open(Self.all, on: server)
        #expect(try Self.metric("squilla_queries_running", server) == 1)
        #expect(try Self.metric("squilla_subscriptions_open", server) == 4)
        for start in stride(from: 1, to: 100, by: 9) { try Self.append(start..<start + 9, to: server) }
        for answer in [other, nameless] {
            #expect(answer.read { $0.contains("{\"n\":99}") })
            #expect(answer.rows.count == 99)
        }
        #expect(
            Self.wait {
                _ = pair.map { $0.read(seconds: 0) { _ in false } }
                for answer in pair { _ = answer.read(seconds: 1) { _ in answer.rows.count >= 49 } }
                return pair[0].rows.count + pair[1].rows.count >= 99
            })
        #expect(abs(pair[0].rows.count - pair[1].rows.count) <= 1)
        #expect(Set(pair[0].rows + pair[1].rows).count == 99)
    }

    @Test func theQueryEndsWithItsLastSubscriber() throws {
        let server = try Self.server()
        defer { server.stop() }
        do {
            let answers = try (0..<3).map { _ in try Self.open(Self.all, on: server) }
            #expect(try Self.metric("squilla_queries_running", server) == 1)
            #expect(answers.count == 3)
        }
        #expect(try Self.wait { try Self.metric("squilla_queries_running", server) == 0 })
        #expect(try Self.metric("squilla_subscriptions_open", server) == 0)
        // And a new one begins anew.
        let answer = try Self.open(Self.all, on: server)
        try Self.append([5], to: server)
        #expect(answer.read { $0.contains("{\"n\":5}") })
    }

    @Test func capsDropAndTell() throws {
        let server = try Self.server()
        defer { server.stop() }
        let few = try Self.open(Self.all + "&eventsPerSecond=5", on: server)
        let small = try Self.open(Self.all + "&bytesPerSecond=1024", on: server)
        let all = try Self.open(Self.all, on: server)
        try Self.append(1...1000, to: server)
        #expect(all.read { $0.contains("{\"n\":1000}") })
        #expect(few.read { $0.contains("\"caps_reached\":[\"events_per_second\"]") })
        #expect(small.read { $0.contains("\"caps_reached\":[\"bytes_per_second\"]") })
        // A batch may fall into two seconds.
        #expect((1...10).contains(few.rows.count))
        #expect(small.rows.count > 10 && small.rows.count < 300)
        #expect(few.text.contains("\"over_events_per_second_rows\":\(1000 - few.rows.count)"))
    }

    @Test func samplesAndLateRowsAreTold() throws {
        let server = try Self.server()
        defer { server.stop() }
        let answer = try Self.open(Self.all + "+SAMPLE+STICKY(path)+1", on: server)
        try Self.append(1...30, to: server)
        #expect(answer.read { $0.contains("\"sampled_out_rows\":30") })
    }

    @Test func whoNeverReadsHoldsNobodyUp() throws {
        let server = try Self.server()
        defer { server.stop() }
        let text = "/api/v1/subscribe?q=SELECT+n,pad+FROM+t&eventsPerSecond=1000000&bytesPerSecond=268435456"
        let deaf = try server.open(text)
        let reader = try Self.open(text, on: server)
        let rounds = 40
        for round in 0..<rounds {
            try Self.append(round * 100 + 1...round * 100 + 100, to: server, pad: 2000)
            let last = "{\"n\":\(round * 100 + 100),"
            #expect(reader.read { $0.hasSuffix("\n\n") && $0.contains(last) })
        }
        #expect(reader.rows.count == rounds * 100)
        // 8 MB were offered: more than the kernel's buffers and what may wait take.
        #expect(try Self.wait { try Self.metric("squilla_subscription_lost_rows_total", server) ?? 0 > 0 })
        // Once it reads, it hears what it has lost, and rows again.
        #expect(deaf.read { $0.contains("\"unread_rows\":") && !$0.hasSuffix("\"unread_rows\":0") })
        try Self.append([999_999], to: server)
        #expect(deaf.read { $0.contains("{\"n\":999999,") })
    }

    @Test func tooManyAreRefused() throws {
        var limits = SubscriptionLimits()
        limits.maximumCount = 2
        let server = try Self.server(limits)
        defer { server.stop() }
        var open = try (0..<2).map { _ in try Self.open(Self.all, on: server) }
        let refused = try server.ask("GET", Self.all)
        #expect(refused.status == 429)
        #expect(refused.head.contains("Retry-After"))
        #expect(refused.body.contains("\"code\":\"too_many_subscriptions\""))
        open.removeLast()
        #expect(try Self.wait { try Self.metric("squilla_subscriptions_open", server) == 1 })
        open.append(try Self.open(Self.all, on: server))
    }

    @Test(arguments: [
        ("", 400, "q is missing"), ("?q=SELECT+1&criterion=select+*", 400, "exclude each other"),
        ("?q=SELEC+n", 400, "\"column\":1"), ("?q=SELECT+m+FROM+t", 400, "there is no column m"),
        ("?criterion=select+m+from+t", 400, "\"column\":8"), ("?q=SELECT+n+FROM+t&format=xml", 400, "sse or ndjson"),
        ("?q=SELECT+n+FROM+t&eventsPerSecond=0", 400, "eventsPerSecond: expected a number from 1"),
        ("?q=SELECT+n+FROM+t&bytesPerSecond=10000000000", 400, "bytesPerSecond"),
        ("?q=SELECT+n+FROM+t&cliendId=x", 400, "unknown parameter"), ("?q=SELECT+n+FROM+t&clientId=", 400, "clientId"),
        ("?q=SELECT+n+FROM+t+ORDER+BY+n", 400, "a live query has no last one"),
    ])
    func whatIsWrongIsSaid(query: String, status: Int, message: String) throws {
        let server = try Self.server()
        defer { server.stop() }
        let answer = try server.ask("GET", "/api/v1/subscribe" + query)
        #expect(answer.status == status)
        #expect(answer.body.contains(message), "\(answer.body)")
        #expect(try Self.metric("squilla_subscriptions_open", server) == 0)
    }

    @Test func aNameMeansOneQuery() throws {
        let server = try Self.server()
        defer { server.stop() }
        let named = "&clientId=a&subscriptionId=s"
        let first = try Self.open(Self.all + named, on: server)
        let other = try server.ask("GET", "/api/v1/subscribe?q=SELECT+path+FROM+t" + named)
        #expect(other.status == 409)
        #expect(other.body.contains("subscription_in_use"))
        #expect(first.text.contains("\"subscription_id\":\"s\""))
    }

    @Test func aLimitEndsTheStreamAndIsNotShared() throws {
        let server = try Self.server()
        defer { server.stop() }
        let answers = try (0..<2).map { _ in try Self.open(Self.all + "+LIMIT+3", on: server) }
        #expect(try Self.metric("squilla_queries_running", server) == 2)
        try Self.append(1...10, to: server)
        for answer in answers {
            #expect(answer.read { $0.contains("event: done") })
            #expect(answer.rows.count == 3)
        }
        #expect(try Self.wait { try Self.metric("squilla_subscriptions_open", server) == 0 })
    }

    @Test func aStopEndsThemAndTakesNoMore() throws {
        let server = try Self.server()
        defer { server.stop() }
        let answers = try (0..<3).map { _ in try Self.open(Self.all, on: server) }
        server.management.endSubscriptions()
        for answer in answers { #expect(answer.read { $0.contains("the server is shutting down") }) }
        #expect(try Self.wait { try Self.metric("squilla_queries_running", server) == 0 })
        #expect(try server.ask("GET", Self.all).status == 503)
    }

    @Test func aThousandSubscribersAreOneQuery() throws {
        let server = try Self.server()
        defer { server.stop() }
        let count = 1000
        let answers = try (0..<count).map { _ in try server.open(Self.all) }
        for answer in answers { #expect(answer.read { $0.contains(Self.started) }) }
        #expect(try Self.metric("squilla_queries_running", server) == 1)
        #expect(try Self.metric("squilla_subscriptions_open", server) == count)
        try Self.append(1...20, to: server)
        for answer in answers {
            #expect(answer.read { $0.contains("{\"n\":20}") })
            #expect(answer.rows.count == 20)
        }
    }
}
