import Columns
import Runtime
import SQL
import Synchronization
import Testing

@testable import Streams

@Suite struct WebhookSinkTests {
    private static func job(_ options: String = "") -> String {
        """
        CREATE TABLE hook WITH ('connector' = 'http', 'url' = 'http://hooks.test:8080/in?a=b',
            'http.header.Authorization' = 'Bearer hush'\(options));
        INSERT INTO hook SELECT url.path, http.response.status_code FROM requests
        """
    }

    fileprivate static func value(_ name: String, _ request: OutboundRequest) -> String? {
        request.headers.first { $0.name == name }?.value
    }

    @Test func rowsArriveInBatchesAndInOrder() throws {
        let sender = ScriptedSender { _, _ in ScriptedSender.response(204) }
        let bench = try JobBench(http: sender)
        defer { bench.stop() }
        try bench.append(JobTests.requests(0..<25))
        try bench.jobs.submit(name: "send", text: Self.job(", 'sink.batch.max-rows' = '10'"), allowsFiles: true)
        #expect(bench.wait { bench.jobs.info("send")?.progress.sinks.first?.rows == 25 })
        let requests = sender.requests
        #expect(requests.count == 3)
        #expect(requests.allSatisfy { $0.method == "POST" && $0.url.authority == "hooks.test:8080" })
        #expect(requests.allSatisfy { $0.url.target == "/in?a=b" })
        #expect(requests.allSatisfy { Self.value("Authorization", $0) == "Bearer hush" })
        #expect(requests.allSatisfy { Self.value("Content-Type", $0) == "application/x-ndjson" })
        let lines = requests.flatMap { String(decoding: $0.body, as: UTF8.self).split(separator: "\n") }
        #expect(
            lines.map(String.init)
                == JobTests.requests(0..<25).map {
                    #"{"url.path":"\#($0.1)","http.response.status_code":\#($0.2)}"#
                })
        let keys = requests.map { Self.value("Idempotency-Key", $0) }
        #expect(Set(keys).count == 3)
        #expect(bench.jobs.info("send")?.text.contains("hush") == false)
        #expect(bench.jobs.info("send")?.text.contains("'http.header.Authorization' = '******'") == true)
    }

    @Test func whatIsRefusedIsSentAgainUnderTheSameKey() throws {
        let sender = ScriptedSender { _, number in
            switch number {
            case 0: ScriptedSender.response(503)
            case 1: .failure(OutboundFailure("connection refused"))
            default: ScriptedSender.response(200, "ok")
            }
        }
        let bench = try JobBench(http: sender)
        defer { bench.stop() }
        try bench.append(JobTests.requests(0..<5))
        try bench.jobs.submit(name: "send", text: Self.job(", 'format' = 'json'"), allowsFiles: true)
        #expect(bench.wait { bench.jobs.info("send")?.progress.sinks.first?.rows == 5 })
        let requests = sender.requests
        #expect(requests.count == 3)
        #expect(Set(requests.map { Self.value("Idempotency-Key", $0) }).count == 1)
        #expect(Set(requests.map(\.body)).count == 1)
        #expect(requests[0].body.first == UInt8(ascii: "[") && requests[0].body.last == UInt8(ascii: "]"))
        #expect(bench.jobs.info("send")?.progress.sinks.first?.refusal == nil)
    }

    @Test func aSinkThatRefusesHoldsTheJobBackAndIsNamed() throws {
        let sender = Gate()
        var settings = JobSettings()
        settings.outputBytes = 20_000
        let bench = try JobBench(settings: settings, http: sender)
        defer { bench.stop() }
        try bench.jobs.submit(name: "send", text: Self.job(), allowsFiles: true)
        for block in 0..<40 { try bench.append(JobTests.requests(block * 100..<(block + 1) * 100)) }
        #expect(bench.wait { bench.jobs.info("send")?.progress.sinks.first?.refusal != nil })
        let info = bench.jobs.info("send")
        #expect(info?.phase == "started")
        #expect(info?.progress.sinks.first?.refusal == "hooks.test:8080 answered 503")
        #expect(bench.wait { (bench.jobs.info("send")?.progress.lagRows ?? 0) > 0 }, "it stops reading")
        // A stop doesn't wait for the sink, and loses nothing.
        try bench.jobs.stop("send")
        #expect(bench.wait { bench.jobs.info("send")?.phase == "stopped" })
        sender.isOpen.store(true, ordering: .relaxed)
        try bench.jobs.restart("send")
        #expect(bench.wait { sender.rows.withLock { $0 } >= 4_000 })
        #expect(bench.wait { bench.jobs.info("send")?.progress.lagRows == 0 })
        #expect(sender.rows.withLock { $0 } == 4_000)
    }

    /// Refuses until it is opened; counts rows once a key.
    private final class Gate: HTTPSender {
        let isOpen = Atomic(false)
        let rows = Mutex(0)
        private let keys = Mutex<Set<String>>([])

        func send(
            _ request: OutboundRequest,
            completion: @escaping @Sendable (Result<OutboundResponse, OutboundFailure>) -> Void
        ) {
            guard isOpen.load(ordering: .relaxed) else { return completion(ScriptedSender.response(503)) }
            if keys.withLock({ $0.insert(WebhookSinkTests.value("Idempotency-Key", request) ?? "").inserted }) {
                rows.withLock { $0 += request.body.count { $0 == UInt8(ascii: "\n") } }
            }
            completion(ScriptedSender.response(200))
        }
    }

    @Test func whatCanNeverBeTakenFailsTheJob() throws {
        let sender = ScriptedSender { _, _ in ScriptedSender.response(400) }
        var settings = JobSettings()
        settings.restartBudget = 0
        let bench = try JobBench(settings: settings, http: sender)
        defer { bench.stop() }
        try bench.append(JobTests.requests(0..<5))
        try bench.jobs.submit(name: "send", text: Self.job(), allowsFiles: true)
        #expect(bench.wait { bench.jobs.info("send")?.phase == "failed" })
        #expect(bench.jobs.info("send")?.failure?.contains("hook takes no rows: hooks.test:8080 answered 400") == true)
        #expect(sender.requests.count == 1)
    }

    @Test func hostsThatJobsFromTheNetworkMayReachAreNamed() throws {
        var settings = JobSettings()
        settings.httpHosts = ["other.test"]
        let bench = try JobBench(settings: settings, http: ScriptedSender { _, _ in ScriptedSender.response(200) })
        defer { bench.stop() }
        do {
            try bench.jobs.submit(name: "send", text: Self.job())
            Issue.record("it was accepted")
        } catch {
            #expect("\(error)".contains("can't send requests to hooks.test"))
        }
        try bench.jobs.submit(name: "send", text: Self.job().replacing("hooks.test", with: "other.test"))
    }

    @Test(arguments: [
        ("'connector' = 'http'", "lacks the option 'url'"),
        ("'connector' = 'http', 'url' = 'ftp://x/'", "must be an http or https address"),
        ("'connector' = 'http', 'url' = 'http://u:p@x/'", "without a user"),
        ("'connector' = 'http', 'url' = 'http://x/', 'retries' = '1'", "has no option 'retries'"),
        ("'connector' = 'http', 'url' = 'http://x/', 'format' = 'xml'", "must be json or ndjson, not 'xml'"),
        ("'connector' = 'http', 'url' = 'http://x/', 'http.header.Host' = 'y'", "'Host' is no header that can be set"),
        ("'connector' = 'http', 'url' = 'http://x/', 'http.header.A B' = 'y'", "'A B' is no header"),
        ("'connector' = 'http', 'url' = 'http://x/', 'sink.request-timeout' = '1 ns'", "must be a time from 1 ms"),
        ("'connector' = 'http', 'url' = 'http://x/', 'sink.batch.max-size' = '3'", "must be a size"),
        ("'connector' = 'filesystem'", "lacks the option 'path'"),
        ("'connector' = 'filesystem', 'path' = '-'", "a sink's path is a folder"),
        ("'connector' = 'print', 'standard-error' = 'maybe'", "must be true or false, not 'maybe'"),
    ]) func wrongOptionsAreExplained(options: String, message: String) throws {
        let table = try FileSinkTests.declaration(options)
        do {
            _ = try SinkOptions(table)
            Issue.record("it was accepted: \(options)")
        } catch {
            #expect("\(error)".contains(message), "\(error)")
        }
    }
}
