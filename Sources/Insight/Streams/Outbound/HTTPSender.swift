/// Sends requests for sinks and lookups. Whoever runs the queries hands one in: this module speaks no HTTP itself.
public protocol HTTPSender: Sendable {
    /// Returns at once. `completion` is called once, from any thread; after `timeoutMilliseconds` at the latest.
    func send(
        _ request: OutboundRequest, completion: @escaping @Sendable (Result<OutboundResponse, OutboundFailure>) -> Void)
}

/// A request with its whole body.
public struct OutboundRequest: Sendable {
    public struct Header: Sendable, Hashable {
        public let name: String
        public let value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    public var method: String
    public var url: OutboundURL
    /// Without `Host` and `Content-Length`.
    public var headers: [Header] = []
    public var body: [UInt8] = []
    /// From the call to the end of the response.
    public var timeoutMilliseconds = 10_000
    /// A longer response is a failure.
    public var maximumResponseBytes = 1 << 20

    public init(method: String, url: OutboundURL) {
        self.method = method
        self.url = url
    }
}

public struct OutboundResponse: Sendable {
    public let status: Int
    /// The `Retry-After` field in seconds, where it is a number (RFC 9110, 10.2.3).
    public let retryAfterSeconds: Int?
    public let body: [UInt8]

    public init(status: Int, retryAfterSeconds: Int?, body: [UInt8]) {
        self.status = status
        self.retryAfterSeconds = retryAfterSeconds
        self.body = body
    }

    /// Whether another try can help: overload, time, a failing server.
    var isWorthRetrying: Bool { status == 408 || status == 425 || status == 429 || status >= 500 }
}

/// There is no response, or not a whole one.
public struct OutboundFailure: Error, Sendable {
    /// One line for people.
    public let message: String

    public init(_ message: String) { self.message = message }
}
