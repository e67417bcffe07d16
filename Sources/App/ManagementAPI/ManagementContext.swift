public import Edge
public import EventLog
public import HTTPCache
public import Streams
public import Upstream

/// What the management API shows and steers. The one who puts a server together fills it in.
public struct ManagementContext: Sendable {
    public var version: String
    public var log: EventLog
    public var queries: QueryService
    /// `nil` where no jobs are run.
    public var jobs: JobService?
    public var clusters: ClusterService?
    /// How topics that a client makes are kept.
    public var topicSettings = TopicSettings()
    public var subscriptions = SubscriptionLimits()
    /// Demanded of every request but `/healthz` when set.
    public var token: @Sendable () -> String?
    public var edge: @Sendable () -> EdgeStatus
    /// Purges the cache, softly or not: how many responses each target met. `nil` where there is no cache.
    public var purge: (@Sendable ([PurgeTarget], Bool) -> [Int])?
    /// Everything that is asked, with its endpoints.
    public var origins: @Sendable () -> [OriginStanding] = { [] }
    /// The edge's rules and how often each fired.
    public var rules: @Sendable () -> [RuleReport] = { [] }
    /// What would become of a request. `nil` where no edge runs.
    public var explain: (@Sendable (RequestQuestion) throws(RequestQuestion.Fault) -> RequestExplanation)?
    /// Reads the configuration again and applies it.
    public var reload: @Sendable () -> Result<ReloadReport, ReloadFailure>

    public init(
        version: String, log: EventLog, queries: QueryService, token: @escaping @Sendable () -> String?,
        edge: @escaping @Sendable () -> EdgeStatus,
        reload: @escaping @Sendable () -> Result<ReloadReport, ReloadFailure>
    ) {
        self.version = version
        self.log = log
        self.queries = queries
        self.token = token
        self.edge = edge
        self.reload = reload
    }
}

/// The edge as it stands.
public struct EdgeStatus: Sendable {
    public var name: String
    public var addresses: [String]
    public var workers: Int
    public var origins: [String]
    public var counters: EdgeCounters
    public var cache: CacheFacts

    public init(
        name: String, addresses: [String], workers: Int, origins: [String], counters: EdgeCounters, cache: CacheFacts
    ) {
        self.name = name
        self.addresses = addresses
        self.workers = workers
        self.origins = origins
        self.counters = counters
        self.cache = cache
    }
}

/// The store's sizes and what it has thrown out.
public struct CacheFacts: Sendable, Encodable {
    public var objects: Int
    public var bytes: Int
    public var limitBytes: Int
    public var evictions: Int
    /// Responses that purges met.
    public var purged: Int
    /// Tags of the stored responses.
    public var tags: Int

    /// Of the tier on disk; nil where there is none.
    public var disk: DiskFacts?

    /// The API's names.
    private enum CodingKeys: String, CodingKey {
        case objects, bytes, evictions, purged, tags, disk
        case limitBytes = "limit_bytes"
    }

    public init(
        objects: Int, bytes: Int, limitBytes: Int, evictions: Int, purged: Int, tags: Int, disk: DiskFacts? = nil
    ) {
        self.objects = objects
        self.bytes = bytes
        self.limitBytes = limitBytes
        self.evictions = evictions
        self.purged = purged
        self.tags = tags
        self.disk = disk
    }
}

/// A reload that was taken.
public struct ReloadReport: Sendable {
    /// Settings that differ and wait for a restart.
    public var needRestart: [String]

    public init(needRestart: [String]) { self.needRestart = needRestart }
}

/// A reload that was refused; the old configuration runs on.
public struct ReloadFailure: Error, Sendable {
    public var message: String

    public init(message: String) { self.message = message }
}
