public import HTTPWire

/// Everything an edge can be told. A running edge takes a new value as a whole, worker by worker, between requests;
/// `workers`, `name` and the cache's sizes need a restart.
public struct EdgeSettings: Sendable {
    /// What origins learn about the client.
    public enum ForwardedHeaders: Sendable, Equatable { case both, forwarded, xForwardedFor, none }

    /// `observer.name` in events, and this cache's name in `Via` and `Cache-Status`.
    public var name = "squilla"
    /// Event loops; 0 is one for each core.
    public var workers = 0
    /// Open client connections of the whole process; further ones are closed at once and counted.
    public var maximumConnections = 100_000
    public var origins: [EdgeOrigin] = []
    public var cache = EdgeCacheSettings()
    /// The edges of this place; nil stands alone.
    public var peers: PeerSettings?
    /// What `CDN-Loop` calls this edge; it must differ from edge to edge. Empty is `name` and a number of the process.
    public var cdnID = ""
    /// Caches that a request may have come through (`CDN-Loop`); further ones get 508.
    public var maximumHops = 16
    public var esi = EdgeESISettings()
    public var rules = EdgeRuleSettings()
    public var debug = EdgeDebugSettings()
    /// Peers whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    public var trustedProxies: [AddressBlock] = []
    public var forwardedHeaders = ForwardedHeaders.both
    /// Fields that are taken out of requests of all other peers.
    public var untrusted = UntrustedFields()

    /// What requests may look like.
    public var wireLimits = WireLimits.client
    public var http2 = HTTP2Limits()
    /// Largest request body; more is refused with 413.
    public var maximumBodyBytes: UInt64 = 10 << 30
    /// Largest request body for a service, which gets it in one piece.
    public var maximumServiceBodyBytes = 64 << 20
    /// Input that is kept while an earlier request of the connection is served; beyond it reading stops.
    public var maximumPipelinedBytes = 64 << 10

    /// From a request's first byte to the end of its head; then 408.
    public var headerTimeoutMilliseconds = 10_000
    /// Span over which the pace of a request's body is measured; then 408.
    public var bodyTimeoutMilliseconds = 30_000
    /// That a request's body must bring on average, while somebody takes it; in any case one byte in each span.
    public var minimumBodyBytesPerSecond = 240
    /// A connection without a request.
    public var keepAliveTimeoutMilliseconds = 75_000
    /// Span in which a client must take `minimumWriteBytesPerPeriod` of its response.
    public var writeTimeoutMilliseconds = 60_000
    public var minimumWriteBytesPerPeriod = 1
    /// How long a client that has shut its sending side down is waited for while no answer has begun: it may be gone.
    public var halfClosedTimeoutMilliseconds = 10_000
    /// Of a request's body that comes behind its response, read and thrown away so that the connection goes on.
    public var skippedBodyBytes = 64 << 10
    /// Span in which something must go through a tunnel (WebSocket), either way.
    public var tunnelTimeoutMilliseconds = 600_000
    /// How long a client with `Expect: 100-continue` waits for the origin's word before the edge says go on.
    public var continueTimeoutMilliseconds = 1_000
    /// Requests on one connection; the last is answered with `Connection: close`.
    public var maximumRequestsPerConnection = 1_000_000
    /// Stored responses that one loop compresses at a time; others go out as they are meanwhile.
    public var maximumEncodeJobs = 32
    /// Answers that one loop compresses on their way at a time, some hundred kilobytes each; others go out as they are
    /// meanwhile.
    public var maximumLiveEncoders = 128
    /// How long a host name's addresses are remembered; the system's resolver doesn't tell their time to live.
    public var nameCacheMilliseconds = 30_000
    /// Blocks of 4,096 events that may wait for the log; beyond it loops wait for room.
    public var maximumEventBlocks = 64
    /// The longest that a loop waits so; then its events are dropped and counted.
    public var eventWaitMilliseconds = 50
    /// The longest that an event waits in its worker before it is handed on.
    public var eventHandOverMilliseconds = 200
    /// Whether requests become events.
    public var recordsEvents = true

    public init() {}

    /// That a body must bring within `bodyTimeoutMilliseconds`.
    var minimumBodyBytesPerPeriod: Int64 {
        max(1, Int64(minimumBodyBytesPerSecond) * Int64(bodyTimeoutMilliseconds) / 1000)
    }
}
