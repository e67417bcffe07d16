/// A job as it stands.
public struct JobInfo: Sendable {
    public let name: String
    /// The values of options that let somebody in stand as `******`.
    public let text: String
    /// `accepted`, `launched`, `started`, `restarting`, `failed`, `completed`, `stopping` or `stopped`.
    public let phase: String
    public let progress: JobProgress
    public let restarts: Int
    /// Why it failed last.
    public let failure: String?
    public let checkpoint: JobCheckpointInfo?
    public let checkpoints: Int
    /// The last ones, the latest first.
    public let recentCheckpoints: [JobCheckpointInfo]
    public let savepoints: [String]
    /// The tables that the statements write to, in their order; none before the first run.
    public let targets: [String]
    /// What runs, or ran last.
    public let plan: JobPlan?
    /// Where its dead letters go; empty where it fails instead.
    public let deadLetterTopic: String
    /// `SET 'job.owner'` and `'job.label.NAME'` of its text.
    public let owner: String?
    public let labels: [String: String]
}

/// The last checkpoint of a job.
public struct JobCheckpointInfo: Sendable {
    public let epoch: Int64
    public let bytes: Int
    /// The time that the job stood still for it, microseconds.
    public let pauseMicroseconds: Int64
    /// The time from its beginning until it was on the device, microseconds. The job went on meanwhile.
    public let durationMicroseconds: Int64
    /// Wall time, microseconds since 1970.
    public let time: Int64
}

/// A line of what happened to a job.
public struct JobLogLine: Sendable {
    /// Wall time, microseconds since 1970.
    public let time: Int64
    public let message: String
}
