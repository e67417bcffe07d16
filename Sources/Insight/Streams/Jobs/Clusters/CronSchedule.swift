import Bytes
import SQL

/// When something is to happen, as `cron` writes it: minute, hour, day of the month, month, day of the week.
///
/// A field is `*`, a number, a name (JAN to DEC, SUN to SAT), a range `a-b`, a step `*/n` or `a-b/n`, or several of these
/// with commas. 0 and 7 are Sunday. Where both days are restricted, either is enough, as in every cron. `@hourly`, `@daily`
/// (`@midnight`), `@weekly`, `@monthly` and `@yearly` (`@annually`) stand for what they say.
struct CronSchedule: Hashable, Sendable {
    private enum Field: Int, CaseIterable {
        case minute
        case hour
        case day
        case month
        case weekday

        var name: String {
            switch self {
            case .minute: "the minute"
            case .hour: "the hour"
            case .day: "the day of the month"
            case .month: "the month"
            case .weekday: "the day of the week"
            }
        }

        var range: ClosedRange<Int> {
            switch self {
            case .minute: 0...59
            case .hour: 0...23
            case .day: 1...31
            case .month: 1...12
            case .weekday: 0...7
            }
        }

        /// Names of the values, from the range's start on.
        var names: [String] {
            switch self {
            case .month: ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
            case .weekday: ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
            case .minute, .hour, .day: []
            }
        }
    }

    private static let maximumBytes = 1_000
    /// A year with a 29th of February is at most 8 years off.
    private static let maximumDays = 366 * 8 + 3
    private static let nicknames = [
        "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
        "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
    ]

    /// A bit for each value, by field.
    private var bits: [UInt64]
    private let isDayRestricted: Bool
    private let isWeekdayRestricted: Bool

    /// - Throws: `invalid_query` with what is wrong and what to write.
    init(_ text: String) throws(SQLError) {
        guard text.utf8.count <= Self.maximumBytes else {
            throw Self.refusal("is longer than \(Self.maximumBytes) characters")
        }
        var words = text.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
        if words.count == 1, words[0].hasPrefix("@") {
            guard let meaning = Self.nicknames[words[0].lowercased()] else {
                throw Self.refusal(
                    "'\(words[0])' is unknown", write: Self.nicknames.keys.sorted().joined(separator: ", "))
            }
            words = meaning.split(separator: " ").map(String.init)
        }
        guard words.count == Field.allCases.count else {
            throw Self.refusal(
                "has \(words.count) fields and not 5", write: "minute hour day month weekday, as 30 3 * * MON-FRI")
        }
        bits = []
        for field in Field.allCases { bits.append(try Self.bits(words[field.rawValue], field)) }
        if bits[Field.weekday.rawValue] & 1 << 7 != 0 { bits[Field.weekday.rawValue] |= 1 }
        isDayRestricted = !Self.isEverything(words[Field.day.rawValue])
        isWeekdayRestricted = !Self.isEverything(words[Field.weekday.rawValue])
        guard next(after: 951_782_400_000_000, offset: { _ in 0 }) != nil else {
            throw Self.refusal("never comes: no such day is in the calendar")
        }
    }

    private static func isEverything(_ word: String) -> Bool { word == "*" || word == "?" || word == "*/1" }

    // MARK: Reading

