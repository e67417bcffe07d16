import Bytes
import Foundation
import Testing

@testable import TimeZones

@Suite struct ZoneRulesTests {
    static let zones = [
        "UTC", "Europe/Rome", "America/New_York", "America/Los_Angeles", "Asia/Kolkata", "Australia/Lord_Howe",
        "Africa/Casablanca", "Europe/Dublin", "America/Sao_Paulo", "Pacific/Apia", "Asia/Tehran", "America/St_Johns",
    ]

    /// Foundation reads the same rules in its own way.
    @Test(arguments: zones) func offsetsAreThoseOfFoundation(_ name: String) throws {
        let mine = try #require(ZoneRules.named(name))
        let theirs = try #require(TimeZone(identifier: name))
        for moment in stride(from: Int64(0), to: 4_000_000_000, by: 200_003) {
            let expected = theirs.secondsFromGMT(for: Date(timeIntervalSince1970: Double(moment)))
            #expect(mine.offset(at: moment) == Int64(expected), "at \(moment)")
        }
    }

    @Test(arguments: zones) func whatClocksShowLeadsBack(_ name: String) throws {
        let zone = try #require(ZoneRules.named(name))
        for moment in stride(from: Int64(-1_000_000_000), to: 5_000_000_000, by: 400_009) {
            let local = moment + zone.offset(at: moment)
            let found = zone.moment(ofLocal: local)
            // Of a time that comes twice it is the later one.
            #expect(found == moment || found > moment && found + zone.offset(at: found) == local, "at \(moment)")
        }
    }

    @Test func timesThatComeTwiceOrNotAtAll() throws {
        let zone = try #require(ZoneRules.named("Europe/Rome"))
        func local(_ month: Int, _ day: Int, _ hour: Int, _ minute: Int) -> Int64 {
            Int64(CivilTime.days(year: 2024, month: month, day: day)) * 86_400 + Int64(hour * 3_600 + minute * 60)
        }
        // 02:30 on March 31 was skipped: it is 03:30.
        #expect(zone.moment(ofLocal: local(3, 31, 2, 30)) == local(3, 31, 1, 30))
        // 02:30 on October 27 came twice: it is the second, of winter time.
        #expect(zone.moment(ofLocal: local(10, 27, 2, 30)) == local(10, 27, 1, 30))
        #expect(zone.moment(ofLocal: local(7, 1, 12, 0)) == local(7, 1, 10, 0))
    }

    @Test(arguments: [
        ("UTC", 0), ("GMT", 0), ("Z", 0), ("GMT-08:00", -28_800), ("UTC+2", 7_200), ("+05:30", 19_800),
        ("-0330", -12_600),
    ]) func fixedOffsets(_ name: String, _ offset: Int64) throws {
        #expect(try #require(ZoneRules.named(name)).offset(at: 1_700_000_000) == offset)
    }

    @Test(arguments: [
        "", "Nowhere/City", "../../etc/passwd", "/etc/passwd", "Europe", "tzdata.zi", "GMT+99", "+1:2:3", "+", "UTC+٣",
        "Europe/Rome\0", String(repeating: "A", count: 500),
    ]) func whatIsNoZone(_ name: String) { #expect(ZoneRules.named(name) == nil) }

    @Test func damagedFilesAreNone() throws {
        let path = "/usr/share/zoneinfo/Europe/Rome"
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        #expect(ZoneRules(file: bytes) != nil)
        for count in 0..<bytes.count { _ = ZoneRules(file: Array(bytes[..<count]))?.offset(at: 4_000_000_000) }
        var state: UInt64 = 1
        for _ in 0..<5_000 {
            var damaged = bytes
            for _ in 0..<4 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                damaged[Int(state >> 33) % damaged.count] = UInt8(truncatingIfNeeded: state >> 20)
            }
            guard let zone = ZoneRules(file: damaged) else { continue }
            for moment in [Int64.min, -1, 0, 1_700_000_000, 4_000_000_000, .max] { _ = zone.moment(ofLocal: moment) }
        }
    }

    @Test func rules() {
        func rule(_ text: String) -> YearlyRule? { YearlyRule(Array(text.utf8)[...]) }
        #expect(rule("UTC0")?.standardOffset == 0)
        #expect(rule("<+0330>-3:30")?.standardOffset == 12_600)
        #expect(rule("EST5EDT,M3.2.0,M11.1.0")?.summer?.offset == -14_400)
        #expect(rule("IST-1GMT0,M10.5.0,M3.5.0/1")?.summer?.offset == 0)
        #expect(rule("A5B,J60,J300/-2:30")?.summer?.ends == .init(day: .ofShortYear(300), seconds: -9_000))
        #expect(rule("A5B,0,364")?.summer?.begins == .init(day: .ofYear(0), seconds: 7_200))
        for text in ["", "5", "EST", "EST5EDT", "EST5EDT,M13.1.0,M1.1.0", "EST5EDT,M3.2.0", "<A5", "A5B,J60,J300,"] {
            #expect(rule(text) == nil, "\(text)")
        }
    }
}
