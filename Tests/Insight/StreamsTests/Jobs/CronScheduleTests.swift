import Bytes
import Foundation
import Runtime
import SQL
import Testing

@testable import Streams

@Suite struct CronScheduleTests {
    private static func time(_ text: String) -> Int64 {
        Int64((try? Date(text, strategy: .iso8601))?.timeIntervalSince1970 ?? 0) * 1_000_000
    }

    private static func text(_ time: Int64?) -> String {
        time.map { Date(timeIntervalSince1970: Double($0) / 1e6).formatted(.iso8601) } ?? "never"
    }

    @Test(arguments: [
        ("* * * * *", "2026-01-31T23:59:30Z", "2026-02-01T00:00:00Z"),
        ("* * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"),
        ("30 3 * * *", "2026-01-01T03:30:00Z", "2026-01-02T03:30:00Z"),
        ("*/15 * * * *", "2026-01-01T00:44:59Z", "2026-01-01T00:45:00Z"),
        ("5/20 * * * *", "2026-01-01T00:26:00Z", "2026-01-01T00:45:00Z"),
        ("0 9-17/4 * * *", "2026-01-01T10:00:00Z", "2026-01-01T13:00:00Z"),
        ("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("0 0 31 * *", "2026-01-31T00:00:00Z", "2026-03-31T00:00:00Z"),
        ("0 12 * * MON-FRI", "2026-01-02T12:00:00Z", "2026-01-05T12:00:00Z"),
        ("0 12 * * fri-sun", "2026-01-04T12:00:00Z", "2026-01-09T12:00:00Z"),
        ("0 12 * * 7", "2026-01-01T00:00:00Z", "2026-01-04T12:00:00Z"),
        ("0 12 * * 0", "2026-01-01T00:00:00Z", "2026-01-04T12:00:00Z"),
        ("0 0 13 * FRI", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
        ("0 0 13 * ?", "2026-01-01T00:00:00Z", "2026-01-13T00:00:00Z"),
        ("0 0 1 JAN,jul *", "2026-01-01T00:00:00Z", "2026-07-01T00:00:00Z"),
        ("59 23 31 12 *", "2026-12-31T23:59:00Z", "2027-12-31T23:59:00Z"),
        ("1,2,3 0 * * *", "2026-01-01T00:02:00Z", "2026-01-01T00:03:00Z"),
        ("@hourly", "2026-01-01T00:00:01Z", "2026-01-01T01:00:00Z"),
        ("@Daily", "2026-01-01T00:00:01Z", "2026-01-02T00:00:00Z"),
        ("@weekly", "2026-01-01T00:00:01Z", "2026-01-04T00:00:00Z"),
        ("@monthly", "2026-01-01T00:00:01Z", "2026-02-01T00:00:00Z"),
        ("@annually", "2026-01-01T00:00:01Z", "2027-01-01T00:00:00Z"),
        ("  0\t0   *  * * ", "2026-01-01T00:00:01Z", "2026-01-02T00:00:00Z"),
    ]) func nextInUTC(schedule: String, after: String, expected: String) throws {
        let cron = try CronSchedule(schedule)
        #expect(Self.text(cron.next(after: Self.time(after)) { _ in 0 }) == expected)
    }

    @Test(arguments: [
        ("30 3 * * *", "2026-01-01T00:00:00Z", "2026-01-01T02:30:00Z"),
        ("0 0 * * *", "2026-07-01T00:00:00Z", "2026-07-01T22:00:00Z"),
        // 02:30 is skipped on the 29th of March, and comes twice on the 25th of October.
        ("30 2 * * *", "2026-03-28T12:00:00Z", "2026-03-30T00:30:00Z"),
        ("30 2 * * *", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"),
        ("30 2 * * *", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"),
        ("30 2 * * *", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"),
        ("0 5 * * *", "2026-03-28T12:00:00Z", "2026-03-29T03:00:00Z"),
        ("0 5 * * *", "2026-10-24T12:00:00Z", "2026-10-25T04:00:00Z"),
    ]) func nextInZone(schedule: String, after: String, expected: String) throws {
        var header = JobHeader()
        header.timeZone = "Europe/Rome"
        let cron = try CronSchedule(schedule)
        #expect(Self.text(cron.next(after: Self.time(after)) { header.offset(at: $0) }) == expected)
    }

    @Test(arguments: [
        ("", "has 0 fields"), ("* * * *", "has 4 fields"), ("* * * * * *", "has 6 fields"),
        ("@reboot", "'@reboot' is unknown"),
        ("60 * * * *", "the minute '60'"), ("* 24 * * *", "the hour '24'"), ("* * 0 * *", "the day of the month '0'"),
        ("* * 32 * *", "day of the month"), ("* * * 13 *", "the month '13'"), ("* * * * 8", "the day of the week '8'"),
        ("-1 * * * *", "the minute '-1'"), ("*/0 * * * *", "no step"), ("*/ * * * *", "no step"),
        ("1/2/3 * * * *", "two steps"),
        ("5-1 * * * *", "from 5 back to 1"), ("1-2-3 * * * *", "is no range"), ("1, * * * *", "has ''"),
        (", * * * *", "has ''"),
        ("** * * * *", "'**' is none"), ("x * * * *", "'x' is none"), ("١ * * * *", "is none"),
        ("99999999999999999999 * * * *", "is none"),
        ("1.5 * * * *", "'1.5' is none"), ("* * * FOO *", "'FOO' is none"), ("MON * * * *", "'MON' is none"),
        ("? * * * *", "'?' is none"),
        ("0 0 30 2 *", "never comes"), ("0 0 31 4,6,9,11 *", "never comes"), ("* * L * *", "'L' is none"),
        (String(repeating: "1,", count: 600) + "1 * * * *", "is longer than"), ("+5 * * * *", "'+5' is none"),
    ]) func nonsenseIsExplained(schedule: String, message: String) {
        do {
            _ = try CronSchedule(schedule)
            Issue.record("accepted: \(schedule)")
        } catch {
            #expect("\(error)".contains(message), "\(error)")
        }
    }

    /// Against a look at each minute, in a zone that changes its clocks.
    @Test func asSlowlyByHand() throws {
        var random = Random(seed: 11)
        var header = JobHeader()
        header.timeZone = "America/New_York"
        for _ in 0..<60 {
            func field(_ range: ClosedRange<Int>) -> String {
                switch random.below(4) {
                case 0: "*"
                case 1: "*/\(1 + random.below(range.upperBound))"
                case 2: "\(range.lowerBound + random.below(range.count))"
                default: "\(range.lowerBound)-\(range.lowerBound + random.below(range.count))"
                }
            }
            let text = "\(field(0...59)) \(field(0...23)) \(field(1...28)) * \(field(0...6))"
            let cron = try CronSchedule(text)
            let start = Self.time("2026-03-06T00:00:00Z") + Int64(random.below(4 * 86_400)) * 1_000_000
            let found = try #require(cron.next(after: start) { header.offset(at: $0) })
            var moment = (start / 60_000_000 + 1) * 60_000_000
            while moment < found {
                #expect(cron.next(after: moment - 60_000_000) { header.offset(at: $0) } == found, "\(text)")
                moment += 60_000_000 * Int64(1 + random.below(600))
            }
            #expect(cron.next(after: found - 1) { header.offset(at: $0) } == found, "\(text)")
        }
    }
}