    private static func bits(_ word: String, _ field: Field) throws(SQLError) -> UInt64 {
        if word == "?", field == .day || field == .weekday { return try bits("*", field) }
        var bits: UInt64 = 0
        for part in word.split(separator: ",", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: "/", omittingEmptySubsequences: false)
            guard (1...2).contains(pieces.count) else { throw refusal("\(field.name) '\(word)' has two steps") }
            var range = try range(String(pieces[0]), field, word)
            var step = 1
            if pieces.count == 2 {
                guard let number = number(pieces[1]), number > 0, number <= field.range.upperBound else {
                    throw refusal(
                        "\(field.name) '\(word)' has no step from 1 to \(field.range.upperBound) behind '/'")
                }
                step = number
                // `5/15` begins there and goes on.
                if !pieces[0].contains("-"), pieces[0] != "*" { range = range.lowerBound...field.range.upperBound }
            }
            for value in stride(from: range.lowerBound, through: range.upperBound, by: step) {
                bits |= 1 << UInt64(value)
            }
        }
        return bits
    }

    private static func range(_ text: String, _ field: Field, _ word: String) throws(SQLError) -> ClosedRange<Int> {
        if text == "*" { return field == .weekday ? 0...6 : field.range }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard (1...2).contains(ends.count) else { throw refusal("\(field.name) '\(word)' is no range") }
        let first = try value(String(ends[0]), field, word)
        var last = ends.count == 2 ? try value(String(ends[1]), field, word) : first
        // To Sunday, from any day.
        if field == .weekday, last == 0, first > 0 { last = 7 }
        guard first <= last else {
            throw refusal(
                "\(field.name) '\(word)' goes from \(first) back to \(last)", write: "two ranges with a comma")
        }
        return first...last
    }

    private static func value(_ text: String, _ field: Field, _ word: String) throws(SQLError) -> Int {
        if let index = field.names.firstIndex(of: text.uppercased()) { return field.range.lowerBound + index }
        guard let number = number(text[...]), field.range.contains(number) else {
            let names = field.names.isEmpty ? "" : ", or \(field.names[0]) to \(field.names[field.names.count - 1])"
            throw refusal(
                "\(field.name) '\(word)' " + (word == text ? "is none" : "has '\(text)', which is none"),
                write: "\(field.range.lowerBound) to \(field.range.upperBound)\(names)")
        }
        return number
    }

    /// Digits alone: no sign, and none of the other scripts' digits.
    private static func number(_ text: Substring) -> Int? {
        guard (1...4).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text)
    }

    private static func refusal(_ what: String, write: String? = nil) -> SQLError {
        SQLError(code: .invalidQuery, message: "job.cron: \(what)", suggestion: write.map { "write \($0)" })
    }

    // MARK: Time

    /// The first moment after `time` that fits. A time that the clocks skip in spring does not come that day, one that
    /// they repeat in autumn comes twice.
    ///
    /// - Parameters:
    ///   - time: microseconds since 1970, as the result.
    ///   - offset: how far the zone's clocks are ahead of UTC at a time, seconds.
    /// - Returns: `nil` where none comes within eight years.
    func next(after time: Int64, offset: (Int64) -> Int) -> Int64? {
        let minute: Int64 = 60_000_000
        var moment = (Self.floor(time, by: minute) + 1) * minute
        let end = moment + Int64(Self.maximumDays) * 86_400_000_000
        while moment < end {
            let shift = Int64(offset(moment)) * 1_000_000
            let civil = CivilTime(microseconds: moment + shift)
            if !fitsDay(civil) {
                moment = Self.later(
                    moment, than: moment + 86_400_000_000 - Int64(civil.hour * 60 + civil.minute) * minute, offset,
                    shift)
            } else if !has(.hour, civil.hour) {
                moment += Int64(60 - civil.minute) * minute
            } else if !has(.minute, civil.minute) {
                moment += minute
            } else {
                return moment
            }
        }
        return nil
    }

    /// Midnight as the clocks have it, where they changed on the way too.
    private static func later(_ now: Int64, than guess: Int64, _ offset: (Int64) -> Int, _ shift: Int64) -> Int64 {
        max(now + 60_000_000, guess - (Int64(offset(guess)) * 1_000_000 - shift))
    }

    private func fitsDay(_ civil: CivilTime) -> Bool {
        guard has(.month, civil.month) else { return false }
        let (day, weekday) = (has(.day, civil.day), has(.weekday, civil.weekday))
        return isDayRestricted && isWeekdayRestricted ? day || weekday : day && weekday
    }

    private func has(_ field: Field, _ value: Int) -> Bool { bits[field.rawValue] & 1 << UInt64(value) != 0 }

    private static func floor(_ value: Int64, by divisor: Int64) -> Int64 {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient - 1 : quotient
    }
}
