/// Moments into text, at the end of a buffer that the caller re-uses. Times are microseconds since 1970 in UTC.
public enum TimeWriter {
    /// `2026-01-01T00:00:00Z`, with a fraction of 3 or 6 digits where the time has one.
    public static func appendISO8601(_ microseconds: Int64, to buffer: inout [UInt8]) {
        let civil = CivilTime(microseconds: microseconds)
        appendDate(civil, to: &buffer)
        buffer.append(UInt8(ascii: "T"))
        appendTime(civil, to: &buffer)
        buffer.append(UInt8(ascii: "Z"))
    }

    /// `2026-01-01 00:00:00`, as SQL prints a timestamp, with a fraction of 3 or 6 digits where the time has one.
    public static func appendSQL(_ microseconds: Int64, to buffer: inout [UInt8]) {
        let civil = CivilTime(microseconds: microseconds)
        appendDate(civil, to: &buffer)
        buffer.append(UInt8(ascii: " "))
        appendTime(civil, to: &buffer)
    }

    /// `2026-01-01`.
    public static func appendDate(_ civil: CivilTime, to buffer: inout [UInt8]) {
        appendYear(civil.year, to: &buffer)
        buffer.append(UInt8(ascii: "-"))
        append2(civil.month, to: &buffer)
        buffer.append(UInt8(ascii: "-"))
        append2(civil.day, to: &buffer)
    }

    /// `00:00:00` and the fraction, if there is one.
    public static func appendTime(_ civil: CivilTime, to buffer: inout [UInt8]) {
        appendClock(civil, to: &buffer)
        let fraction = civil.microsecond
        if fraction == 0 { return }
        buffer.append(UInt8(ascii: "."))
        append3(fraction / 1000, to: &buffer)
        if fraction % 1000 != 0 { append3(fraction % 1000, to: &buffer) }
    }

    /// `Jan` to `Dec`.
    public static let monthNames = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func appendClock(_ civil: CivilTime, to buffer: inout [UInt8]) {
        append2(civil.hour, to: &buffer)
        buffer.append(UInt8(ascii: ":"))
        append2(civil.minute, to: &buffer)
        buffer.append(UInt8(ascii: ":"))
        append2(civil.second, to: &buffer)
    }

    private static func appendYear(_ year: Int, to buffer: inout [UInt8]) {
        if year < 0 || year > 9999 {
            // ISO 8601 expanded years carry a sign.
            buffer.append(year < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
            NumberWriter.append(UInt64(year.magnitude), width: 4, to: &buffer)
            return
        }
        append2(year / 100, to: &buffer)
        append2(year % 100, to: &buffer)
    }

    private static func append2(_ value: Int, to buffer: inout [UInt8]) {
        buffer.append(48 &+ UInt8(truncatingIfNeeded: value / 10))
        buffer.append(48 &+ UInt8(truncatingIfNeeded: value % 10))
    }

    private static func append3(_ value: Int, to buffer: inout [UInt8]) {
        buffer.append(48 &+ UInt8(truncatingIfNeeded: value / 100))
        append2(value % 100, to: &buffer)
    }
}
