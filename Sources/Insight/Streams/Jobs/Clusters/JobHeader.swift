import Foundation
import SQL

/// What a job's text says of itself: `SET 'job.owner' = 'ann';` and the like, before its statements.
struct JobHeader: Sendable, Hashable {
    static let maximumLabels = 64
    static let maximumParameters = 256

    enum CronPolicy: String, Sendable {
        /// A job that still runs when the next is due goes on, and the next is left out.
        case keepExisting = "keep_existing"
        /// It is stopped, and the next begins.
        case keepNew = "keep_new"
    }

    var owner: String?
    var labels: [String: String] = [:]
    /// Defaults of the text's `${name}`.
    var parameters: [String: String] = [:]
    /// Instances of the cluster that run at least, and at most.
    var minimum = 0
    var maximum: Int?
    var cron: CronSchedule?
    /// As it was written.
    var cronText: String?
    var cronPolicy = CronPolicy.keepExisting
    var timeZone = "UTC"
    /// The job ends so long after the last subscriber of its targets has gone, microseconds; `nil` goes on.
    var transientTimeout: Int64?

    /// It is more than one job.
    var isCluster: Bool { minimum > 0 || maximum != nil || cron != nil || !parameters.isEmpty }

    init() {}

    /// What a text says before its parameters are filled in.
    ///
    /// - Throws: as `set`.
    init(of text: String) throws(SQLError) {
        for (name, value) in SQLTokens(text).settings(beginning: "job.").sorted(by: { $0.key < $1.key }) {
            try set("job." + name, value)
        }
        try check()
    }

    /// - Throws: `invalid_query` or `unsupported` at the setting's place.
    mutating func set(_ setting: Setting) throws(SQLError) {
        let name = setting.key.text
        do throws(SQLError) {
            try set(name, setting.value)
        } catch {
            var placed = error
            placed.line = Int(setting.key.position.line)
            placed.column = Int(setting.key.position.column)
            throw placed
        }
    }

    private mutating func set(_ name: String, _ value: String) throws(SQLError) {
        if let label = Self.rest(of: name, behind: "job.label.") {
            labels[label] = value
            guard labels.count <= Self.maximumLabels else { throw Self.tooMany("labels", Self.maximumLabels) }
            return
        }
        if let parameter = Self.rest(of: name, behind: "job.parameter.") {
            guard JobParameters.isValidName(parameter) else {
                throw SQLError(code: .invalidQuery, message: "'\(parameter)' is no name of a parameter")
            }
            parameters[parameter] = value
            guard parameters.count <= Self.maximumParameters else {
                throw Self.tooMany("parameters", Self.maximumParameters)
            }
            return
        }
        switch name {
        case "job.owner": owner = value
        case "job.sla.min": minimum = try Self.number(name, value, 0...100)
        case "job.sla.max": maximum = try Self.number(name, value, 1...100)
        case "job.cron":
            cron = try CronSchedule(value)
            cronText = value
        case "job.cron.policy":
            guard let policy = CronPolicy(rawValue: value.lowercased()) else {
                throw Self.wrong(name, value, "keep_existing or keep_new")
            }
            cronPolicy = policy
        case "job.time-zone":
            guard TimeZone(identifier: value) != nil else {
                throw Self.wrong(name, value, "a time zone as Europe/Rome")
            }
            timeZone = value
        case "job.subscription-timeout":
            guard let time = DurationText.microseconds(value), (1_000_000...366 * 86_400_000_000).contains(time) else {
                throw Self.wrong(name, value, "a time as 60 s")
            }
            transientTimeout = time
        default:
            throw SQLError(
                code: .unsupported, message: "a job has no setting '\(name)'",
                suggestion: "there are job.owner, job.label.*, job.parameter.*, job.sla.min, job.sla.max, job.cron, "
                    + "job.cron.policy, job.time-zone and job.subscription-timeout")
        }
    }

    /// What the settings say together.
    func check() throws(SQLError) {
        if let maximum, maximum < minimum {
            throw SQLError(
                code: .invalidQuery, message: "job.sla.max is \(maximum), and job.sla.min \(minimum)")
        }
        if cron != nil, minimum > 0 {
            throw SQLError(
                code: .invalidQuery, message: "a cluster either keeps job.sla.min jobs running or follows job.cron")
        }
    }

    /// How far the zone's clocks are ahead of UTC at a time (microseconds since 1970), seconds.
    func offset(at time: Int64) -> Int {
        guard timeZone != "UTC", let zone = TimeZone(identifier: timeZone) else { return 0 }
        return zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(time) / 1e6))
    }

    private static func rest(of name: String, behind prefix: String) -> String? {
        guard name.hasPrefix(prefix), name.count > prefix.count else { return nil }
        return String(name.dropFirst(prefix.count))
    }

    private static func number(_ name: String, _ value: String, _ range: ClosedRange<Int>) throws(SQLError) -> Int {
        guard let number = Int(value), range.contains(number) else {
            throw wrong(name, value, "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private static func wrong(_ name: String, _ value: String, _ expected: String) -> SQLError {
        SQLError(code: .invalidQuery, message: "'\(name)' is \(expected), not '\(value)'")
    }

    private static func tooMany(_ what: String, _ limit: Int) -> SQLError {
        SQLError(code: .limitExceeded, message: "a job has at most \(limit) \(what)")
    }
}
