import Bytes
import Testing

@Suite struct TimeTests {
    private func iso(_ text: String) -> Int64? { TimeParser.iso8601(Array(text.utf8).span) }
    private func log(_ text: String) -> Int64? { TimeParser.commonLog(Array(text.utf8).span) }

    @Test(arguments: [
        ("1970-01-01", Int64(0)), ("1970-01-01T00:00:00Z", 0), ("1969-12-31T23:59:59.999999Z", -1),
        ("2000-02-29T12:34:56Z", 951_827_696_000_000), ("2026-01-01 00:00:00.123", 1_767_225_600_123_000),
        ("2026-01-01t00:00:00z", 1_767_225_600_000_000), ("2026-01-01T02:00+02:00", 1_767_225_600_000_000),
        ("2025-12-31T19:00:00-0500", 1_767_225_600_000_000), ("2026-01-01T00:00:00.123456789Z", 1_767_225_600_123_456),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000_000), ("0001-01-01", -62_135_596_800_000_000),
    ])
    func readsISO8601(text: String, expected: Int64) {
        #expect(iso(text) == expected)
    }

    @Test(arguments: [
        "", "2026", "2026-13-01", "2026-02-29", "2026-01-00", "2026-01-01T", "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00X", "2026-01-01T00:00:00+25:00",
        "2026-01-01T00:00:00 ", "2026/01/01", "a026-01-01", "2026-01-01T0:00:00", "2026-01-01T00:00:61Z",
    ])
    func refuses(text: String) {
        #expect(iso(text) == nil)
    }

    @Test func readsTheCommonLogDate() {
        #expect(log("10/Oct/2000:13:55:36 -0700") == 971_211_336_000_000)
        #expect(log("17/May/2015:10:05:03 +0000") == 1_431_857_103_000_000)
        for text in ["10/Okt/2000:13:55:36 -0700", "10/Oct/2000:13:55:36 Z    ", "31/Feb/2000:13:55:36 -0700", ""] {
            #expect(log(text) == nil)
        }
    }

    @Test func momentsComeBack() {
        var state: UInt64 = 42
        for _ in 0..<2000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let moment = Int64(state >> 8) % 200_000_000_000_000_000 - 50_000_000_000_000_000
            let civil = CivilTime(microseconds: moment)
            #expect(civil.microseconds == moment)
            var buffer: [UInt8] = []
            TimeWriter.appendISO8601(moment, to: &buffer)
            if civil.year >= 0, civil.year <= 9999 { #expect(TimeParser.iso8601(buffer.span) == moment) }
        }
        #expect(CivilTime(year: 2026, month: 1, day: 1).weekday == 4)
        #expect(CivilTime(year: 1969, month: 12, day: 28).weekday == 0)
        #expect(CivilTime(year: 2024, month: 12, day: 31).dayOfYear == 366)
    }

    /// The memory of the second before changes no answer.
    @Test func repeatedTimesAreReadAsAnyOther() {
        var times = RepeatedTimes()
        var seed: UInt64 = 7
        func random(_ count: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % count
        }
        let heads = [
            "2026-01-01T00:00:00", "2026-01-01T00:00:01", "2026-02-30T00:00:00", "2026-01-01T24:00:00", "2026-01-01",
        ]
        let tails = ["", "Z", ".5Z", ",123456789+02:00", ".", ".Z", "-0730", "+2", " ", ".1234", "x"]
        for _ in 0..<5_000 {
            var text = Array((heads[random(heads.count)] + tails[random(tails.count)]).utf8)
            if random(10) == 0 { text[random(text.count)] = UInt8(32 + random(95)) }
            let shown = String(decoding: text, as: UTF8.self)
            #expect(times.iso8601(text.span) == TimeParser.iso8601(text.span), "\(shown)")
        }
    }
}
