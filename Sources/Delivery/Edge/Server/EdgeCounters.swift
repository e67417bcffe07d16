/// Totals since the start, of one worker or summed over all.
public struct EdgeCounters: Sendable {
    /// Upper bounds of the duration buckets in seconds; one more bucket holds the rest.
    public static let durationBounds: [Double] = [
        0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]
    private static let boundsNanoseconds = durationBounds.map { Int64($0 * 1e9) }

    public var requests: Int64 = 0
    /// By first digit of the status, index 1 to 5; index 0 counts requests that got no answer.
    public var requestsByClass = [Int64](repeating: 0, count: 6)
    /// By `CacheOutcome.rawValue`.
    public var requestsByCacheOutcome = [Int64](repeating: 0, count: CacheOutcome.allCases.count)
    /// Not cumulative.
    public var durationBuckets = [Int64](repeating: 0, count: durationBounds.count + 1)
    public var durationNanoseconds: Int64 = 0
    public var receivedBytes: Int64 = 0
    public var sentBytes: Int64 = 0
    public var acceptedConnections: Int64 = 0
    /// Closed at once because too many were open.
    public var refusedConnections: Int64 = 0
    public var openConnections: Int64 = 0
    public var originRequests: Int64 = 0
    public var originFailures: Int64 = 0
    public var originRetries: Int64 = 0
    /// Pages put together by ESI, and those of them that failed.
    public var assembledPages: Int64 = 0
    public var failedPages: Int64 = 0
    /// Fragments that pages asked for, and those that could not be had.
    public var fragments: Int64 = 0
    public var failedFragments: Int64 = 0
    /// Errors in pages, whether they were answered or not, by their codes.
    public var esiFaults: [String: Int64] = [:]
    /// Events that found no room on the way to the log.
    public var droppedEvents: Int64 = 0
    /// Events handed to the log.
    public var recordedEvents: Int64 = 0

    public init() {}

    mutating func note(_ row: EventRow) {
        requests += 1
        let kind = Int(row.status) / 100
        requestsByClass[kind <= 5 ? kind : 0] += 1
        requestsByCacheOutcome[Int(row.cacheStatus.rawValue)] += 1
        durationNanoseconds += row.durationNanoseconds
        receivedBytes += row.requestBytes
        sentBytes += row.responseBytes
        var bucket = 0
        while bucket < EdgeCounters.boundsNanoseconds.count,
            row.durationNanoseconds > EdgeCounters.boundsNanoseconds[bucket]
        {
            bucket += 1
        }
        durationBuckets[bucket] += 1
    }

    mutating func add(_ other: EdgeCounters) {
        requests += other.requests
        for index in requestsByClass.indices { requestsByClass[index] += other.requestsByClass[index] }
        for index in requestsByCacheOutcome.indices {
            requestsByCacheOutcome[index] += other.requestsByCacheOutcome[index]
        }
        for index in durationBuckets.indices { durationBuckets[index] += other.durationBuckets[index] }
        durationNanoseconds += other.durationNanoseconds
        receivedBytes += other.receivedBytes
        sentBytes += other.sentBytes
        acceptedConnections += other.acceptedConnections
        refusedConnections += other.refusedConnections
        openConnections += other.openConnections
        originRequests += other.originRequests
        originFailures += other.originFailures
        originRetries += other.originRetries
        assembledPages += other.assembledPages
        failedPages += other.failedPages
        fragments += other.fragments
        failedFragments += other.failedFragments
        esiFaults.merge(other.esiFaults, uniquingKeysWith: +)
        droppedEvents += other.droppedEvents
        recordedEvents += other.recordedEvents
    }
}
