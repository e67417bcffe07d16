/// The units of `EXTRACT`, `FLOOR(… TO unit)`, `TIMESTAMPDIFF` and interval literals.
enum TimeUnitName: String, Hashable, Sendable, CaseIterable {
    case millennium = "MILLENNIUM"
    case century = "CENTURY"
    case decade = "DECADE"
    case year = "YEAR"
    case quarter = "QUARTER"
    case month = "MONTH"
    case week = "WEEK"
    case day = "DAY"
    case hour = "HOUR"
    case minute = "MINUTE"
    case second = "SECOND"
    case millisecond = "MILLISECOND"
    case microsecond = "MICROSECOND"
    case epoch = "EPOCH"
    case dayOfYear = "DOY"
    case dayOfWeek = "DOW"
    case isoDayOfWeek = "ISODOW"
    case isoYear = "ISOYEAR"

    /// Singular or plural, in whatever case.
    init?(word: String) {
        let upper = word.uppercased()
        if let unit = TimeUnitName(rawValue: upper) {
            self = unit
        } else if upper.hasSuffix("S"), let unit = TimeUnitName(rawValue: String(upper.dropLast())), unit.isPlain {
            self = unit
        } else {
            return nil
        }
    }

    /// A unit that things are counted in, and so one with a plural.
    private var isPlain: Bool { microseconds != nil || months != nil }

    /// Its length where it always is the same.
    var microseconds: Int64? {
        switch self {
        case .week: 604_800_000_000
        case .day: 86_400_000_000
        case .hour: 3_600_000_000
        case .minute: 60_000_000
        case .second: 1_000_000
        case .millisecond: 1_000
        case .microsecond: 1
        default: nil
        }
    }

    /// Its length in months where it is a number of them.
    var months: Int64? {
        switch self {
        case .millennium: 12_000
        case .century: 1_200
        case .decade: 120
        case .year: 12
        case .quarter: 3
        case .month: 1
        default: nil
        }
    }
}
