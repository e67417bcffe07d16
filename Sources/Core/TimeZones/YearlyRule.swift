import Bytes

/// What the clocks of a place do each year, as `CET-1CEST,M3.5.0,M10.5.0/3` says (POSIX, "TZ"; RFC 8536, section 3.3).
struct YearlyRule: Sendable {
    /// A moment of each year.
    struct Date: Sendable, Equatable {
        enum Day: Sendable, Equatable {
            /// From 1 to 365; February 29 is not counted.
            case ofShortYear(Int)
            /// From 0 to 365.
            case ofYear(Int)
            /// The weekday, 0 for Sunday, of this week of the month, 5 for the last.
            case weekday(month: Int, week: Int, day: Int)
        }

        var day: Day
        /// Seconds after midnight; may lie outside of the day.
        var seconds: Int64

        /// Seconds since 1970 on the clocks of the place.
        func local(_ year: Int) -> Int64 {
            let first = CivilTime.days(year: year, month: 1, day: 1)
            let days: Int
            switch day {
            case .ofYear(let number): days = first + number
            case .ofShortYear(let number):
                let isAfterLeapDay = number >= 60 && CivilTime.daysInMonth(year: year, month: 2) == 29
                days = first + number - (isAfterLeapDay ? 0 : 1)
            case .weekday(let month, let week, let day):
                let begin = CivilTime.days(year: year, month: month, day: 1)
                // 1970-01-01 was a Thursday.
                let weekday = ((begin + 4) % 7 + 7) % 7
                var date = (day - weekday + 7) % 7 + (week - 1) * 7
                if date >= CivilTime.daysInMonth(year: year, month: month) { date -= 7 }
                days = begin + date
            }
            return Int64(days) * ZoneRules.day + seconds
        }
    }

    let standardOffset: Int64
    let summer: (offset: Int64, begins: Date, ends: Date)?

    func offset(at moment: Int64) -> Int64 {
        guard let summer else { return standardOffset }
        let days = Int((moment &+ standardOffset) / ZoneRules.day) - (moment &+ standardOffset < 0 ? 1 : 0)
        // Past all calendars nothing changes any more.
        guard abs(days) < 1_000_000_000 else { return standardOffset }
        let year = CivilTime.civil(fromDays: days).year
        let begin = summer.begins.local(year) - standardOffset
        let end = summer.ends.local(year) - summer.offset
        let isSummer = begin < end ? moment >= begin && moment < end : !(moment >= end && moment < begin)
        return isSummer ? summer.offset : standardOffset
    }

    // MARK: Text

    /// - Returns: `nil` where the text is no rule; an empty one is none.
    init?(_ text: ArraySlice<UInt8>) {
        var reader = Reader(text)
        guard reader.name(), let standard = reader.seconds() else { return nil }
        standardOffset = -standard
        guard !reader.isAtEnd else {
            summer = nil
            return
        }
        guard reader.name() else { return nil }
        var offset = standardOffset + 3_600
        if !reader.at(",") {
            guard let told = reader.seconds() else { return nil }
            offset = -told
        }
        guard reader.accept(","), let begins = reader.date(), reader.accept(","), let ends = reader.date(),
            reader.isAtEnd
        else { return nil }
        summer = (offset, begins, ends)
    }

    private struct Reader {
        private var text: ArraySlice<UInt8>

        init(_ text: ArraySlice<UInt8>) { self.text = text }

        var isAtEnd: Bool { text.isEmpty }

        func at(_ character: Unicode.Scalar) -> Bool { text.first == UInt8(ascii: character) }

        mutating func accept(_ character: Unicode.Scalar) -> Bool {
            guard at(character) else { return false }
            text = text.dropFirst()
            return true
        }

        /// Letters, or anything in angle brackets.
        mutating func name() -> Bool {
            if accept("<") {
                text = text.drop { $0 != UInt8(ascii: ">") }
                return accept(">")
            }
            let before = text.count
            text = text.drop { $0 | 0x20 >= UInt8(ascii: "a") && $0 | 0x20 <= UInt8(ascii: "z") }
            return text.count < before
        }

        mutating func number() -> Int64? {
            let digits = text.prefix { $0 &- 48 < 10 }
            text = text.dropFirst(digits.count)
            guard (1...3).contains(digits.count) else { return nil }
            return digits.reduce(0) { $0 * 10 + Int64($1 - 48) }
        }

        /// `[+|-]hh[:mm[:ss]]`
        mutating func seconds() -> Int64? {
            let isNegative = accept("-")
            if !isNegative { _ = accept("+") }
            guard var total = number().map({ $0 * 3_600 }) else { return nil }
            for unit in [Int64(60), 1] where accept(":") {
                guard let part = number() else { return nil }
                total += part * unit
            }
            return isNegative ? -total : total
        }

        /// `Mm.w.d`, `Jn` or `n`, and `/time`.
        mutating func date() -> Date? {
            let day: Date.Day
            if accept("M") {
                guard let month = number(), accept("."), let week = number(), accept("."), let weekday = number(),
                    (1...12).contains(month), (1...5).contains(week), (0...6).contains(weekday)
                else { return nil }
                day = .weekday(month: Int(month), week: Int(week), day: Int(weekday))
            } else {
                let isShort = accept("J")
                guard let number = number(), number <= 365 else { return nil }
                day = isShort ? .ofShortYear(Int(number)) : .ofYear(Int(number))
            }
            guard accept("/") else { return Date(day: day, seconds: 7_200) }
            guard let seconds = seconds() else { return nil }
            return Date(day: day, seconds: seconds)
        }
    }
}
