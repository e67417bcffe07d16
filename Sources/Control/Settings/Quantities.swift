/// Numbers with a unit as people write them in a configuration or on the command line.
public enum Quantities {
    private static let durationUnits: [(name: String, milliseconds: Double)] = [
        ("ms", 1), ("s", 1000), ("m", 60_000), ("min", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000),
    ]

    private static let sizeUnits: [(name: String, bytes: Double)] = [
        ("B", 1), ("KB", 1e3), ("MB", 1e6), ("GB", 1e9), ("TB", 1e12),
        ("KiB", 1024), ("MiB", 1_048_576), ("GiB", 1_073_741_824), ("TiB", 1_099_511_627_776),
        ("K", 1024), ("M", 1_048_576), ("G", 1_073_741_824), ("T", 1_099_511_627_776),
    ]

    /// Milliseconds of `500ms`, `1.5s`, `10m`, `6h`, `7d`, `2w`, or of a bare number of milliseconds.
    /// Nil when it is none of these, negative, or past 10,000 years.
    public static func milliseconds(_ text: String) -> Int? {
        scaled(text, units: durationUnits.map { ($0.name, $0.milliseconds) }, ignoringCase: false, limit: 3.2e14)
    }

    /// Bytes of `64KiB`, `256 MiB`, `1.5GB`, or of a bare number of bytes. Nil when it is none of these,
    /// negative, or past 2^60.
    public static func bytes(_ text: String) -> Int? {
        scaled(text, units: sizeUnits.map { ($0.name, $0.bytes) }, ignoringCase: true, limit: 1.15e18)
    }

    private static func scaled(
        _ text: String, units: [(name: String, factor: Double)], ignoringCase: Bool, limit: Double
    ) -> Int? {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "_") }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }
        guard let number = Double(digits.filter { $0 != "_" }), number.isFinite else { return nil }
        var factor = 1.0
        if !unit.isEmpty {
            guard
                let found = units.first(where: {
                    ignoringCase ? $0.name.lowercased() == unit.lowercased() : $0.name == unit
                })
            else { return nil }
            factor = found.factor
        }
        let value = (number * factor).rounded()
        return value >= 0 && value <= limit ? Int(value) : nil
    }

    /// `1.5 GiB`, for messages.
    public static func describe(bytes: Int) -> String {
        for (name, factor) in [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
        where bytes >= factor {
            let tenths = bytes * 10 / factor
            return tenths % 10 == 0 ? "\(tenths / 10) \(name)" : "\(tenths / 10).\(tenths % 10) \(name)"
        }
        return "\(bytes) B"
    }
}
