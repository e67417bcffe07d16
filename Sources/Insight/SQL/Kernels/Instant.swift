import Bytes

/// Arithmetic on microseconds since 1970-01-01T00:00:00Z and on days since 1970-01-01. UTC throughout. Results past
/// the 64-bit range wrap.
enum Instant {
    static let day: Int64 = 86_400_000_000

    @inline(__always)
    static func days(_ instant: Int64) -> Int64 { floorDivide(instant, day) }

    /// Rounds down. `divisor` is above 0.
    @inline(__always)
    static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient - 1 : quotient
    }

    /// Never negative. `divisor` is above 0.
    @inline(__always)
    static func floorRemainder(_ value: Int64, _ divisor: Int64) -> Int64 {
        let rest = value % divisor
        return rest < 0 ? rest + divisor : rest
    }

    /// The same day of the month and time of day; the last day of a month that is too short.
    @inline(never)
    static func addMonths(_ instant: Int64, _ months: Int64) -> Int64 {
        let date = days(instant)
        return addMonths(days: date, months) &* day &+ (instant &- date &* day)
    }

    @inline(never)
    static func addMonths(days: Int64, _ months: Int64) -> Int64 {
        // Dates past the calendar's reach stay at its end.
        let civil = CivilTime.civil(fromDays: Int(days.clamped(-100_000_000_000, 100_000_000_000)))
        let total = (Int64(civil.year) * 12 + Int64(civil.month - 1)) &+ months.clamped(-12_000_000, 12_000_000)
        let year = Int(floorDivide(total, 12))
        let month = Int(floorRemainder(total, 12)) + 1
        let last = CivilTime.daysInMonth(year: year, month: month)
        return Int64(CivilTime.days(year: year, month: month, day: min(civil.day, last)))
    }

    /// The most months that added to `start` don't pass `end`; below 0 when it goes back. As Calcite counts, a month
    /// has passed from January 31 to February 29.
    @inline(never)
    static func months(from start: Int64, to end: Int64) -> Int64 {
        if end < start { return -months(from: end, to: start) }
        let first = CivilTime(microseconds: start)
        let second = CivilTime(microseconds: end)
        let total = Int64(second.year - first.year) * 12 + Int64(second.month - first.month)
        return addMonths(start, total) > end ? total - 1 : total
    }

    /// The beginning of the unit that `instant` lies in. Weeks begin on Sunday, as Flink's do here.
    @inline(never)
    static func floor(_ instant: Int64, _ unit: TimeUnitName) -> Int64 {
        if let length = unit.microseconds {
            // 1970-01-04 was a Sunday.
            let shift = unit == .week ? 3 * day : 0
            return instant &- floorRemainder(instant &- shift, length)
        }
        guard let length = unit.months else { return instant }
        let civil = CivilTime.civil(fromDays: Int(days(instant)))
        if length < 12 {
            let month = (civil.month - 1) / Int(length) * Int(length) + 1
            return Int64(CivilTime.days(year: civil.year, month: month, day: 1)) &* day
        }
        // The first century is the years 1 to 100, but the first decade 0 to 9.
        let years = length / 12
        let base: Int64 = years > 10 ? 1 : 0
        let year = floorDivide(Int64(civil.year) - base, years) * years + base
        return Int64(CivilTime.days(year: Int(year), month: 1, day: 1)) &* day
    }

    @inline(never)
    static func ceil(_ instant: Int64, _ unit: TimeUnitName) -> Int64 {
        let lower = floor(instant, unit)
        if lower == instant { return instant }
        if let length = unit.microseconds { return lower &+ length }
        return addMonths(lower, unit.months ?? 0)
    }

    /// ISO 8601: the week that holds the year's first Thursday is week 1.
    @inline(never)
    static func isoWeek(days: Int64) -> (year: Int64, week: Int64) {
        let weekday = floorRemainder(days + 3, 7)
        let thursday = days - weekday + 3
        let year = CivilTime.civil(fromDays: Int(thursday)).year
        let first = Int64(CivilTime.days(year: year, month: 1, day: 1))
        return (Int64(year), (thursday - first) / 7 + 1)
    }

    @inline(never)
    static func field(_ instant: Int64, _ unit: TimeUnitName) -> Int64 {
        switch unit {
        case .hour: return floorRemainder(instant, day) / 3_600_000_000
        case .minute: return floorRemainder(instant, 3_600_000_000) / 60_000_000
        case .second: return floorRemainder(instant, 60_000_000) / 1_000_000
        case .millisecond: return floorRemainder(instant, 1_000_000) / 1_000
        case .microsecond: return floorRemainder(instant, 1_000_000)
        case .epoch: return floorDivide(instant, 1_000_000)
        default: return dateField(days(instant), unit)
        }
    }

    @inline(never)
    private static func dateField(_ days: Int64, _ unit: TimeUnitName) -> Int64 {
        switch unit {
        case .dayOfWeek: return floorRemainder(days + 4, 7) + 1
        case .isoDayOfWeek: return floorRemainder(days + 3, 7) + 1
        case .week: return isoWeek(days: days).week
        case .isoYear: return isoWeek(days: days).year
        default: break
        }
        let civil = CivilTime.civil(fromDays: Int(days))
        let year = Int64(civil.year)
        switch unit {
        case .month: return Int64(civil.month)
        case .quarter: return Int64(civil.month + 2) / 3
        case .day: return Int64(civil.day)
        case .dayOfYear: return days - Int64(CivilTime.days(year: civil.year, month: 1, day: 1)) + 1
        case .decade: return floorDivide(year, 10)
        case .century: return floorDivide(year - 1, 100) + 1
        case .millennium: return floorDivide(year - 1, 1000) + 1
        default: return year
        }
    }
}
