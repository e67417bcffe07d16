import SQL

/// What `SET` says of how queries run.
struct StateSettings {
    static let timeToLiveKey = "table.exec.state.ttl"
    static let parallelismKey = "parallelism.default"
    static let keys = [timeToLiveKey, parallelismKey]
    /// Threads of one query, at most.
    static let maximumParallelism = 64

    /// How long state is kept that nothing touches, microseconds of event time; 0 for ever, `nil` where nothing was said.
    private(set) var timeToLiveMicroseconds: Int64?

    /// Threads that may work at the query together; `nil` where nothing was said.
    private(set) var parallelism: Int?

    /// - Throws: `invalid_query` for a key that is unknown, or a value that is none of it.
    mutating func set(_ setting: Setting) throws(SQLError) {
        switch setting.key.text {
        case Self.timeToLiveKey:
            guard let time = Self.microseconds(setting.value) else {
                throw SQLError(
                    code: .invalidQuery, message: "'\(setting.value)' is no length of time", at: setting.key.position,
                    suggestion: "for instance '1 h', '30 min', '90 s', '500 ms', or '0' for ever")
            }
            timeToLiveMicroseconds = time
        case Self.parallelismKey:
            guard let count = Int(setting.value), (1...Self.maximumParallelism).contains(count) else {
                throw SQLError(
                    code: .invalidQuery, message: "'\(setting.value)' is no number of threads",
                    at: setting.key.position, suggestion: "a whole number from 1 to \(Self.maximumParallelism)")
            }
            parallelism = count
        default: throw Self.unknown(setting.key)
        }
    }

    /// - Throws: `invalid_query` for a key that is unknown.
    mutating func reset(_ key: ObjectName?) throws(SQLError) {
        if let key, !Self.keys.contains(key.text) { throw Self.unknown(key) }
        if key == nil || key?.text == Self.timeToLiveKey { timeToLiveMicroseconds = nil }
        if key == nil || key?.text == Self.parallelismKey { parallelism = nil }
    }

    private static func unknown(_ key: ObjectName) -> SQLError {
        SQLError(
            code: .invalidQuery, message: "there is no setting '\(key.text)'", at: key.position,
            suggestion: "there are '\(timeToLiveKey)' and '\(parallelismKey)'")
    }

    /// Flink's form of a length of time: a number and a unit; milliseconds without one.
    private static func microseconds(_ text: String) -> Int64? {
        let text = text.filter { $0 != " " }
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let amount = Int64(digits), amount >= 0 else { return nil }
        let scale: Int64
        switch text.dropFirst(digits.count).lowercased() {
        case "", "ms", "milli", "millis", "millisecond", "milliseconds": scale = 1_000
        case "s", "sec", "second", "seconds": scale = 1_000_000
        case "m", "min", "minute", "minutes": scale = 60_000_000
        case "h", "hour", "hours": scale = 3_600_000_000
        case "d", "day", "days": scale = 86_400_000_000
        default: return nil
        }
        let (time, overflow) = amount.multipliedReportingOverflow(by: scale)
        return overflow ? nil : time
    }
}

extension PhysicalPlanner {
    mutating func take(_ settings: StateSettings, standard milliseconds: Int) {
        stateTimeToLiveMicroseconds = settings.timeToLiveMicroseconds ?? Int64(milliseconds) * 1_000
        groupTimeToLiveMicroseconds = settings.timeToLiveMicroseconds.flatMap { $0 == 0 ? nil : $0 }
    }
}
