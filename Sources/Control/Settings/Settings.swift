/// All of `squilla.yaml`. Every value has a default, so an empty file is a valid one once an origin is named.
public struct Settings: Hashable, Sendable {
    /// What messages call the place that it was read from: a file, or the flags.
    public var source = "flags"
    /// The folder of the event log and all else that is kept.
    public var dataFolder = "./squilla-data"
    public var edge = EdgeSection()
    public var origins: [OriginSection] = []
    public var cache = CacheSection()
    public var esi = ESISection()
    public var rules: [RuleSection] = []
    public var ruleLimits = RuleLimitsSection()
    public var log = LogSection()
    public var query = QuerySection()
    public var jobs = JobsSection()
    public var views = ViewSection()
    public var subscriptions = SubscriptionSection()
    public var management = ManagementSection()
    /// Nil where no router spreads connections over several hosts.
    public var lb: LoadBalancerSection?
    /// Nil where this is no name server.
    public var dns: DNSSection?

    public init() {}
}

/// Where clients connect and what they may ask of us.
public struct EdgeSection: Hashable, Sendable {
    /// What events call this edge (`observer.name`) and `Via` and `Cache-Status` call this cache.
    public var name = "squilla"
    public var listen = [ListenSection(address: Endpoint(host: "127.0.0.1", port: 8080))]
    /// Event loops; 0 is one for each core.
    public var workers = 0
    /// Where this edge is; endpoints of the same zone are preferred.
    public var zone = ""
    /// What `CDN-Loop` calls this edge; empty is made up of the name and a number.
    public var cdnID = ""
    /// How long the addresses of an origin's name are remembered.
    public var nameCacheMilliseconds = 30_000
    /// Caches that a request may have come through.
    public var maxHops = 16
    /// The edges of this place, which share out the keys.
    public var peers: PeersSection?
    public var maxConnections = 100_000
    public var debug = DebugSection()
    /// Peers whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    public var trustedProxies: [CIDRBlock] = []
    /// Request fields that nobody else is believed; nil is the usual list.
    public var untrustedHeaders: [String]?
    /// `X-Forwarded-For`, `Forwarded`, or both, as sent to origins.
    public var forwardedHeader = ForwardedHeader.both
    /// Time for a request's head to arrive once its first byte has.
    public var headerTimeoutMilliseconds = 10_000
    /// Time without a byte of a request's body before it is given up.
    public var bodyTimeoutMilliseconds = 30_000
    /// Time a connection may stay open without a request.
    public var keepAliveTimeoutMilliseconds = 75_000
    /// Time without the client taking a byte of a response before the connection is closed.
    public var writeTimeoutMilliseconds = 60_000
    /// Time a client that has shut its sending side down is waited for while no answer has begun.
    public var halfClosedTimeoutMilliseconds = 10_000
    /// Time without a byte either way before a tunnel (WebSocket) is ended.
    public var tunnelTimeoutMilliseconds = 600_000
    /// How long a drain waits for requests under way.
    public var drainTimeoutMilliseconds = 30_000
    /// How long a server whose place another has taken waits for its connections.
    public var upgradeDrainMilliseconds = 300_000
    public var maxRequestLineBytes = 8192
    public var maxHeaderBytes = 65_536
    public var maxHeaderCount = 100
    public var maxBodyBytes = 10 << 30
    public var http2 = HTTP2Section()
    public var limits = EdgeLimitsSection()
    /// Where certificates come from that no file holds.
    public var acme: ACMESection?

    /// The names of each certificate that an authority is to give, once each.
    public var acmeCertificates: [[String]] {
        let all = listen.flatMap { $0.tls?.certificates ?? [] }.map(\.acmeNames).filter { !$0.isEmpty }
        return all.enumerated().filter { all.firstIndex(of: $1) == $0 }.map(\.element)
    }

    public init() {}

    public enum ForwardedHeader: String, CaseIterable, Sendable {
        case both
        case forwarded
        case xForwardedFor = "x-forwarded-for"
        case none
    }
}

/// Telling clients with a signed ticket why their answers are as they are.
public struct DebugSection: Hashable, Sendable {
    /// Nil tells nobody.
    public var secret: String?
    /// The longest that a ticket may be good for.
    public var maxLifeMilliseconds = 3_600_000

    public init() {}
}

