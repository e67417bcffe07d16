import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// When the clocks of a place show what.
public struct ZoneRules: Sendable {
    /// Seconds since 1970 at which the offset changes, ascending, and the offset from then on, seconds east of UTC.
    let changes: [(at: Int64, offset: Int64)]
    /// Before the first change.
    let firstOffset: Int64
    /// After the last change; `nil` where it stays as it is.
    let rule: YearlyRule?

    /// - Parameter name: `Europe/Rome`, `UTC`, `GMT-08:00`, `+02:00`, or one of a few abbreviations, such as `PST`.
    /// - Returns: `nil` for a name that isn't known here.
    public static func named(_ name: String) -> ZoneRules? {
        if let offset = fixedOffset(name) { return ZoneRules(changes: [], firstOffset: offset, rule: nil) }
        return known.withLock { known in
            if let found = known[name] { return found }
            guard let bytes = file(abbreviations[name] ?? name), let rules = ZoneRules(file: bytes) else { return nil }
            known[name] = rules
            return rules
        }
    }

    /// Those that were asked for: no more than there are files.
    private static let known = Mutex<[String: ZoneRules]>([:])

    /// Names of Java's that the system may lack.
    private static let abbreviations = [
        "PST": "America/Los_Angeles", "CST": "America/Chicago", "JST": "Asia/Tokyo", "IST": "Asia/Kolkata",
        "CTT": "Asia/Shanghai", "Z": "UTC",
    ]

    /// Seconds east of UTC.
    ///
    /// - Parameter moment: seconds since 1970, UTC.
    public func offset(at moment: Int64) -> Int64 {
        if let rule, moment >= changes.last?.at ?? .min { return rule.offset(at: moment) }
        var range = 0..<changes.count
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            range = changes[middle].at <= moment ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return range.lowerBound == 0 ? firstOffset : changes[range.lowerBound - 1].offset
    }

    /// The moment at which clocks show this; the later one where they show it twice. What they skip counts as if they
    /// had not been changed.
    ///
    /// - Parameter local: seconds since 1970-01-01 00:00:00 of the place.
    public func moment(ofLocal local: Int64) -> Int64 {
        let before = offset(at: local &- Self.day)
        let after = offset(at: local &+ Self.day)
        let fitting = [before, after].filter { offset(at: local &- $0) == $0 }
        return local &- (fitting.min() ?? before)
    }

    static let day: Int64 = 86_400

    /// `UTC`, `GMT+2`, `UTC-08:00`, `+0530`.
    private static func fixedOffset(_ name: String) -> Int64? {
        var rest = name[...]
        for prefix in ["UTC", "GMT"] where rest.hasPrefix(prefix) {
            rest = rest.dropFirst(3)
            if rest.isEmpty { return 0 }
            break
        }
        guard let sign = rest.first, sign == "+" || sign == "-" else { return nil }
        let parts = rest.dropFirst().split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.allSatisfy({ $0.utf8.allSatisfy { $0 &- 48 < 10 } }),
            parts.count == 1 ? [1, 2, 4].contains(parts[0].count) : parts[0].count <= 2 && parts[1].count == 2,
            let number = Int64(parts.joined())
        else { return nil }
        let isHours = parts.count == 1 && parts[0].count <= 2
        let (hours, minutes) = isHours ? (number, 0) : (number / 100, number % 100)
        guard hours <= 18, minutes < 60 else { return nil }
        return (sign == "-" ? -1 : 1) * (hours * 3_600 + minutes * 60)
    }

    // MARK: Files

    private static let folder = "/usr/share/zoneinfo/"

    private static func file(_ name: String) -> [UInt8]? {
        let isName = name.utf8.allSatisfy { byte in
            byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z") || byte &- 48 < 10
                || [UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "/")].contains(byte)
        }
        guard isName, !name.isEmpty, name.utf8.count < 64, !name.hasPrefix("/"),
            let file = fopen(folder + name, "rb")
        else { return nil }
        defer { fclose(file) }
        // The largest have a few kilobytes.
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let count = bytes.withUnsafeMutableBytes { fread($0.baseAddress, 1, $0.count, file) }
        guard count > 0, count < bytes.count else { return nil }
        return Array(bytes[..<count])
    }
}
