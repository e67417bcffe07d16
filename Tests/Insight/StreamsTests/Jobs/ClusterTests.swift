import Columns
import EventLog
import Runtime
import SQL
import Testing

@testable import Streams

@Suite struct ClusterScheduleTests {
    private static func header(_ change: (inout JobHeader) throws -> Void) rethrows -> JobHeader {
        var header = JobHeader()
        try change(&header)
        return header
    }

    private static func instance(_ number: Int, _ phase: String = "active") -> ClusterSchedule.Instance {
        .init(
            number: number, isActive: phase == "active", isEnded: phase != "active" && phase != "stopping",
            hasFailed: phase == "failed")
    }

    @Test func soManyRunAtLeast() {
        let header = Self.header { $0.minimum = 2 }
        var schedule = ClusterSchedule()
        var actions = schedule.tick(header, isEnabled: true, [], now: 0)
        #expect(actions == [.launch, .launch])
        actions = schedule.tick(header, isEnabled: true, [Self.instance(1), Self.instance(2)], now: 1)
        #expect(actions.isEmpty)
        let failed = [Self.instance(1, "failed"), Self.instance(2)]
        actions = schedule.tick(header, isEnabled: true, failed, now: 5_000_000)
        #expect(actions.isEmpty, "it does not spin")
        actions = schedule.tick(header, isEnabled: true, failed, now: 10_000_000)
        #expect(actions == [.launch])
        actions = schedule.tick(header, isEnabled: false, [], now: 99_000_000)
        #expect(actions.isEmpty, "it is not enabled")
    }

    @Test func soManyRunAtMost() {
        let header = Self.header { $0.maximum = 1 }
        var schedule = ClusterSchedule()
        let actions = schedule.tick(
            header, isEnabled: true, [Self.instance(3), Self.instance(1), Self.instance(2, "stopping")], now: 0)
        #expect(actions == [.stop(1)], "the oldest goes")
    }

    @Test func theScheduleLaunches() throws {
        let minute: Int64 = 60_000_000
        var header = try Self.header { $0.cron = try CronSchedule("*/5 * * * *") }
        var schedule = ClusterSchedule()
        schedule.arm(header, now: 1)
        #expect(schedule.nextFire == 5 * minute)
        var actions = schedule.tick(header, isEnabled: true, [], now: 5 * minute - 1)
        #expect(actions.isEmpty)
        actions = schedule.tick(header, isEnabled: true, [], now: 5 * minute)
        #expect(actions == [.launch] && schedule.nextFire == 10 * minute)
        actions = schedule.tick(header, isEnabled: true, [Self.instance(1)], now: 10 * minute)
        #expect(actions == [.skipped])
        header.cronPolicy = .keepNew
        actions = schedule.tick(header, isEnabled: true, [Self.instance(1)], now: 61 * minute)
        #expect(actions == [.stop(1), .launch], "once, however many were missed")
        #expect(schedule.nextFire == 65 * minute)
    }

    @Test func whatEndedLongAgoIsForgotten() {
        var schedule = ClusterSchedule()
        let instances = (1...13).map { Self.instance($0, $0 == 13 ? "active" : "completed") }
        let actions = schedule.tick(JobHeader(), isEnabled: false, instances, now: 0)
        #expect(actions == [.forget(1), .forget(2)])
    }
}

@Suite struct JobParametersTests {
    @Test(arguments: [
        ("SELECT ${n} FROM t", ["n": "5"], "SELECT 5 FROM t"),
        ("SELECT '${n}' FROM t", ["n": "it's"], "SELECT 'it''s' FROM t"),
        ("SELECT `${n}` FROM t", ["n": "a`b"], "SELECT `a``b` FROM t"),
        (
            "SET 'job.parameter.n' = '7'; SELECT ${n}, -- ${n}\n ${n}", [:],
            "SET 'job.parameter.n' = '7'; SELECT 7, -- ${n}\n 7"
        ),
        ("SET 'job.parameter.n' = '7'; SELECT ${n}", ["n": "-8"], "SET 'job.parameter.n' = '7'; SELECT -8"),
        ("SELECT a-${n} FROM t", ["n": "-8"], "SELECT a- -8 FROM t"),
        ("SELECT ${n}${n} FROM t", ["n": "-8"], "SELECT -8-8 FROM t"),
        ("SELECT '$', ${a.b} FROM ${t}", ["a.b": "1.5", "t": "x.y"], "SELECT '$', 1.5 FROM x.y"),
    ]) func areFilledIn(text: String, given: [String: String], expected: String) throws {
        #expect(try JobParameters.filled(text, given) == expected)
    }

