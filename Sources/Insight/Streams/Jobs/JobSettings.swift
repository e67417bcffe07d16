public import EventLog

/// How a job runs. Every value has a default.
public struct JobSettings: Sendable {
    /// How often a job that has nothing to write makes a checkpoint. Rows that were answered don't wait for it.
    public var checkpointIntervalMilliseconds = 1_000
    /// What the state of a job may take, bytes.
    public var stateBytes = 512 << 20
    /// Answered rows that may wait for the log to take the ones before, bytes. Past it the job reads no more.
    public var outputBytes = 32 << 20
    /// Where rows go that an expression fails on; empty where a job is to fail then.
    public var deadLetterTopic = "dead-letters"
    /// How topics that jobs make are kept.
    public var topicSettings = TopicSettings()
    /// Jobs that are known at a time.
    public var maximumJobs = 200
    /// Lines that are kept of what happened to a job.
    public var logLines = 200
    /// Threads that work at a job's statements together, where its text doesn't say `SET 'parallelism.default'`.
    public var shards = 1
    /// Failures within ten minutes after which a job stays failed.
    public var restartBudget = 20

    /// The hosts that jobs which came over the network may send requests to; `*` stands for all. Jobs from files may
    /// reach any.
    public var httpHosts: [String] = []

    /// An event time so far ahead of the clock is told in the job's log.
    public var futureToleranceMicroseconds: Int64 = 60_000_000

    public init() {}
}