/// One origin and which requests go to it.
public struct OriginSection: Hashable, Sendable {
    public var name = "origin"
    /// `http://HOST[:PORT]` or `https://…`; several addresses are used in turn.
    public var urls: [OriginURL] = []
    /// Addresses with more to say than a URL.
    public var endpoints: [EndpointSection] = []
    public var balance = BalanceSection()
    /// Nil asks nobody.
    public var check: CheckSection?
    public var outliers = OutlierSection()
    public var retry = RetrySection()
    public var affinity: AffinitySection?
    /// Caches that are asked before the origin.
    public var parents: [OriginURL] = []
    /// Requests under way, for each event loop; further ones get 503. 0 is no limit.
    public var maxRequests = 0
    /// For the `https` ones.
    public var tls = OriginTLSSection()
    public var wireProtocol = OriginProtocol.http1
    /// For connections that speak HTTP/2.
    public var http2 = OriginHTTP2Section()
    /// Requests for these hosts come here; empty takes every host that no other origin names.
    public var hosts: [String] = []
    /// Sent as `Host`; nil passes on what the client sent.
    public var hostHeader: String?
    public var connectTimeoutMilliseconds = 3000
    public var firstByteTimeoutMilliseconds = 30_000
    /// Time without a byte of a response's body before it is given up.
    public var betweenBytesTimeoutMilliseconds = 30_000
    /// How long an unused connection is kept.
    public var keepAliveTimeoutMilliseconds = 60_000
    /// For each event loop.
    public var maxConnections = 256
    public var maxIdleConnections = 64
    /// Requests that wait for a connection before further ones are refused with 503, for each event loop.
    public var maxPendingRequests = 4096
    /// How long one waits.
    public var pendingTimeoutMilliseconds = 10_000
    /// Failed connects in a row after which nobody waits for another.
    public var maxConnectFailures = 5
    /// How long that lasts; then one request tries again.
    public var connectPauseMilliseconds = 1000
    public var retries = 1
    /// Whether connections begin with a header that says who the client is; each then carries one request.
    public var proxyProtocol = ProxyProtocol.none

    public init() {}
}

/// What is spoken with an origin.
public enum OriginProtocol: String, CaseIterable, Sendable {
    case http1 = "http/1.1"
    /// In cleartext because it is known before.
    case http2 = "h2"
    /// What the server chooses in the TLS handshake.
    case auto
}

/// Bounds of a connection of HTTP/2 to an origin.
public struct OriginHTTP2Section: Hashable, Sendable {
    /// Requests at a time, where the origin allows as many.
    public var maxStreams = 100
    /// Of a response's body that may be under way or held.
    public var streamWindowBytes = 256 << 10
    /// SETTINGS, PING, CONTINUATION and empty DATA frames of the origin; five times as many at once.
    public var controlFramesPerSecond = 100

    public init() {}
}

/// Headers of the PROXY protocol to origins.
public enum ProxyProtocol: String, CaseIterable, Sendable { case none, v1, v2 }

/// The shared cache (RFC 9111).
public struct CacheSection: Hashable, Sendable {
    public var isEnabled = true
    /// What all stored objects together may take, with their book-keeping.
    public var memoryBytes = 256 << 20
    /// Larger objects pass through without being stored.
    public var maxObjectBytes = 32 << 20
    /// Size of the pieces in which large bodies are fetched and stored; 0 for never in pieces.
    public var segmentBytes = 1 << 20
    /// Longer bodies are stored in pieces where their origin answers ranges.
    public var segmentedAboveBytes = 8 << 20
    /// Bytes of a smaller body that are stored in parts; 0 for none.
    public var partialBytes = 1 << 20
    public var vary = CacheVarySection()
    /// Of the time since `Last-Modified` (RFC 9111, 4.2.2).
    public var heuristicFraction = 0.1
    public var maxHeuristicMilliseconds = 86_400_000
    /// How long past its freshness an object stands in for an origin that can't be reached.
    public var staleWhenUnreachableMilliseconds = 3_600_000
    /// Whether responses with `Set-Cookie` are stored where RFC 9111 allows it.
    public var storesSetCookie = true
    /// Whether pages whose URLs end as those of other files are kept out (cache deception).
    public var deceptionGuard = true
    /// How long requests wait for another's fetch of the same key before they go themselves.
    public var collapseTimeoutMilliseconds = 10_000
    /// Tags of one response (`Surrogate-Key`, `Cache-Tag`); one with more is not stored.
    public var maxTags = 256
    /// Whether clients get those fields.
    public var sendsTags = false
    /// Whether `Cache-Control` of requests counts beyond `no-store` and `only-if-cached`.
    public var honorsRequestDirectives = true
    /// How long it is remembered that a URL can't be stored.
    public var hitForMissMilliseconds = 30_000
    public var limits = CacheLimitsSection()
    public var compression = CompressionSection()
    /// The tier on disk; there is none without a path.
    public var disk = CacheDiskSection()

    public init() {}
}

/// How request fields are compared that responses vary by.
public struct CacheVarySection: Hashable, Sendable {
    public enum AcceptEncoding: String, CaseIterable, Sendable {
        case codings
        case original
        case asSent = "as_sent"
    }

