import Bytes

/// HTTP dates (RFC 9110 §5.6.7) as whole seconds since 1970-01-01T00:00:00Z.
public enum HTTPDate {
    /// Length of the preferred format, `Sun, 06 Nov 1994 08:49:37 GMT`.
    public static let length = 29

    /// Parses any of the three formats, letter case aside. Nil for anything else, above all other zones and other
    /// spellings, which RFC 9111 §5.3 takes for "already expired".
    /// - Parameter now: seconds; a two-digit year more than 50 years after it is one of the century before.
    public static func parse(_ bytes: Span<UInt8>, now: Int64) -> Int64? {
        guard bytes.count >= 24, bytes.count <= 33 else { return nil }
        if bytes[3] == 0x2C { return fixdate(bytes) }
        if bytes[3] == 0x20 { return asctime(bytes) }
        return rfc850(bytes, now: now)
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`
    private static func fixdate(_ bytes: Span<UInt8>) -> Int64? {
        guard bytes.count == length, isWeekday(bytes), bytes[4] == 0x20, bytes[7] == 0x20, bytes[11] == 0x20,
            bytes[16] == 0x20, isZone(bytes, at: 25), let day = number(bytes, 5, 2),
            let month = TimeParser.month(bytes, at: 8), let year = number(bytes, 12, 4),
            let time = time(bytes, at: 17)
        else { return nil }
        return seconds(year, month, day, time)
    }

    /// `Sunday, 06-Nov-94 08:49:37 GMT`
    private static func rfc850(_ bytes: Span<UInt8>, now: Int64) -> Int64? {
        guard let comma = bytes.firstIndex(of: 0x2C), (6...9).contains(comma), bytes.count == comma + 24,
            isWeekday(bytes), bytes[comma + 1] == 0x20, bytes[comma + 4] == 0x2D, bytes[comma + 8] == 0x2D,
            bytes[comma + 11] == 0x20, isZone(bytes, at: comma + 20), let day = number(bytes, comma + 2, 2),
            let month = TimeParser.month(bytes, at: comma + 5), let short = number(bytes, comma + 9, 2),
            let time = time(bytes, at: comma + 12)
        else { return nil }
        let thisYear = CivilTime(microseconds: now * 1_000_000).year
        var year = thisYear - thisYear % 100 + short
        if year > thisYear + 50 { year -= 100 }
        return seconds(year, month, day, time)
    }

    /// `Sun Nov  6 08:49:37 1994`
    private static func asctime(_ bytes: Span<UInt8>) -> Int64? {
        guard bytes.count == 24, isWeekday(bytes), bytes[7] == 0x20, bytes[10] == 0x20, bytes[19] == 0x20,
            let month = TimeParser.month(bytes, at: 4), let time = time(bytes, at: 11),
            let year = number(bytes, 20, 4),
            let day = bytes[8] == 0x20 ? number(bytes, 9, 1) : number(bytes, 8, 2)
        else { return nil }
        return seconds(year, month, day, time)
    }

    /// Appends the preferred format.
    public static func append(_ seconds: Int64, to buffer: inout [UInt8]) {
        // Years 0 to 9999: what the format can hold.
        let bounded = min(max(seconds, -62_167_219_200), 253_402_300_799)
        let civil = CivilTime(microseconds: bounded * 1_000_000)
        buffer.append(contentsOf: weekdays[civil.weekday].utf8)
        NumberWriter.append(UInt64(civil.day), width: 2, to: &buffer)
        buffer.append(contentsOf: months[civil.month - 1].utf8)
        NumberWriter.append(UInt64(civil.year), width: 4, to: &buffer)
        buffer.append(0x20)
        NumberWriter.append(UInt64(civil.hour), width: 2, to: &buffer)
        buffer.append(0x3A)
        NumberWriter.append(UInt64(civil.minute), width: 2, to: &buffer)
        buffer.append(0x3A)
        NumberWriter.append(UInt64(civil.second), width: 2, to: &buffer)
        buffer.append(contentsOf: " GMT")
    }

    private static let weekdays = ["Sun, ", "Mon, ", "Tue, ", "Wed, ", "Thu, ", "Fri, ", "Sat, "]
    private static let months = [
        " Jan ", " Feb ", " Mar ", " Apr ", " May ", " Jun ", " Jul ", " Aug ", " Sep ", " Oct ", " Nov ", " Dec ",
    ]

    private static func seconds(_ year: Int, _ month: Int, _ day: Int, _ time: Int) -> Int64? {
        guard day >= 1, day <= CivilTime.daysInMonth(year: year, month: month) else { return nil }
        return Int64(CivilTime.days(year: year, month: month, day: day)) * 86_400 + Int64(time)
    }

    private static func time(_ bytes: Span<UInt8>, at index: Int) -> Int? {
        guard bytes[index + 2] == 0x3A, bytes[index + 5] == 0x3A, let hour = number(bytes, index, 2),
            let minute = number(bytes, index + 3, 2), let second = number(bytes, index + 6, 2), hour < 24,
            minute < 60, second <= 60
        else { return nil }
        return hour * 3600 + minute * 60 + second
    }

    private static func number(_ bytes: Span<UInt8>, _ start: Int, _ count: Int) -> Int? {
        bytes.extracting(start..<start + count).decimal().map { Int($0) }
    }

    private static func isWeekday(_ bytes: Span<UInt8>) -> Bool {
        let name = bytes.extracting(0..<3)
        return weekdays.contains { name.equalsIgnoringCase(String($0.prefix(3))) }
    }

    private static func isZone(_ bytes: Span<UInt8>, at index: Int) -> Bool {
        bytes.extracting(index..<bytes.count).equalsIgnoringCase(" GMT")
    }
}

extension HeaderBlock {
    /// The first field of this id as a moment; nil if it is missing or no date.
    public func date(of header: KnownHeader, now: Int64) -> Int64? {
        guard let value = value(of: header) else { return nil }
        return HTTPDate.parse(value, now: now)
    }
}
