/// An address of an origin with its part of the load.
public struct EndpointSection: Hashable, Sendable {
    public var url: OriginURL
    public var weight = 1
    public var priority = 0
    public var zone = ""
    public var labels: [String: String] = [:]

    public init(url: OriginURL) { self.url = url }
}

/// How requests are spread over an origin's endpoints.
public struct BalanceSection: Hashable, Sendable {
    public enum Policy: String, CaseIterable, Sendable {
        case roundRobin = "round_robin"
        case random
        case leastRequest = "least_request"
        case peakEWMA = "peak_ewma"
        case ringHash = "ring_hash"
        case maglev
    }

    /// What a hash is taken of.
    public enum Hash: Hashable, Sendable {
        case url, path, client
        case header(String)
        case cookie(String)
    }

    public var policy = Policy.roundRobin
    public var hash = Hash.url
    public var boundedLoad = 0.0
    public var choices = 2
    public var decayMilliseconds = 10_000
    public var panicPercent = 50
    public var overprovisioning = 1.4
    public var slowStartMilliseconds = 0
    public var subsetHeader: String?
    public var subsetLabel: String?
    public var subsetFallsBack = true

    public init() {}
}

/// Asking an origin's endpoints whether they are well.
public struct CheckSection: Hashable, Sendable {
    public enum Kind: String, CaseIterable, Sendable { case http, tcp }

    public var kind = Kind.http
    public var path = "/"
    public var host: String?
    public var intervalMilliseconds = 5_000
    public var timeoutMilliseconds = 2_000
    public var rise = 2
    public var fall = 3
    public var statuses = 200...399

    public init() {}
}

/// Taking endpoints out whose answers are bad.
public struct OutlierSection: Hashable, Sendable {
    public var consecutiveErrors = 5
    public var consecutiveFailures = 3
    public var intervalMilliseconds = 10_000
    public var ejectionMilliseconds = 30_000
    public var maxEjectionMilliseconds = 300_000
    public var maxEjectionPercent = 50
    public var minEndpoints = 5
    public var minRequests = 100
    public var deviations = 1.9

    public init() {}
}

/// When a request is sent again, beside ``OriginSection/retries``.
public struct RetrySection: Hashable, Sendable {
    public var statuses: [Int] = []
    public var onReset = true
    public var onTimeout = false
    public var budgetPercent = 20
    public var budgetMinimum = 3
    public var hedgeMilliseconds = 0
    public var maxConcurrent = 64

    public init() {}
}

/// Binding clients to endpoints by a cookie.
public struct AffinitySection: Hashable, Sendable {
    public var cookie = "squilla_endpoint"
    public var maxAgeMilliseconds = 0
    public var secret: String

    public init(secret: String) { self.secret = secret }
}

/// The edges of one place.
public struct PeersSection: Hashable, Sendable {
    public var urls: [OriginURL] = []
    /// Which of them this edge is.
    public var own: OriginURL?
    /// From the end of the request to the first byte of the response; then the next is asked.
    public var firstByteTimeoutMilliseconds = 10_000

    public init() {}
}
