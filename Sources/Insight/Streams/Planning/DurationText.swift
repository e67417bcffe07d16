/// Lengths of time as people write them.
enum DurationText {
    private static let units: [(name: String, microseconds: Int64)] = [
        ("d", 86_400_000_000), ("h", 3_600_000_000), ("min", 60_000_000), ("s", 1_000_000), ("ms", 1_000),
    ]

    /// In the largest unit of which it is a whole number: `90 min`, `10 s`.
    static func of(_ microseconds: Int64) -> String {
        for unit in units where microseconds != 0 && microseconds % unit.microseconds == 0 {
            return "\(microseconds / unit.microseconds) \(unit.name)"
        }
        return microseconds == 0 ? "0 s" : "\(microseconds) µs"
    }
}
