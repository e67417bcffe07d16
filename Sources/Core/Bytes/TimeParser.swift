/// Moments out of text, as microseconds since 1970-01-01T00:00:00Z. `nil` means that the text is not of that form.
public enum TimeParser {
    /// RFC 3339 and the ISO 8601 and SQL forms near it: `2026-01-01T00:00:00.123Z`, `2026-01-01 00:00:00`,
    /// `2026-01-01T00:00+02:00`, `2026-01-01`. Without a zone the time is UTC. Digits past microseconds are dropped.
    public static func iso8601(_ bytes: Span<UInt8>) -> Int64? {
        let count = bytes.count
        guard count >= 10, count <= 40, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-") else { return nil }
        let year = digits2(bytes, 0) &* 100 &+ digits2(bytes, 2)
        let month = digits2(bytes, 5)
        let day = digits2(bytes, 8)
        guard areDigits(bytes, 0, 4), areDigits(bytes, 5, 7), areDigits(bytes, 8, 10) else { return nil }
        guard month >= 1, month <= 12, day >= 1, day <= CivilTime.daysInMonth(year: year, month: month) else {
            return nil
        }
        let midnight = Int64(CivilTime.days(year: year, month: month, day: day)) &* 86_400
        if count == 10 { return midnight &* 1_000_000 }
        guard let time = timeOfDay(bytes, from: 11), bytes[10] == 84 || bytes[10] == 32 || bytes[10] == 116 else {
            return nil
        }
        guard let zone = zoneSeconds(bytes, from: time.end) else { return nil }
        return (midnight &+ time.seconds &- zone) &* 1_000_000 &+ time.microseconds
    }

    /// A whole date and time with seconds: RFC 3339, or the same without a zone and then in UTC. What schema
    /// inference takes for a timestamp.
    public static func dateTime(_ bytes: Span<UInt8>) -> Int64? {
        guard bytes.count >= 19, bytes[16] == UInt8(ascii: ":") else { return nil }
        return iso8601(bytes)
    }

    /// The date of the common and combined log formats: `10/Oct/2000:13:55:36 -0700`.
    public static func commonLog(_ bytes: Span<UInt8>) -> Int64? {
        guard bytes.count == 26, bytes[2] == 47, bytes[6] == 47, bytes[11] == 58, bytes[20] == 32 else { return nil }
        guard areDigits(bytes, 0, 2), areDigits(bytes, 7, 11), let month = month(bytes, at: 3) else { return nil }
        let day = digits2(bytes, 0)
        let year = digits2(bytes, 7) &* 100 &+ digits2(bytes, 9)
        guard day >= 1, day <= CivilTime.daysInMonth(year: year, month: month) else { return nil }
        guard let time = timeOfDay(bytes, from: 12), time.end == 20 else { return nil }
        guard let zone = zoneSeconds(bytes, from: 21), bytes[21] | 0x20 != 122 else { return nil }
        let midnight = Int64(CivilTime.days(year: year, month: month, day: day)) &* 86_400
        return (midnight &+ time.seconds &- zone) &* 1_000_000
    }

    /// 1 to 12 of `Jan` to `Dec`, letter case aside.
    public static func month(_ bytes: Span<UInt8>, at index: Int) -> Int? {
        guard index + 3 <= bytes.count else { return nil }
        let name =
            UInt32(bytes[index] | 0x20) << 16 | UInt32(bytes[index + 1] | 0x20) << 8 | UInt32(bytes[index + 2] | 0x20)
        switch name {
        case 0x6a_616e: return 1
        case 0x66_6562: return 2
        case 0x6d_6172: return 3
        case 0x61_7072: return 4
        case 0x6d_6179: return 5
        case 0x6a_756e: return 6
        case 0x6a_756c: return 7
        case 0x61_7567: return 8
        case 0x73_6570: return 9
        case 0x6f_6374: return 10
        case 0x6e_6f76: return 11
        case 0x64_6563: return 12
        default: return nil
        }
    }

