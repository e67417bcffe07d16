/// Lengths of time as people write them.
enum DurationText {
    private static let units: [(name: String, microseconds: Int64)] = [
        ("d", 86_400_000_000), ("h", 3_600_000_000), ("min", 60_000_000), ("s", 1_000_000), ("ms", 1_000),
    ]

    /// The words for units that options may use (Flink's), in microseconds.
    private static let words: [String: Int64] = [
        "": 1_000, "ms": 1_000, "milli": 1_000, "millis": 1_000, "s": 1_000_000, "sec": 1_000_000,
        "second": 1_000_000, "seconds": 1_000_000, "m": 60_000_000, "min": 60_000_000, "minute": 60_000_000,
        "minutes": 60_000_000, "h": 3_600_000_000, "hour": 3_600_000_000, "hours": 3_600_000_000,
        "d": 86_400_000_000, "day": 86_400_000_000, "days": 86_400_000_000,
    ]

    /// What `10 s`, `5min` or `250` (milliseconds) says; `nil` for anything else.
    static func microseconds(_ text: String) -> Int64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count).filter { $0 != " " }.lowercased()
        guard let number = Int64(digits), let factor = words[unit] else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : product
    }

    /// In the largest unit of which it is a whole number: `90 min`, `10 s`.
    static func of(_ microseconds: Int64) -> String {
        for unit in units where microseconds != 0 && microseconds % unit.microseconds == 0 {
            return "\(microseconds / unit.microseconds) \(unit.name)"
        }
        return microseconds == 0 ? "0 s" : "\(microseconds) µs"
    }
}
