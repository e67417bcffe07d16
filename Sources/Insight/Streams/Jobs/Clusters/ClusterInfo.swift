/// A cluster as it stands.
public struct ClusterInfo: Sendable {
    public let name: String
    /// Of the latest version; the values of options that let somebody in stand as `******`.
    public let text: String
    public let version: Int
    /// Those that are kept, ascending.
    public let versions: [Int]
    /// It launches jobs by itself.
    public let isEnabled: Bool
    public let owner: String?
    public let labels: [String: String]
    /// Parameters with their defaults.
    public let parameters: [String: String]
    /// Jobs that run at least, and at most.
    public let minimum: Int
    public let maximum: Int?
    public let cron: String?
    public let timeZone: String
    /// When the schedule comes next, microseconds since 1970.
    public let nextFire: Int64?
    /// The jobs, oldest first.
    public let jobs: [String]
    /// What happened last that somebody should know.
    public let notes: [JobLogLine]
}
