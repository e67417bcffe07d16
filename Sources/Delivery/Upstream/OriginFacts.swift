public import Reactor

/// What a fetch cost, for the event. Times are the loop's nanoseconds; 0 where it did not come so far.
public struct OriginFacts: Sendable {
    public var address: SocketAddress?
    public var status = 0
    /// Duration of the connect this request waited for; -1 on a reused connection.
    public var connectNanoseconds: Int64 = -1
    public var sentAt: Int64 = 0
    public var firstByteAt: Int64 = 0
    public var endedAt: Int64 = 0
    /// Attempts after the first.
    public var retries = 0
}