    /// Each of the beginnings was read to the end of the text once: a text as long as jobs may be took minutes.
    @Test(.timeLimit(.minutes(1))) func whatBeginsOftenAndNeverEndsIsRead() throws {
        let text = String(repeating: "${", count: 200_000)
        #expect(SQLTokens(text).names.isEmpty)
        #expect(try JobParameters.filled(text + "}", [:]) == text + "}")
        let longest = String(repeating: "n", count: JobParameters.maximumNameBytes)
        #expect(SQLTokens("${\(longest)}").names == [longest])
        #expect(SQLTokens("${\(longest)n}").names.isEmpty)
    }

    @Test(arguments: [
        ("SELECT ${n}", [:], "${n} has no value"),
        ("SELECT ${n}", ["n": "1; DROP TABLE x"], "can't stand outside of quotes"),
        ("SELECT ${n}", ["n": "1--"], "can't stand outside of quotes"),
        ("SELECT ${n}", ["n": ""], "can't stand outside of quotes"),
        ("SELECT ${n}", ["n": "'x'"], "can't stand outside of quotes"),
        ("SELECT 1", ["n": "1"], "no parameter 'n'"),
    ]) func wrongOnesAreExplained(text: String, given: [String: String], message: String) {
        do {
            _ = try JobParameters.filled(text, given)
            Issue.record("accepted: \(text)")
        } catch {
            #expect("\(error)".contains(message), "\(error)")
        }
    }

    @Test(arguments: [
        ("SET 'job.sla.min' = '-1'", "a whole number from 0 to 100, not '-1'"),
        ("SET 'job.sla.min' = '3'; SET 'job.sla.max' = '2'", "job.sla.max is 2, and job.sla.min 3"),
        ("SET 'job.cron' = 'often'", "has 1 fields"),
        ("SET 'job.cron' = '@daily'; SET 'job.sla.min' = '1'", "either keeps"),
        ("SET 'job.cron.policy' = 'x'", "keep_existing or keep_new"),
        ("SET 'job.time-zone' = 'Mars/Olympus'", "a time zone as Europe/Rome"),
        ("SET 'job.subscription-timeout' = 'soon'", "a time as 60 s"),
        ("SET 'job.colour' = 'red'", "no setting 'job.colour'"),
        ("SET 'job.parameter.a b' = 'x'", "no name of a parameter"),
    ]) func wrongHeadersAreExplained(text: String, message: String) {
        do {
            _ = try JobHeader(of: text)
            Issue.record("accepted: \(text)")
        } catch {
            #expect("\(error)".contains(message), "\(error)")
        }
    }
}

@Suite struct ClusterServiceTests {
    private static let text = """
        SET 'job.owner' = 'ann';
        SET 'job.label.team' = 'edge';
        SET 'job.parameter.status' = '500';
        INSERT INTO bad SELECT url.path AS path FROM requests WHERE http.response.status_code >= ${status}
        """

    private static func clusters(_ bench: JobBench) throws -> ClusterService {
        try ClusterService(jobs: bench.jobs, folder: "clusters", storage: bench.storage)
    }