    /// `HH:MM[:SS[.f…]]` at `start`; a leap second (`:60`) is taken.
    private static func timeOfDay(
        _ bytes: Span<UInt8>, from start: Int
    ) -> (seconds: Int64, microseconds: Int64, end: Int)? {
        let count = bytes.count
        guard start + 5 <= count, areDigits(bytes, start, start + 2), bytes[start + 2] == 58,
            areDigits(bytes, start + 3, start + 5)
        else { return nil }
        let hour = digits2(bytes, start)
        let minute = digits2(bytes, start + 3)
        var second = 0
        var end = start + 5
        if end < count, bytes[end] == 58 {
            guard end + 3 <= count, areDigits(bytes, end + 1, end + 3) else { return nil }
            second = digits2(bytes, end + 1)
            end += 3
        }
        guard hour < 24, minute < 60, second <= 60 else { return nil }
        let seconds = Int64(hour &* 3600 &+ minute &* 60 &+ second)
        guard end > start + 5 else { return (seconds, 0, end) }
        return fraction(bytes, from: end).map { (seconds, $0.microseconds, $0.end) }
    }

    /// `.f…` or `,f…` at `start`, or nothing.
    fileprivate static func fraction(_ bytes: Span<UInt8>, from start: Int) -> (microseconds: Int64, end: Int)? {
        let count = bytes.count
        guard start < count, bytes[start] == 46 || bytes[start] == 44 else { return (0, start) }
        var microseconds: Int64 = 0
        var scale: Int64 = 100_000
        var end = start + 1
        while end < count, bytes[end] &- 48 < 10 {
            microseconds &+= Int64(bytes[end] &- 48) &* scale
            scale /= 10
            end += 1
        }
        return end > start + 1 ? (microseconds, end) : nil
    }

    /// Seconds east of Greenwich of `Z`, `+HH:MM`, `+HHMM`, `+HH` or nothing, which must end the text.
    fileprivate static func zoneSeconds(_ bytes: Span<UInt8>, from start: Int) -> Int64? {
        let rest = bytes.count - start
        if rest == 0 { return 0 }
        if rest == 1 { return bytes[start] | 0x20 == 122 ? 0 : nil }
        let sign: Int64 = bytes[start] == 43 ? 1 : -1
        guard bytes[start] == 43 || bytes[start] == 45, rest >= 3, areDigits(bytes, start + 1, start + 3) else {
            return nil
        }
        let hours = digits2(bytes, start + 1)
        var minutes = 0
        if rest == 5, areDigits(bytes, start + 3, start + 5) {
            minutes = digits2(bytes, start + 3)
        } else if rest == 6, bytes[start + 3] == 58, areDigits(bytes, start + 4, start + 6) {
            minutes = digits2(bytes, start + 4)
        } else if rest != 3 {
            return nil
        }
        guard hours < 24, minutes < 60 else { return nil }
        return sign * Int64(hours * 3600 + minutes * 60)
    }

    private static func digits2(_ bytes: Span<UInt8>, _ index: Int) -> Int {
        Int(bytes[index] &- 48) &* 10 &+ Int(bytes[index + 1] &- 48)
    }

    private static func areDigits(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        var index = start
        while index < end {
            if bytes[index] &- 48 > 9 { return false }
            index += 1
        }
        return true
    }
}

/// As `TimeParser.iso8601`, for many times that mostly are of the same second as the one before.
public struct RepeatedTimes: Sendable {
    /// The bytes up to the seconds of the last time, the last two words overlapping, and what they stand for.
    private var words: (UInt64, UInt64, UInt32) = (0, 0, 0)
    private var seconds: Int64 = 0

    private static let prefix = 19

    public init() {}

    public mutating func iso8601(_ bytes: Span<UInt8>) -> Int64? {
        guard bytes.count >= Self.prefix, bytes.count <= 40 else { return TimeParser.iso8601(bytes) }
        let words = bytes.withUnsafeBytes { raw in
            (
                raw.loadUnaligned(as: UInt64.self), raw.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
                raw.loadUnaligned(fromByteOffset: 15, as: UInt32.self)
            )
        }
        guard words == self.words else {
            let time = TimeParser.iso8601(bytes)
            if time != nil, bytes[16] == UInt8(ascii: ":"),
                let whole = TimeParser.iso8601(bytes.extracting(0..<Self.prefix))
            {
                self.words = words
                seconds = whole / 1_000_000
            }
            return time
        }
        guard let fraction = TimeParser.fraction(bytes, from: Self.prefix),
            let zone = TimeParser.zoneSeconds(bytes, from: fraction.end)
        else { return nil }
        return (seconds &- zone) &* 1_000_000 &+ fraction.microseconds
    }
}