    public var acceptEncoding = AcceptEncoding.codings
    /// What origins have, best first; empty compares `Accept-Language` as it is.
    public var languages: [String] = []
    /// Whether `Content-Language` finds a response for the one language that a client likes best.
    public var contentLanguage = true

    public init() {}
}

/// How hard to compress.
public struct CompressionLevels: Hashable, Sendable {
    public var br: Int
    public var zstd: Int
    public var gzip: Int
}

/// Which responses clients get compressed.
public struct CompressionSection: Hashable, Sendable {
    public enum Coding: String, CaseIterable, Sendable { case br, zstd, gzip }

    /// In the order of preference.
    public var codings = Coding.allCases
    public var minBytes = 512
    public var maxBytes = 16 << 20
    /// Nil takes the usual ones.
    public var types: [String]?
    /// Whether what is not stored is compressed too.
    public var passed = true
    public var levels = CompressionLevels(br: 5, zstd: 6, gzip: 6)
    public var passedLevels = CompressionLevels(br: 4, zstd: 3, gzip: 4)
    /// For each loop.
    public var maxParallel = 32
    public var maxPassed = 128

    public init() {}
}

/// The event log.
public struct LogSection: Hashable, Sendable {
    public var durability = Durability.interval
    /// How often `interval` syncs.
    public var syncIntervalMilliseconds = 1000
    public var segmentBytes = 128 << 20
    /// Oldest segments go when a topic is larger.
    public var retentionBytes = 4 << 30
    /// Segments go when their newest event is older.
    public var retentionMilliseconds = 7 * 86_400_000
    /// Events that wait to be written; what comes past it is dropped and counted.
    public var queueBytes = 64 << 20
    public var compression = Compression.lz4
    /// Whether requests become events.
    public var isRequestsEnabled = true
    /// The longest time a request's event waits in its worker before it is handed to the log.
    public var flushIntervalMilliseconds = 200
    public var limits = LogLimitsSection()

    public init() {}

    public enum Durability: String, CaseIterable, Sendable {
        /// Written when the kernel likes.
        case none
        /// Synced every `sync_interval_ms`.
        case interval
        /// An append is answered after its sync.
        case commit
    }

    public enum Compression: String, CaseIterable, Sendable {
        case none, lz4, zstd
    }
}

/// What one query may take.
public struct QuerySection: Hashable, Sendable {
    public var memoryBytes = 256 << 20
    public var timeoutMilliseconds = 300_000
    public var maxConcurrent = 64
    /// What a stored query may put aside on disk where its memory is not enough; 0 for nothing.
    public var spillBytes = 8 << 30
    /// That take turns at all queries and jobs; 0 is one for each core, and at least two.
    public var threads = 0
    /// How far the watermark of a topic runs behind the latest event time.
    public var watermarkDelayMilliseconds = 1000
    /// How long live joins without a bound on time hold their rows, in event time.
    public var stateTimeToLiveMilliseconds = 3_600_000
    public var limits = QueryLimitsSection()

    public init() {}
}

/// Queries that run until they are stopped and write into topics.
public struct JobsSection: Hashable, Sendable {
    /// A folder of `NAME.sql` files, each a job.
    public var files: String?
    public var checkpointIntervalMilliseconds = 1000
    /// State of one job.
    public var stateBytes = 512 << 20
    public var maximum = 200
    /// Threads that count a job's windows together.
    public var shards = 1
    /// Failures within ten minutes after which a job stays failed.
    public var restartBudget = 20
    /// The topic of rows that an expression fails on; empty where a job is to fail then.
    public var deadLetterTopic = "dead-letters"
    /// Hosts that jobs which came over the network may send requests to; `*` for all.
    public var httpHosts: [String] = []
    /// An event time so far ahead of the clock is told in a job's log.
    public var futureToleranceMilliseconds = 60_000

    public init() {}
}

/// What one materialised view may hold.
public struct ViewSection: Hashable, Sendable {
    public var maxRows = 1_000_000
    public var maxBytes = 256 << 20
    /// Layers of changes that a look-up goes through.
    public var maxLayers = 16

    public init() {}
}

/// What subscriptions to live queries may take.
public struct SubscriptionSection: Hashable, Sendable {
    public var maxCount = 1_000
    public var eventsPerSecond = 10_000
    public var maxEventsPerSecond = 1_000_000
    public var bytesPerSecond = 8 << 20
    public var maxBytesPerSecond = 256 << 20

    public init() {}
}

/// The console, the API and the metrics.
public struct ManagementSection: Hashable, Sendable {
    public var listen = Endpoint(host: "127.0.0.1", port: 8090)
    /// Demanded as `Authorization: Bearer` from everybody when set; must be set when `listen` is not loopback.
    public var token: String?
    public var maxBodyBytes = 64 << 20

    public init() {}
}