    @Test func jobsAreLaunchedWithParameters() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        let clusters = try Self.clusters(bench)
        let info = try clusters.submit(name: "bad", text: Self.text)
        #expect(info.version == 1 && info.owner == "ann" && info.labels == ["team": "edge"])
        #expect(info.parameters == ["status": "500"] && info.jobs.isEmpty)
        #expect(try clusters.launch("bad") == "bad-1")
        #expect(try clusters.launch("bad", parameters: ["status": "200"]) == "bad-2")
        try bench.append(JobTests.requests(0..<70))
        #expect(bench.wait { bench.jobs.info("bad-1")?.progress.rowsOut == 10 })
        #expect(bench.wait { bench.jobs.info("bad-2")?.progress.rowsOut == 70 })
        #expect(bench.jobs.info("bad-1")?.owner == "ann" && bench.jobs.info("bad-1")?.labels == ["team": "edge"])
        #expect(try clusters.known("bad").jobs == ["bad-1", "bad-2"])
        #expect(throws: SQLError.self) { try clusters.submit(name: "bad", text: Self.text) }
        let sorted = #expect(throws: SQLError.self) {
            try clusters.submit(name: "sorted", text: Self.text + " ORDER BY path")
        }
        #expect(sorted?.code == .unsupported)
        // What is missing may be there when a job is launched.
        try clusters.submit(name: "later", text: Self.text.replacing("FROM requests", with: "FROM later"))
        #expect(throws: SQLError.self) { try clusters.submit(name: "bad-1", text: Self.text) }
        #expect(throws: SQLError.self) { try clusters.launch("bad", parameters: ["nope": "1"]) }
        #expect(throws: SQLError.self) { try clusters.remove("bad") }
        #expect(try clusters.submit(name: "bad", text: Self.text + "\n", replaces: true).versions == [1, 2])
    }

    @Test func aClusterSurvivesARestart() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        let first = try Self.clusters(bench)
        try first.submit(name: "bad", text: "SET 'job.sla.min' = '1';" + Self.text)
        try first.submit(name: "bad", text: "SET 'job.sla.min' = '1'; " + Self.text, replaces: true)
        try first.setEnabled("bad", false)
        first.tick()
        #expect(bench.jobs.all.isEmpty)
        try first.setEnabled("bad", true)
        first.tick()
        #expect(bench.jobs.all.map(\.name) == ["bad-1"])
        try bench.crash()
        let second = try Self.clusters(bench)
        defer { second.stop() }
        #expect(second.start().isEmpty)
        let info = try second.known("bad")
        #expect(info.version == 2 && info.versions == [1, 2] && info.isEnabled && info.minimum == 1)
        #expect(bench.wait { bench.jobs.info("bad-1")?.phase == "started" })
        second.tick()
        #expect(bench.jobs.all.map(\.name) == ["bad-1"], "it runs already")
        try bench.jobs.stop("bad-1")
        #expect(bench.wait { bench.jobs.info("bad-1")?.phase == "stopped" })
        bench.clock.advance(microseconds: ClusterSchedule.relaunchPause)
        #expect(bench.wait { bench.jobs.all.map(\.name) == ["bad-1", "bad-2"] }, "the number goes on")
    }

    @Test func aScheduleLaunchesByTheClock() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        let clusters = try Self.clusters(bench)
        try clusters.submit(
            name: "nightly", text: "SET 'job.cron' = '@hourly'; SET 'job.cron.policy' = 'keep_new';" + Self.text)
        clusters.tick()
        #expect(bench.jobs.all.isEmpty)
        let fire = try #require(try clusters.known("nightly").nextFire)
        bench.clock.advance(microseconds: fire - bench.clock.now())
        clusters.tick()
        #expect(bench.jobs.all.map(\.name) == ["nightly-1"])
        bench.clock.advance(microseconds: 3_600_000_000)
        clusters.tick()
        #expect(bench.wait { bench.jobs.info("nightly-1")?.phase == "stopped" })
        #expect(bench.jobs.all.map(\.name) == ["nightly-1", "nightly-2"])
    }

    @Test func aTransientJobEndsAfterItsLastSubscriber() throws {
        let bench = try JobBench()
        defer { bench.stop() }
        try bench.jobs.submit(
            name: "short",
            text: "SET 'job.subscription-timeout' = '5 s'; INSERT INTO seen SELECT url.path FROM requests")
        try bench.append(JobTests.requests(0..<3))
        #expect(bench.wait { bench.rows(of: "seen") == 3 })
        let subscription = try bench.log.subscribe(topic: "seen") { _ in }
        bench.clock.advance(microseconds: 60_000_000)
        try bench.append(JobTests.requests(3..<6))
        #expect(bench.wait { bench.rows(of: "seen") == 6 })
        #expect(bench.jobs.info("short")?.phase == "started", "somebody looks")
        subscription.cancel()
        #expect(
            bench.wait {
                bench.clock.advance(microseconds: 100_000)
                return bench.jobs.info("short")?.phase == "completed"
            })
        #expect(bench.rows(of: "seen") == 6)
    }
}
